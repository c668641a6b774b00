import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
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

/**
 * Starts the daemon of the machine's host, which ends with the machine; returns the program. It is
 * moved where no plugin finds it: what works then was done by the daemon.
 */
export async function startOwnDaemon(machine: CniMachine): Promise<string> {
  const { disk } = machine.machine;
  renameSync(join(disk, "plugins/landfall-full"), join(disk, "landfall-of-the-daemon"));
  const program = "/run/disk/landfall-of-the-daemon";
  const daemon = machine.start("daemon", program, "daemon", "--docker-socket", "none");
  const socket = join(machine.booted.files, "run/landfall/cni.sock");
  for (const deadline = Date.now() + PATIENCE_MS; !existsSync(socket); await Bun.sleep(20)) {
    if (daemon.exitCode !== null || Date.now() > deadline) throw new Error("there is no daemon");
  }
  return program;
}

/** The addresses in the book of the machine's host, sorted. */
export async function bookedAddresses(
  machine: CniMachine,
  program = PROGRAM,
): Promise<readonly string[]> {
  const told = await machine.succeed(program, "lease", "ls", "--format", "json");
  const { leases }: { readonly leases: readonly { address: string; state: string }[] } =
    JSON.parse(told);
  return leases.flatMap(({ address, state }) => (state === "held" ? [address] : [])).toSorted();
}
