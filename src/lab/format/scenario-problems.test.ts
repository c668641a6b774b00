import { expect, test } from "bun:test";
import { parseScenario } from "./parse-scenario.ts";

/** A file without mistakes; each test puts one of them on a line of its own. */
const good = {
  head: "id: T1\ntitle: test",
  switches: "switches: { sw0: { ports: { p1: {} } } }",
  nic: "    nics: { eth0: { switch: sw0, port: p1, addresses: [10.0.0.2/24] } }",
  more: "    routes: []",
  network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.0/24] } }",
  container: "    containers: { c1: { networks: { lan: {} } } }",
  machines: "machines: { gw: { switch: sw0, addresses: [10.0.0.1/24] } }",
  check: "  - { flow: c1 -> gw, expect: reachable }",
};

function mistakes(change: Partial<typeof good>): readonly string[] {
  const { head, switches, nic, more, network, container, machines, check } = { ...good, ...change };
  const host = `hosts:\n  h1:\n${nic}\n${more}\n${network}\n${container}`;
  const text = `${head}\n${switches}\n${host}\n${machines}\nchecks:\n${check}\n`;
  const result = parseScenario(text, "lab.yaml");
  return result.ok ? [] : result.error.detail.split("\n");
}

test("the file that the mistakes are put into is good", () => {
  expect(mistakes({})).toEqual([]);
});

