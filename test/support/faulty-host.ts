import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { inside, openLan, pathOf, seenState, settledState } from "./lan.ts";
import { openProgramHost, type ProgramHost } from "./program.ts";

/**
 * One host on which everything can go wrong. Its links: `p0` on the LAN 10.0.0.0/24, `uplink0` on
 * 10.9.0.0/24 with MTU 1400, `port0` in the bridge `br0`, and the macvlan `mv0` on `p0`.
 * Its networks: `lan` on p0, with one endpoint, `small` on uplink0, with no address left, and
 * `early` on a link that is not there.
 */
export interface FaultyHost extends Disposable {
  readonly program: ProgramHost;
  readonly namespace: NetnsHandle;
  /** A sandbox that nothing is attached to. */
  readonly sandbox: NetnsHandle;
  /** A directory for the test; the plain file `plain`, a socket and a FIFO are in it. */
  readonly directory: string;
  /** A text of words in which "@NAME" stands for what is here by that name. */
  resolve(text: string): string;
  /** Kernel and book, as they must stay. */
  everything(): readonly unknown[];
}

const links = [
  "link add uplink0 mtu 1400 type veth peer name far0",
  "link set far0 up",
  "link set uplink0 up",
  "addr add 10.9.0.1/24 dev uplink0",
  "link add br0 type bridge",
  "link add port0 type veth peer name port1",
  "link set port0 master br0",
  "link set port0 up",
  "link set br0 up",
  "link add mv0 link p0 type macvlan mode bridge",
  "link set mv0 up",
];

export async function openFaultyHost(): Promise<FaultyHost> {
  const lan = openLan();
  for (const command of links) inside(lan.host, "ip", ...command.split(" "));
  const program = openProgramHost(lan.host);
  const [holder, sandbox] = [lan.sandbox(), lan.sandbox()];
  const endpoint = await occupy(program, holder);
  const directory = mkdtempSync(join(tmpdir(), "landfall-faults-"));
  writeFileSync(join(directory, "plain"), "");
  spawnSync("mkfifo", [join(directory, "fifo")]);
  const listener = Bun.listen({ unix: join(directory, "socket"), socket: { data: () => {} } });
  await Promise.all([lan.host, holder, sandbox].map(settledState));
  const names: Readonly<Record<string, () => string>> = {
    "@endpoint": () => endpoint,
    "@sandbox": () => pathOf(sandbox),
    "@host": () => pathOf(lan.host),
    "@plain": () => join(directory, "plain"),
    "@fifo": () => join(directory, "fifo"),
    "@socket": () => join(directory, "socket"),
    "@missing": () => join(directory, "missing"),
    "@ended": () => String(Bun.spawnSync(["true"]).pid),
  };
  return {
    program,
    namespace: lan.host,
    sandbox,
    directory,
    resolve: (text) => text.replaceAll(/@\w+/g, (name) => names[name]?.() ?? name),
    everything: () => [...[lan.host, holder, sandbox].map(seenState), program.book()],
    [Symbol.dispose]: () => {
      listener.stop();
      rmSync(directory, { recursive: true });
      program[Symbol.dispose]();
      lan[Symbol.dispose]();
    },
  };
}

/** Makes the networks and attaches `holder` to both; returns its endpoint on `lan`. */
async function occupy(program: ProgramHost, holder: NetnsHandle): Promise<string> {
  const at = ["--netns", pathOf(holder)];
  const run = async (line: string, ...more: readonly string[]): Promise<unknown> => {
    const { exitCode, stdout, stderr } = await program.run(...line.split(" "), ...more);
    if (exitCode !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const pool = "--subnet 10.0.0.0/24 --gateway 10.0.0.1 --exclude 10.0.0.200-10.0.0.209";
  await run(`net create lan --parent p0 ${pool}`);
  await run("net create small --parent uplink0 --subnet 10.9.0.0/30");
  await run("net create early --parent uplnk0 --subnet 10.8.0.0/24");
  await run("attach small --ifname eth1", ...at);
  const attached = await run("attach lan --ip 10.0.0.50 --mac 02:00:00:00:00:50", ...at);
  return (attached as { readonly endpoint: { readonly id: string } }).endpoint.id;
}
