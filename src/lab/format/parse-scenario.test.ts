import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseScenario } from "./parse-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioExample } from "./scenario-example.ts";

function parsed(text: string): Scenario {
  const result = parseScenario(text, "lab.yaml");
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

const c1 = { kind: "container", name: "c1", host: "h1" } as const;
const h1 = { kind: "host", name: "h1" } as const;
const gw = { kind: "machine", name: "gw" } as const;

/** One host with a dual-stack network, a machine with IPv4 only; the checks are added. */
function lab(checks: string): Scenario {
  return parsed(`
id: T1
title: test
switches: { sw0: {} }
hosts:
  h1:
    nics: { eth0: { switch: sw0, addresses: [10.0.0.2/24, "fd00::2/64"] } }
    networks:
      lan: { parent: eth0, subnets: [10.0.0.0/24, "fd00::/64"] }
      six: { parent: eth0, subnets: ["fd00:6::/64"] }
    containers:
      c1: { networks: { lan: {}, six: {} } }
      c2: { networks: { six: {} } }
machines: { gw: { switch: sw0, addresses: [10.0.0.1/24] } }
checks:
${checks}`);
}

/** A trunk to a machine; `nic` is the rest of it. */
const trunk = (nic: string) => `
id: T1
title: test
switches: { sw0: { ports: { p1: { trunk: [10] } } } }
machines: { gw: { switch: sw0, port: p1, ${nic} } }
checks: [{ flow: gw@eth0.10 -> 10.0.0.1, expect: reachable }]`;

test("a NIC has a link for each of its VLANs, and the scenario needs 802.1Q", () => {
  const { machines, needs } = parsed(trunk("vlans: { 10: { addresses: [10.0.0.2/24] }, 20: {} }"));
  expect<unknown>(machines[0]?.nic.vlans).toEqual([
    { id: 10, name: "eth0.10", addresses: ["10.0.0.2/24"] },
    { id: 20, name: "eth0.20", addresses: [] },
  ]);
  expect(needs).toEqual(["vlan"]);
  expect(lab("  []").needs).toEqual(["macvlan"]);
});

test("a link for a VLAN has its addresses' IP version, and VLANs end at 4094", () => {
  const six = trunk('addresses: [10.0.0.9/24], vlans: { 10: { addresses: ["fd00::2/64"] } }');
  expect(parseScenario(six, "lab.yaml").ok).toBe(false);
  for (const vlan of ["0", "4095", "ten"]) {
    const result = parseScenario(trunk(`vlans: { ${vlan}: {} }`), "lab.yaml");
    expect(result.ok ? "ok" : result.error.detail).toContain("a VLAN is a number from 1 to 4094");
  }
});

test("the example keeps everything that it says", () => {
  const scenario = parsed(scenarioExample);
  expect(scenario.switches[0]?.ports).toEqual([
    { name: "p1", vlan: { kind: "plain" }, hairpin: true, isolated: false },
    { name: "p2", vlan: { kind: "access", vlan: 10 }, hairpin: false, isolated: false },
    {
      name: "p3",
      vlan: { kind: "trunk", vlans: [10, 20], native: 1 },
      hairpin: false,
      isolated: false,
    },
    {
      name: "p4",
      vlan: { kind: "plain" },
      hairpin: false,
      isolated: false,
      lock: ["02:00:00:00:00:04"],
    },
  ] as unknown as Scenario["switches"][number]["ports"]);
  expect(scenario).toMatchObject({ id: "S02", door: "attach", needs: ["macvlan", "vlan"] });
  expect(scenario.hosts[0]).toMatchObject({
    routes: [{ to: "0.0.0.0/0", via: "192.168.1.1" }],
    sysctls: { "net.ipv4.ip_forward": "1" },
    run: ["ip link add ..."],
    networks: [
      {
        name: "lan",
        driver: "macvlan",
        mode: "bridge",
        gateways: ["192.168.1.1"],
        addressing: "pool",
        ranges: [{ version: 4, first: 0xc0a80164n, last: 0xc0a801c8n }],
      },
    ],
  });
  expect(scenario.machines[0]?.dhcp?.range).toEqual({
    version: 4,
    first: 0xc0a801c9n,
    last: 0xc0a801fan,
  });
  expect(scenario.checks.map(({ kind, line }) => [kind, line])).toEqual([
    ["flow", 32],
    ["flow", 33],
    ["capture", 34],
    ["do", 35],
    ["do", 36],
  ]);
});

test("addresses are reserved by container, one or a list", () => {
  const text = scenarioExample.replace(
    /parent: eth0,/,
    "parent: eth0, reservations: { c1: 192.168.1.77, c2: [192.168.1.78, fd00::78] },",
  );
  expect(parsed(text).hosts[0]?.networks[0]).toMatchObject({
    reservations: { c1: ["192.168.1.77"], c2: ["192.168.1.78", "fd00::78"] },
  });
});

test("a container that only an action attaches exists, on no network", () => {
  const names = parsed(scenarioExample).hosts[0]?.containers.map(({ name, networks }) => [
    name,
    networks.length,
  ]);
  expect(names).toEqual([
    ["c1", 1],
    ["c2", 1],
    ["c3", 0],
  ]);
});

test("what a NIC leaves out is filled in", () => {
  const nic = lab("  []").hosts[0]?.nics[0];
  expect(nic).toMatchObject({ name: "eth0", port: "p1", mtu: 1500, up: true });
  // printf h1/eth0 | sha256sum
  expect(nic?.mac as string | undefined).toBe("02:51:57:bb:b7:5c");
  expect(lab("  []").machines[0]?.nic).toMatchObject({ name: "eth0", port: "p2" });
});

test("an automatic port takes no declared and no requested one", () => {
  const { machines, switches } = parsed(`
id: T1
title: test
switches: { sw0: { ports: { p1: { hairpin: true } } } }
machines: { a: { switch: sw0 }, b: { switch: sw0, port: p2 }, c: { switch: sw0 } }`);
  expect(machines.map(({ nic }) => nic.port)).toEqual(["p3", "p2", "p4"]);
  expect(switches[0]?.ports.map(({ name }) => name)).toEqual(["p1", "p3", "p2", "p4"]);
});

test("a container's links are called eth0, eth1, ... in the order of its networks", () => {
  const attachments = lab("  []").hosts[0]?.containers[0]?.networks;
  expect(attachments?.map(({ network, ifname }) => [network, ifname])).toEqual([
    ["lan", "eth0"],
    ["six", "eth1"],
  ]);
});

test("networks say what the kernel must have", () => {
  const scenario = parsed(`
id: T1
title: test
needs: [veth]
switches: { sw0: {} }
hosts:
  h1:
    nics: { eth0: { switch: sw0 } }
    networks:
      a: { driver: ipvlan, mode: l3, parent: eth0.7, addressing: none }
      b: { parent: eth0, addressing: dhcp }`);
  expect(scenario.needs).toEqual(["veth", "ipvlan", "vlan", "macvlan"]);
});

test("a flow uses IPv4 where both sides have it, else IPv6", () => {
  const { checks } = lab(`
  - { flow: c1 -> h1, expect: reachable }
  - { flow: c2 -> h1, expect: reachable }
  - { flow: c1@six -> h1, expect: reachable }
  - { flow: c1 -> fd00::9, expect: reachable }
  - { flow: h1 -> c1, version: 6, expect: reachable }`);
  expect(checks.map((check) => check.kind === "flow" && check.flow.version)).toEqual([
    4, 6, 6, 6, 6,
  ]);
});

test("a flow in both directions is two checks", () => {
  const { checks } = lab("  - { flow: c1 <-> gw, tcp: 80, expect: reachable }");
  expect(checks).toMatchObject([
    {
      text: "c1 -> gw tcp 80",
      flow: { from: { node: c1 }, to: { node: gw }, probe: { kind: "tcp", port: 80 } },
    },
    { text: "gw -> c1 tcp 80", flow: { from: { node: gw }, to: { node: c1 } } },
  ]);
});

test("a flow's ends and options are resolved", () => {
  const { checks } = lab(`
  - { flow: h1@eth0 -> c1@lan, udp: 53, size: 10, expect: reachable, seenAs: 10.0.0.2 }
  - { flow: h1 -> c1=10.0.0.77, fromInterface: eth0, expect: unreachable, because: no-route }`);
  expect(checks).toMatchObject([
    {
      seenAs: { kind: "address", address: "10.0.0.2" },
      flow: {
        from: { node: h1, on: { kind: "link", name: "eth0" } },
        to: { node: c1, on: { kind: "network", name: "lan" } },
        probe: { kind: "udp", port: 53, size: 10 },
      },
    },
    {
      expect: "unreachable",
      because: "no-route",
      flow: { to: { address: "10.0.0.77" }, fromInterface: "eth0" },
    },
  ]);
});

test.each([
  ["none", { min: 0, max: 0 }],
  ["some", { min: 1 }],
  ["3", { min: 3, max: 3 }],
  ["{ min: 2 }", { min: 2 }],
  ["{ max: 4 }", { min: 0, max: 4 }],
])("a capture that expects %s counts frames", (text, frames) => {
  const { checks } = lab(
    `  - { capture: sw0/p1, filter: arp, during: c1 <-> gw, expect: ${text} }`,
  );
  const [check] = checks;
  expect(check).toMatchObject({ at: { kind: "port", switch: "sw0", port: "p1" } });
  expect(check?.kind === "capture" && check.frames).toEqual(frames);
  expect(check?.kind === "capture" && check.during.length).toBe(2);
});

test("a neighbour is expected by MAC, by node or to be absent", () => {
  const { checks } = lab(`
  - { neighbour: gw, of: c1, expect: "02:00:00:00:00:0A" }
  - { neighbour: gw, of: c1, expect: h1 }
  - { neighbour: gw, of: 10.0.0.9, expect: failed, because: neighbour-unreachable }`);
  expect(checks).toMatchObject([
    { node: { node: gw }, version: 4, expect: { kind: "mac", mac: "02:00:00:00:00:0a" } },
    { of: { node: c1 }, expect: { kind: "node", node: { node: h1 } } },
    { of: { kind: "address" }, expect: { kind: "failed" }, because: "neighbour-unreachable" },
  ]);
});

test("a matrix has a cell for each ordered pair, and its exceptions", () => {
  const { checks } = lab(`
  - matrix: [c1, h1, gw]
    except: [{ flow: c1 <-> h1, because: parent-isolated }, { flow: gw -> c1 }]`);
  const [matrix] = checks;
  const cells = matrix?.kind === "matrix" ? matrix.cells : [];
  expect(cells.map(({ flow, expect, because }) => [flow.text, expect, because])).toEqual([
    ["c1 -> h1", "unreachable", "parent-isolated"],
    ["c1 -> gw", "reachable", undefined],
    ["h1 -> c1", "unreachable", "parent-isolated"],
    ["h1 -> gw", "reachable", undefined],
    ["gw -> c1", "unreachable", undefined],
    ["gw -> h1", "reachable", undefined],
  ]);
});

test("the reason of a matrix is that of its exceptions without one", () => {
  const { checks } = lab(`
  - matrix: [c1, h1, gw]
    because: parent-isolated
    except: [{ flow: c1 -> h1 }, { flow: gw -> c1, because: link-down }]`);
  const [matrix] = checks;
  const cells = matrix?.kind === "matrix" ? matrix.cells : [];
  expect(cells.map(({ because }) => because)).toEqual([
    "parent-isolated",
    undefined,
    undefined,
    undefined,
    "link-down",
    undefined,
  ]);
});

test("anchors, aliases and merge keys are followed", () => {
  const { hosts } = parsed(`
id: T1
title: test
switches: { sw0: {} }
hosts:
  h1: &host
    nics: { eth0: { switch: sw0 } }
    networks: { lan: { parent: eth0, addressing: none } }
  h2: { <<: *host, run: [ls] }`);
  expect(hosts[1]).toMatchObject({ name: "h2", run: ["ls"], networks: [{ name: "lan" }] });
  const [first, second] = hosts.map(({ nics }) => nics[0]?.mac);
  expect(first).not.toBe(second);
});

test("no text makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseScenario(text, "lab.yaml");
    }),
  );
  const position = fc.nat({ max: scenarioExample.length });
  fc.assert(
    fc.property(position, fc.nat({ max: 30 }), fc.string({ maxLength: 8 }), (at, cut, put) => {
      const text = scenarioExample.slice(0, at) + put + scenarioExample.slice(at + cut);
      const result = parseScenario(text, "lab.yaml");
      if (!result.ok) expect(result.error.detail).toMatch(/^lab\.yaml:\d+:\d+: ./);
    }),
  );
});
