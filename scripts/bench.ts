/**
 * `npm run bench`: what is fast is measured here, side by side with what people do today, in one
 * run on one machine. Times are shown; the ratios are what can be compared between machines.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseIp, parsePrefix } from "../src/addr/index.ts";
import {
  checkNetwork,
  type IfName,
  type NetworkName,
  type StoreSalt,
  type StoreUuid,
} from "../src/domain/index.ts";
import { openEngine } from "../src/engine/index.ts";
import type { NetnsHandle } from "../src/platform/index.ts";
import { memoryStore } from "../src/store/index.ts";
import { inside, openLan, pathOf } from "../test/support/lan.ts";
import { must } from "../test/support/must.ts";

const ROUNDS = 100;
const WARM_UP = 20;

interface Sample {
  readonly p50: number;
  readonly p90: number;
}

function sample(times: readonly number[]): Sample {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p90: at(0.9) };
}

async function time(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The two contenders in turn, so that the machine's moods meet both alike. */
async function sideBySide(
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ readonly ours: Sample; readonly peer: Sample }> {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const [a, b] = [await ours(), await peer()];
    if (round < WARM_UP) continue;
    times.ours.push(a);
    times.peer.push(b);
  }
  return { ours: sample(times.ours), peer: sample(times.peer) };
}

/** What a script does for one container: five programs. */
function attachByHand(host: NetnsHandle, sandbox: NetnsHandle, n: number): void {
  const target = pathOf(sandbox);
  const address = `10.0.0.${100 + (n % 100)}/24`;
  inside(
    host,
    "ip",
    "link",
    "add",
    "h0",
    "link",
    "p0",
    "netns",
    target,
    "type",
    "macvlan",
    "mode",
    "bridge",
  );
  inside(sandbox, "ip", "link", "set", "dev", "h0", "name", "eth0");
  inside(sandbox, "ip", "addr", "add", address, "dev", "eth0");
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "up");
  inside(sandbox, "ip", "route", "add", "default", "via", "10.0.0.1");
}

async function benchAttach() {
  using lan = openLan();
  const store = memoryStore({ uuid: "bench" as StoreUuid, salt: "00" as StoreSalt });
  const engine = openEngine({ platform: lan.platform, hostNamespace: lan.host, store });
  const name = "lan" as NetworkName;
  const spec = checkNetwork({
    name,
    parent: "p0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [must(parsePrefix("10.0.0.0/24"))],
    gateways: [must(parseIp("10.0.0.1"))],
    ranges: [],
    exclusions: [],
    routes: [],
    reach: "routed",
  });
  must(await engine.createNetwork(must(spec)));
  let n = 0;
  const ours = async (): Promise<number> => {
    const netns = lan.sandbox();
    const sandbox = { netns, path: pathOf(netns) };
    const request = { network: name, sandbox, ifname: "eth0" as IfName, addresses: [] };
    const spent = await time(async () => must(await engine.attach(request)));
    must(await engine.detach({ kind: "owner", sandbox, ifname: "eth0" as IfName }));
    return spent;
  };
  const peer = async (): Promise<number> => {
    const netns = lan.sandbox();
    n += 1;
    const spent = await time(() => attachByHand(lan.host, netns, n));
    inside(netns, "ip", "link", "del", "dev", "eth0");
    return spent;
  };
  // Awaited here, because `lan` is taken down when this function returns.
  return await sideBySide(ours, peer);
}

async function benchDemo(): Promise<Sample> {
  const launcher = join(import.meta.dirname, "../landfall");
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    times.push(await time(() => spawnSync(launcher, ["demo", "-q"], { stdio: "ignore" })));
  }
  return sample(times);
}

function row(what: string, ...cells: readonly string[]): string {
  return [what.padEnd(46), ...cells.map((cell) => cell.padStart(12))].join("");
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;

const attach = await benchAttach();
const demo = await benchDemo();
const report = {
  schemaVersion: 1,
  rounds: ROUNDS,
  attach: { ...attach, ratioP50: attach.ours.p50 / attach.peer.p50 },
  demo,
};
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(report, null, 2));
} else {
  console.log(row("", "ours p50", "p90", "peer p50", "p90", "ratio"));
  const { ours, peer } = attach;
  const ratio = report.attach.ratioP50.toFixed(3);
  const cells = [ms(ours.p50), ms(ours.p90), ms(peer.p50), ms(peer.p90), ratio];
  console.log(row("attach, in process | five ip commands", ...cells));
  console.log(row("demo, whole process (bar 5000 ms)", ms(demo.p50), ms(demo.p90)));
}
