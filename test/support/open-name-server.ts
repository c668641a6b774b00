import { join } from "node:path";
import { type Lan, pathOf } from "./lan.ts";

const PROGRAM = join(import.meta.dirname, "name-server.ts");

/** A name server on a machine of the LAN, at one of its addresses, that knows one name. */
export async function openNameServer(
  { machine }: Lan,
  at: string,
  known: { readonly name: string; readonly address: string },
): Promise<AsyncDisposable> {
  const behind = ["nsenter", `--net=${pathOf(machine)}`, "--", process.execPath];
  const words = [PROGRAM, at, known.name, known.address];
  const server = Bun.spawn([...behind, ...words], { stdout: "pipe", stderr: "inherit" });
  await server.stdout.getReader().read();
  return {
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await server.exited;
    },
  };
}
