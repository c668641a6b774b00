/**
 * Trunks: a lab with 802.1Q runs inside the user-mode kernel, because not every kernel has it. Its
 * own commands, ping and tcpdump, are the witnesses, and so is what `bridge vlan` shows.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootUml, hasUml } from "./support/uml.ts";

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "landfall-trunk-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** tcpdump says this of an echo request while somebody pings. */
function seesFrame(target: string, filter: string, words: string): string {
  const ping = `(while ping -c1 -W1 ${target} >/dev/null; do sleep 0.1; done) &`;
  return `${ping} timeout 8 tcpdump -lnei eth0 -c1 ${filter} 2>&1 | ${words}; s=$?; kill $!; exit $s`;
}

const run = (command: string, node: string) =>
  `  - { do: 'run "${command.replaceAll("'", "''")}" on ${node}' }`;

const scenario = `
id: trunk
title: A router between two VLANs, and two hosts on one trunk
switches:
  sw0:
    ports:
      router: { trunk: [10, 20] }
      t1: { trunk: [10, 20], native: 99 }
      t2: { trunk: [10], native: 99 }
      a10: { access: 10 }
      a20: { access: 20 }
      spare: {}
hosts:
  h1:
    nics:
      eth0:
        switch: sw0
        port: t1
        addresses: [10.0.99.1/24]
        vlans: { 10: { addresses: [10.0.10.1/24] }, 20: { addresses: [10.0.20.1/24] } }
  h2:
    nics:
      eth0:
        switch: sw0
        port: t2
        addresses: [10.0.99.2/24]
        vlans: { 10: { addresses: [10.0.10.2/24] }, 20: { addresses: [10.0.20.2/24] } }
machines:
  gw:
    switch: sw0
    port: router
    sysctls: { net.ipv4.ip_forward: 1 }
    vlans: { 10: { addresses: [10.0.10.254/24] }, 20: { addresses: [10.0.20.254/24] } }
  m10:
    switch: sw0
    port: a10
    addresses: [10.0.10.10/24]
    routes: [{ to: default, via: 10.0.10.254 }]
  m20:
    switch: sw0
    port: a20
    addresses: [10.0.20.20/24]
    routes: [{ to: default, via: 10.0.20.254 }]
  sp:
    switch: sw0
    port: spare
    vlans: { 10: { addresses: [10.0.10.77/24] } }
checks:
  - { flow: h1@eth0.10 <-> h2@eth0.10, expect: reachable }
  - { flow: h1@eth0 <-> h2@eth0, expect: reachable }
  - { flow: h1 -> h2=10.0.20.2, fromInterface: eth0.20, expect: unreachable }
  - { flow: h1@eth0.20 -> m20, fromInterface: eth0.20, expect: reachable }
  - { flow: m10 <-> h1@eth0.10, expect: reachable }
  - { flow: m10 <-> m20, expect: reachable }
  - { flow: sp -> m10, expect: reachable }
  - { capture: sw0/router, filter: icmp echo-request, during: m10 -> m20, expect: { min: 2 } }
  - { capture: sw0/t1, filter: icmp, during: m10 -> m20, expect: none }
  - { capture: h1/eth0, filter: vlan 10 and icmp, during: h1@eth0.10 -> m10, expect: { min: 2 } }
  - { capture: h1/eth0, filter: icmp and not vlan 10, during: h1@eth0.10 -> m10, expect: none }
  - { capture: h1/eth0.10, filter: icmp and not vlan, during: h1@eth0.10 -> m10, expect: { min: 2 } }
  - { capture: sw0/a10, filter: vlan, during: h1@eth0.10 -> m10, expect: none }
${run("ping -c1 -W2 10.0.20.20", "m10")}
${run("! ping -c1 -W1 -I eth0.20 10.0.20.2", "h1")}
${run(seesFrame("10.0.10.2", "vlan 10 and icmp", "grep 'vlan 10,'"), "h1")}
${run(seesFrame("10.0.99.2", "icmp", "grep -q 'ethertype IPv4'"), "h1")}
${run(seesFrame("10.0.20.20", "icmp", "grep -q 'ethertype IPv4'"), "m10")}
`;

/** A flow both ways is two. */
const CHECKS = 22;

interface ToldCheck {
  readonly check: string;
  readonly ok: boolean;
}

test.skipIf(!hasUml)(
  "two hosts share VLANs on their trunks, a router joins two, and the rest is dropped",
  async () => {
    const file = join(directory, "trunk.yaml");
    writeFileSync(file, scenario);
    const script = `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0
${process.execPath} ${root}/src/main.ts lab run --format json ${file}`;
    const lines: string[] = [];
    await using machine = bootUml({
      script,
      limitSeconds: 200,
      onLine: (l) => lines.push(l),
    });
    const ending = await machine.ended;
    const told: { scenarios: { status: string; checks: ToldCheck[] }[] } = JSON.parse(
      lines.join("\n") || '{"scenarios":[]}',
    );
    const [result] = told.scenarios;
    expect(result?.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(result?.status).toBe("pass");
    expect(result?.checks.length).toBe(CHECKS);
    expect(ending).toMatchObject({ kind: "finished", status: 0 });
  },
  240_000,
);