test.each<[Partial<typeof good>, string]>([
  // What is not YAML, or not only.
  [{ head: "id: T1\ntitle: [" }, "3:1: YAML: Flow sequence"],
  [{ head: "id: T1\ntitle: a\nid: T2" }, "3:1: YAML: Map keys must be unique"],
  [{ more: "    routes: *nowhere" }, "1:1: YAML: Unresolved alias"],
  [{ head: "id: !secret T1\ntitle: a" }, "1:5: YAML: Unresolved tag: !secret"],
  // Keys and forms.
  [{ head: "id: T1\ntitel: test" }, '2:1: unknown key "titel"; did you mean "title"?'],
  [{ head: "id: T1" }, '1:1: key "title" is missing'],
  [{ head: "id: T 1\ntitle: a" }, "1:5: an id has letters, digits and -"],
  [{ head: "id: T1\ntitle: 7" }, "2:8: expected text, found 7"],
  [
    { head: "id: T1\ntitle: a\nneeds: [macvlann]" },
    '3:9: "macvlann" is not allowed here; did you mean "macvlan"?',
  ],
  [{ switches: "switches: [sw0]" }, "3:11: expected a map, found a list"],
  [{ switches: "switches: { sw0: }" }, "3:18: expected a map, found nothing"],
  [
    { switches: "switches: { sw0: { ports: { p1: { haripin: true } } } }" },
    '3:35: unknown key "haripin"; did you mean "hairpin"?',
  ],
  [
    { switches: "switches: { sw0: { ports: { p1: { access: 5000 } } } }" },
    "3:43: 5000 is too big; at most 4094",
  ],
  [{ switches: "switches: { sw0: {}, 1x: {} }" }, '3:22: "1x": a name is a letter'],
  [{ switches: "switches: { sw0: {}, none: {} }" }, '3:22: "none": a name is a letter'],
  [
    { nic: "    nics: { eth0: { switch: sw0, up: maybe } }" },
    '6:38: expected true or false, found "maybe"',
  ],
  [
    { nic: "    nics: { eth0: { switch: sw0, addresses: [10.0.0.2] } }" },
    '6:46: "10.0.0.2" is not an interface address',
  ],
  [
    { network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.1/24] } }" },
    '8:48: "10.0.0.1/24" is not a prefix',
  ],
  [
    { network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.0/24], gateway: [10.1] } }" },
    "8:72: expected text, found 10.1",
  ],
  [
    { network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.0/24], gateway: 10.0.1 } }" },
    '8:71: "10.0.1" is not an IP address',
  ],
  [
    { network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.0/24], gateway: {} } }" },
    "8:71: expected text or a list, found a map",
  ],
  [
    { container: "    containers: { c1: { networks: { lan: { mac: 02:00 } } } }" },
    '9:49: "02:00" is not a MAC address',
  ],
  [{ more: "    sysctls: { net.ipv4/../x: 1 }" }, '7:16: "net.ipv4/../x": a sysctl here begins'],
  // What there only is with Docker.
  [
    { network: "    networks: { lan: { driver: docker-bridge } }" },
    "8:32: a docker-bridge needs door: docker, and the door is attach",
  ],
  [{ more: "    nameservers: [10.0.0.1]" }, "7:18: nameservers needs door: docker"],
  // And with CNI.
  [
    { network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.0/24], cni: '{}' } }" },
    "8:67: a CNI configuration needs door: cni, and the door is attach",
  ],
  [
    { container: "    containers: { c1: { networks: { lan: {} }, publish: ['80:80'] } }" },
    "9:57: publish needs door: docker",
  ],
  [
    {
      head: "id: T1\ntitle: a\ndoor: docker",
      network: "    networks: { lan: { driver: docker-bridge, parent: eth0 } }",
    },
    "9:55: a docker-bridge has no parent",
  ],
  [
    {
      head: "id: T1\ntitle: a\ndoor: docker",
      network: "    networks: { lan: { driver: docker-bridge, addressing: dhcp } }",
    },
    "9:59: Docker gives its bridge addresses",
  ],
  [
    { network: "    networks: { lan: { subnets: [10.0.0.0/24] } }" },
    '8:22: key "parent" is missing: the link that containers hang on',
  ],
  [
    { container: "    containers: { c1: { networks: { lan: {} }, publish: [http] } }" },
    "9:58: a published port is HOST:CONTAINER",
  ],
  [
    { machines: "machines: { gw: { switch: sw0, names: { -x: 10.0.0.1 } } }" },
    '10:41: "-x": a name has small letters',
  ],
  // Topology.
  [{ nic: "    nics: { eth0: { switch: sw1 } }" }, '6:29: no switch "sw1"; did you mean "sw0"?'],
  [
    { machines: "machines: { gw: { switch: sw0, port: p1 } }" },
    "10:38: port p1 of sw0 already holds h1/eth0",
  ],
  [
    { nic: "    nics: { eth0: { switch: sw0, addresses: [10.0.0.2/24, 10.0.0.2/8] } }" },
    "6:59: 10.0.0.2 stands here twice",
  ],
  [
    { switches: "switches: { sw0: { ports: { p1: { access: 1, trunk: [2] } } } }" },
    "3:33: a port is either access, or trunk",
  ],
  [
    { switches: "switches: { sw0: { ports: { p1: { native: 1 } } } }" },
    "3:33: native goes with trunk",
  ],
  [
    { machines: "machines: { gw: { switch: sw0 }, c1: { switch: sw0 } }" },
    '10:38: "c1" is already the name of a cont',
  ],
  [{ more: "    routes: [{ to: default }]" }, "7:14: a route needs via or dev"],
  [
    { more: '    routes: [{ to: 10.0.0.0/8, via: "fd00::1" }]' },
    "7:14: 10.0.0.0/8 cannot go via fd00::1",
  ],
  [
    { network: "    networks: { lan: { parent: eth1, subnets: [10.0.0.0/24] } }" },
    '8:32: no link "eth1" on this host; did you mean "eth0"?',
  ],
  [
    { network: "    networks: { lan: { parent: eth0, mode: l2, subnets: [10.0.0.0/24] } }" },
    "8:44: macvlan has no mode l2; it has bridge, private",
  ],
  [
    { network: "    networks: { lan: { parent: eth0, flag: vepa, subnets: [10.0.0.0/24] } }" },
    "8:44: bridge has no flag vepa; only ipvlan, passthru and source have flags",
  ],
  [
    {
      network:
        '    networks: { lan: { parent: eth0, addressing: dhcp, source: ["02:00:00:00:00:01"] } }',
    },
    "8:64: only macvlan mode source",
  ],
  [{ network: "    networks: { lan: { parent: eth0 } }" }, "8:22: a pool needs subnets"],
  [
    { container: "    containers: { c1: { networks: { lann: {} } } }" },
    '9:43: no network "lann" on this host; did you mean "lan"?',
  ],
  // Checks.
  [{ check: "  - { flw: c1 -> gw, expect: reachable }" }, '12:7: unknown key "flw"; did you mean'],
  [{ check: "  - { flow: c1, expect: reachable }" }, '12:13: "c1" is no flow; write "A -> B"'],
  [{ check: "  - { flow: c1 -> gw }" }, '12:5: key "expect" is missing; it is one of: reachable,'],
  [
    { check: "  - { flow: c1 -> gww, expect: reachable }" },
    '12:13: no host, container or machine "gww"; did you mean "gw"?',
  ],
  [
    { check: "  - { flow: sw0 -> gw, expect: reachable }" },
    '12:13: "sw0" is a switch; it has no address',
  ],
  [{ check: "  - { flow: 10.0.0.9 -> gw, expect: reachable }" }, "12:13: 10.0.0.9 is an address;"],
  [
    { check: "  - { flow: c1@lam -> gw, expect: reachable }" },
    '12:13: no network "lam" on h1; did you mean "lan"?',
  ],
  [
    { check: "  - { flow: h1@eth9 -> gw, expect: reachable }" },
    '12:13: no link "eth9" on h1; did you mean "eth0"?',
  ],
  [
    { check: "  - { flow: c1 -> gw, tcp: 1, udp: 2, expect: reachable }" },
    "12:36: a flow is either tcp or udp",
  ],
  [
    { check: "  - { flow: c1 -> gw, tcp: 1, size: 2, expect: reachable }" },
    "12:37: size goes with a ping or udp",
  ],
  [{ check: '  - { flow: c1 -> "fd00::1", expect: reachable }' }, '12:13: "'],
  [
    { check: "  - { flow: c1 -> gw=fd00::1, expect: reachable }" },
    "12:13: the two sides share no IP version; write version",
  ],
  [
    { check: "  - { flow: c1 -> gw=10.0.0.9, version: 6, expect: reachable }" },
    "12:41: an address here is not IPv6",
  ],
  [
    { check: "  - { flow: c1 -> gw, fromInterface: eth1, expect: reachable }" },
    '12:38: no link "eth1" on c1; did you mean "eth0"?',
  ],
  [
    { check: "  - { flow: c1 <-> gw, seenAs: c1, expect: reachable }" },
    "12:32: seenAs needs one direction",
  ],
  [
    { check: "  - { flow: c1 -> gw, expect: unreachable, because: parent-isolatd }" },
    '12:53: "parent-isolatd" is not allowed here; did you mean "parent-isolated"?',
  ],
  [
    { check: "  - { capture: sw0/p9, filter: arp, during: c1 -> gw, expect: none }" },
    '12:16: no port "p9" on sw0; known: p1, p2',
  ],
  [
    { check: "  - { capture: h1/eth0, filter: icpm, during: c1 -> gw, expect: none }" },
    '12:33: "icpm" (column 1',
  ],
  [
    { check: "  - { capture: h1/eth0, filter: arp, during: c1 -> gw, expect: lots }" },
    "12:64: expected none or some or a number or a map, found",
  ],
  [
    {
      check: "  - { capture: h1/eth0, filter: arp, during: c1 -> gw, expect: { min: 2, max: 1 } }",
    },
    "12:64: max 1 is less than min 2",
  ],
  [
    { check: "  - { neighbour: gw, of: c1, expect: 02:00 }" },
    '12:38: "02:00" is not a MAC address',
  ],
  [{ check: "  - { matrix: [c1, gw, c1] }" }, '12:24: "c1" stands here twice'],
  [
    { check: "  - { matrix: [c1, gw], except: [{ flow: h1 -> c1 }] }" },
    '12:42: "h1" is not in the matrix; known: c1, gw',
  ],
  [
    { check: "  - { matrix: [c1, gw], except: [{ flow: c1 -> gw }, { flow: c1 <-> gw }] }" },
    '12:62: "c1 -> gw" is excepted twice',
  ],
  [
    { check: "  - { do: [wait 1 ms, attach c1 lan] }" },
    '12:23: "attach c1 lan" does not read as an action; the form is: attach CONTAINER',
  ],
  [{ check: "  - { do: detach c7 }" }, '12:11: no container "c7"; known: c1'],
  [{ check: "  - { do: attach c1 to lam }" }, '12:11: no network "lam" on h1; did you mean "lan"?'],
  [{ check: "  - { do: kill daemon on gw }" }, '12:11: no host "gw"; known: h1'],
  [{ check: "  - { do: kill c2 }" }, '12:11: no container "c2"; known: c1'],
  [{ check: "  - { do: [wait 1 ms, start h1] }" }, '12:23: no container "h1"; known: c1'],
  [{ check: "  - { do: reboot gw }" }, '12:11: no host "gw"; known: h1'],
  [{ check: "  - { do: reconcile h2 }" }, '12:11: no host "h2"; known: h1'],
  [{ check: '  - { do: "advertise fd00::/64 from h1" }' }, '12:11: no machine "h1"; known: gw'],
  [{ check: "  - { do: link lo plug on h1 }" }, '12:11: no NIC "lo" on h1; known: eth0'],
  [{ check: "  - { do: link eth0 plug on c1 }" }, '12:11: no NIC "eth0" on c1'],
  [{ check: "  - { status: gw, expect: [] }" }, '12:15: no host "gw"; known: h1'],
  [{ check: "  - { status: h1 }" }, '12:5: key "expect" is missing'],
  [
    { check: "  - { status: h1, expect: [c1 sandbox-gone, c7 link-missing] }" },
    '12:45: no container "c7"; known: c1',
  ],
  [{ check: "  - { status: h1, expect: [lna parent-down] }" }, '12:28: no network "lna" on h1'],
  [
    { check: "  - { status: h1, expect: [c1 sandbox-gnoe] }" },
    '12:28: no finding is called "sandbox-gnoe"; did you mean "sandbox-gone"?',
  ],
  [
    { check: "  - { status: h1, expect: [c1] }" },
    '12:28: "c1" is no finding; write CONTAINER KIND',
  ],
  [{ check: "  - { leases: h2, expect: [] }" }, '12:15: no host "h2"; known: h1'],
  [
    { check: "  - { leases: h1, expect: [resting 10.0.0.9, c7 10.0.0.8] }" },
    '12:46: no container "c7"; known: c1',
  ],
  [{ check: "  - { leases: h1, expect: [c1 10.0.0] }" }, '12:28: "10.0.0" is'],
  [
    { check: "  - { leases: h1, expect: [10.0.0.9] }" },
    '12:28: "10.0.0.9" is no lease; write CONTAINER ADDRESS or resting ADDRESS',
  ],
  [{ check: "  - { do: link eth9 down on h1 }" }, '12:11: no link "eth9" on h1; did you mean'],
  [
    { check: "  - { do: wait 1 ms, code: LF-X }" },
    "12:28: a code goes with expect: refused or warned",
  ],
  [{ check: "  - 3" }, "12:5: expected a map, found 3"],
])("%j is one mistake: %s", (change, line) => {
  const found = mistakes(change);
  expect(found).toHaveLength(1);
  expect(found[0]).toStartWith(`lab.yaml:${line}`);
});

