import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../../../src/dockerd/index.ts";
import type { CniMachine } from "./cni-machine.ts";

/** The plugins of this repository, as `npm run build` makes them. */
export interface OwnPlugins extends Disposable {
  readonly folder: string;
}

/** Builds them into a folder of their own. */
export async function buildOwnPlugins(): Promise<OwnPlugins> {
  const folder = mkdtempSync(join(tmpdir(), "landfall-plugins-"));
  const script = join(import.meta.dirname, "../../../scripts/build.sh");
  const { status, stderr } = await runToEnd(["bash", script, join(folder, "landfall")]);
  if (status !== 0) throw new Error(stderr);
  return {
    folder: join(folder, "cni"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Beside the plugins: the whole program, which they become when no daemon runs. */
const PROGRAM = "/run/disk/plugins/landfall-full";
const PATIENCE_MS = 30_000;

/** Starts the daemon of the machine's host; it ends with the machine. */
export async function startOwnDaemon(machine: CniMachine): Promise<void> {
  const daemon = machine.start("daemon", PROGRAM, "daemon", "--docker-socket", "none");
  const socket = join(machine.booted.files, "run/landfall/cni.sock");
  for (const deadline = Date.now() + PATIENCE_MS; !existsSync(socket); await Bun.sleep(20)) {
    if (daemon.exitCode !== null || Date.now() > deadline) throw new Error("there is no daemon");
  }
}

/** The addresses in the book of the machine's host, sorted. */
export async function bookedAddresses(machine: CniMachine): Promise<readonly string[]> {
  const told = await machine.succeed(PROGRAM, "lease", "ls", "--format", "json");
  const { leases }: { readonly leases: readonly { address: string; state: string }[] } =
    JSON.parse(told);
  return leases.flatMap(({ address, state }) => (state === "held" ? [address] : [])).toSorted();
}
