/**
 * The scenarios that need ipvlan or 802.1Q, on a kernel that has both. Witnesses stand
 * beside the labs' own measurements: ping, tcpdump and iproute2, run in the nodes of the labs.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { landfall } from "./support/program.ts";
import { scenarioFiles } from "./support/scenario-files.ts";
import { hasUml } from "./support/uml.ts";

const directory = mkdtempSync(join(tmpdir(), "landfall-scenarios-"));
afterAll(() => rmSync(directory, { recursive: true }));

const PING = "ping -c1 -W2";
const NO_PING = "! ping -c1 -W1";

/** Pings go on in the node for a minute, while its command has long ended. */
function pinging(target: string): string {
  const loop = `while sleep 0.2; do ping -c1 -W1 ${target}; done`;
  return `timeout 60 sh -c '${loop}' >/dev/null 2>&1 &`;
}

/** tcpdump writes this line of a frame that comes by. */
function sees(link: string, filter: string, line: string): string {
  return `timeout 10 tcpdump -lnevi ${link} -c1 '${filter}' 2>/dev/null | grep -q '${line}'`;
}

/** For some seconds tcpdump writes nothing. */
function seesNone(link: string, filter: string): string {
  return `! timeout 3 tcpdump -lnevi ${link} -c1 '${filter}' 2>/dev/null | grep -q .`;
}

/** What each scenario's central claim is for other programs: a node, and a command there. */
const witnesses: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  S12: [
    ["r1", `${PING} 192.168.1.9`],
    ["r1", `${NO_PING} 192.168.1.102`],
    ["h1", "ip -d link show dev eth0.20 | grep -q 'id 20'"],
    ["r1", pinging("192.168.1.9")],
    ["h1", sees("eth0", "vlan 10 and icmp", "vlan 10,")],
    ["h1", seesNone("eth0", "vlan 20 and icmp")],
    ["pc10", sees("eth0", "icmp", "ethertype IPv4")],
    ["pc20", seesNone("eth0", "icmp")],
  ],
  S13: [
    ["web1", `${PING} 10.0.10.12`],
    ["web1", `${NO_PING} 10.0.20.12`],
    ["gateway", "sysctl -qw net.ipv4.ip_forward=1"],
    ["web1", `${PING} 10.0.20.12`],
    ["web1", pinging("10.0.20.12")],
    ["gateway", sees("eth0", "vlan 10 and icmp", "vlan 10,")],
    ["gateway", sees("eth0", "vlan 20 and icmp", "vlan 20,")],
  ],
  S16: [
    ["c1", `${PING} 192.168.1.9`],
    ["pc", `${PING} 192.168.1.100`],
    ["pc", "ip neigh show 192.168.1.100 | grep -q 02:00:00:00:00:0a"],
    ["c1", "ip -d link show dev eth0 | grep -q 'ipvlan *mode l2 bridge'"],
  ],
  S17: [
    ["pc", `${PING} 192.168.1.100`],
    ["pc", pinging("192.168.1.250")],
    ["c1", sees("eth0", "arp and host 192.168.1.250", "who-has 192.168.1.250")],
  ],
  S18: [
    ["a1", `${PING} 10.0.2.2`],
    ["c1", `${PING} 10.0.4.2`],
    ["pc", `${PING} 10.0.1.2`],
    ["a1", "ip -d link show dev eth0 | grep -q 'ipvlan *mode l3 '"],
    ["c1", "ip -d link show dev eth0 | grep -q 'ipvlan *mode l3s '"],
    ["pc", pinging("192.168.1.250")],
    ["h1", sees("eth0", "arp and host 192.168.1.250", "who-has")],
    ["a1", seesNone("eth0", "arp and host 192.168.1.250")],
    ["a1", "ip route show default | grep -q '^default dev eth0'"],
  ],
  S19: [
    ["c1", `${PING} 192.168.1.9`],
    ["c2", `${PING} 192.168.2.9`],
    ["c3", `${PING} 192.168.3.9`],
  ],
  S20: [
    ["c1", `${PING} 192.168.1.9`],
    ["c3", `${PING} 192.168.5.9`],
  ],
};

/** The scenario with its witnesses as last checks. */
function witnessed(path: string): string {
  const text = readFileSync(path, "utf8");
  const [, id = ""] = /^id: (.*)$/m.exec(text) ?? [];
  const checks = (witnesses[id] ?? []).map(([node, command]) => {
    const action = `run ${JSON.stringify(command)} on ${node}`;
    return `  - { do: ${JSON.stringify(action)} }\n`;
  });
  const copy = join(directory, basename(path));
  writeFileSync(copy, text + checks.join(""));
  return copy;
}

interface Told {
  readonly id: string;
  readonly status: string;
  readonly kernel: string;
  readonly reason?: string;
  readonly checks: readonly { readonly check: string; readonly ok: boolean }[];
}

/** All of them in one boot. */
async function run(files: readonly string[]): Promise<readonly Told[]> {
  const { stdout } = await landfall(["lab", "run", "--kernel=uml", "--format=json", ...files]);
  return JSON.parse(stdout).scenarios;
}

test.skipIf(!hasUml)(
  "every scenario with ipvlan or VLANs passes, each check of it, and so say the witnesses",
  async () => {
    const files = scenarioFiles("uml").map(witnessed);
    // Labs mostly wait, and one kernel has one processor.
    const shares = [0, 1].map((share) => files.filter((_, n) => n % 2 === share));
    const scenarios = (await Promise.all(shares.map(run))).flat();
    const failed = scenarios.flatMap(({ id, reason, checks }) => [
      ...(reason === undefined ? [] : [{ id, reason }]),
      ...checks.filter(({ ok }) => !ok).map((check) => ({ id, check })),
    ]);
    expect(failed).toEqual([]);
    const told = scenarios.map(({ id, status, kernel }) => `${id} ${status} ${kernel}`);
    const ids = [
      ...["S09-vlan", "S11", "S11-tags-in-tags", "S12", "S13"],
      ...["S16", "S17", "S18", "S19", "S19-bridge", "S20"],
    ];
    expect(told.toSorted()).toEqual(ids.map((id) => `${id} pass uml`));
    expect(Object.keys(witnesses).filter((id) => !ids.includes(id))).toEqual([]);
  },
  900_000,
);