test("all mistakes of a file are told at once, in the order of the file", () => {
  const found = mistakes({
    head: "id: T1\ntitle: test\ndor: docker",
    network: "    networks: { lan: { parent: eth0, subnets: [10.0.0.1/24] } }",
    check: [
      "  - { flow: c1, expect: reachable }",
      "  - { flow: c9 -> gw, expect: reachable }",
      "  - { flow: c1 -> gw, expect: perhaps }",
      "  - { do: detach c8 }",
    ].join("\n"),
  });
  expect(found.map((line) => line.replace(/^lab\.yaml:(\d+:\d+): .*$/, "$1"))).toEqual([
    "3:1",
    "9:48",
    "13:13",
    "14:13",
    "15:31",
    "16:11",
  ]);
});

test("several mistakes in one list do not hide a name that leads nowhere", () => {
  const found = mistakes({
    machines: "machines: { gw: { switch: sw0, addresses: [10.0.0.1, 10.0.0.3/24, 10.0.0.4] } }",
    check: "  - { flow: c9 -> gw, expect: reachable }",
  });
  expect(found.map((line) => line.split(": ")[0])).toEqual([
    "lab.yaml:10:44",
    "lab.yaml:10:67",
    "lab.yaml:12:13",
  ]);
});

test("a mistake in what is merged is shown where it stands", () => {
  const found = mistakes({
    switches: "switches: { sw0: { ports: { p1: { <<: &port { lock: [2] } }, p2: *port } } }",
  });
  expect(found).toEqual(["lab.yaml:3:54: expected text, found 2"]);
});

test("the problem is a usage error that names the file", () => {
  const result = parseScenario("id: 1", "lab.yaml");
  expect(result).toMatchObject({
    ok: false,
    error: { code: "LF-SCENARIO-INVALID", exitCode: 2, facts: { file: "lab.yaml" } },
  });
});

test("names that every object has are no nodes", () => {
  expect(mistakes({ check: "  - { flow: constructor -> gw, expect: reachable }" })[0]).toContain(
    'no host, container or machine "constructor"',
  );
  expect(
    mistakes({ container: "    containers: { c1: { networks: { toString: {} } } }" })[0],
  ).toContain('no network "toString"');
  expect(mistakes({ nic: "    nics: { eth0: { switch: constructor } }" })[0]).toContain(
    'no switch "constructor"',
  );
});

test("an alias that contains itself, or a file too long, is refused", () => {
  for (const text of [
    "a: &x [*x]",
    "a: &x { <<: *x }",
    "&x { <<: *x }",
    `#${"x".repeat(1_000_001)}`,
  ]) {
    expect(parseScenario(text, "lab.yaml").ok).toBe(false);
  }
});
