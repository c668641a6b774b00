import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../spec/json.ts";
import { accepted, anyJson, attachmentCall, mutated, refused } from "../spec/testing.ts";
import { cniVersions } from "../spec/versions.ts";
import { hostLocalDirectory, ipamTypeOf } from "./leave.ts";
import { parsePluginConfig } from "./parse-plugin.ts";
import type { PluginConfig } from "./plugin.ts";

type Kind = PluginConfig["kind"];
type Env = Readonly<Record<string, string>>;

const parse = (kind: Kind, config: object, env: Env = {}) =>
  parsePluginConfig(kind, attachmentCall({ type: kind, ...config }, env));
const of = (kind: Kind, config: object, env: Env = {}): object =>
  accepted(parse(kind, config, env));
const errorOf = (kind: Kind, config: object, env: Env = {}) => refused(parse(kind, config, env));

const noDns = { nameservers: [], search: [], options: [] };
const hostLocal = { type: "host-local", subnet: "10.1.2.0/24" };

describe("macvlan", () => {
  test("says nothing but its type: bridge on the default route's link, layer 2 only", () => {
    expect(of("macvlan", {})).toEqual({
      kind: "macvlan",
      parentPlace: "host",
      ipam: { kind: "none" },
      driver: { kind: "macvlan", mode: "bridge" },
      vlan: [],
      dns: noDns,
    });
    const empty = { master: "", mode: "", mtu: 0, mac: "", bcqueuelen: 0, ipam: {}, vlan: 0 };
    expect(of("macvlan", { ...empty, linkInContainer: false })).toEqual(of("macvlan", {}));
  });

  test("says everything, in any case", () => {
    const config = {
      master: "eth1",
      MODE: "vepa",
      mtu: 1400,
      MAC: "02-00-00-00-00-0A",
      linkincontainer: true,
      bcQueueLen: 2000,
      vlan: 30,
      ipam: hostLocal,
      dns: { nameservers: ["10.1.2.1"] },
    };
    expect(of("macvlan", config)).toMatchObject({
      parent: "eth1",
      driver: { kind: "macvlan", mode: "vepa", bcQueueLen: 2000 },
      mtu: 1400,
      mac: "02:00:00:00:00:0a",
      parentPlace: "sandbox",
      vlan: [{ protocol: "802.1Q", id: 30 }],
      ipam: { kind: "host-local", directory: "/var/lib/cni/networks/lan" },
      dns: { ...noDns, nameservers: ["10.1.2.1"] },
    });
  });

  test.each([
    ["bridge", {}],
    ["private", {}],
    ["passthru", { flag: "nopromisc" }],
    ["source", { sources: ["02:00:00:00:00:02", "0200.0000.0001"], flag: "nodst" }],
  ])("mode %s with %j", (mode, more) => {
    const { driver } = of("macvlan", { mode, ...more }) as { driver: object };
    const macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"];
    const { flag, sources } = { flag: undefined, sources: undefined, ...more };
    expect(driver).toEqual({
      kind: "macvlan",
      mode,
      ...(flag === undefined ? {} : { flag }),
      ...(sources === undefined ? {} : { allowedMacs: macs }),
    });
  });

  test("a VLAN may be a provider's, and may be in another", () => {
    const tags = (vlan: Json) => (of("macvlan", { vlan }) as { vlan: unknown }).vlan;
    const provider = { protocol: "802.1ad", id: 100 };
    expect(tags("802.1ad:100")).toEqual([provider]);
    expect(tags(["802.1ad:100", 7])).toEqual([provider, { protocol: "802.1Q", id: 7 }]);
    expect(tags("7")).toEqual([{ protocol: "802.1Q", id: 7 }]);
  });

  // The runtime's wins, then that of CNI_ARGS.
  test.each([
    [{ mac: "02:00:00:00:00:01" }, "", "02:00:00:00:00:01"],
    [{ mac: "02:00:00:00:00:01" }, "MAC=02:00:00:00:00:02", "02:00:00:00:00:02"],
    [
      { mac: "bad", RuntimeConfig: { mac: "02:00:00:00:00:03" } },
      "IgnoreUnknown=true;MAC=c2:11:22:33:44:55",
      "02:00:00:00:00:03",
    ],
    [{}, "IgnoreUnknown=true;MAC=c2:11:22:33:44:55", "c2:11:22:33:44:55"],
    [{ mac: "02:00:00:00:00:01", runtimeConfig: { mac: "" } }, "MAC=", "02:00:00:00:00:01"],
  ])("%j with CNI_ARGS %s has the MAC %s", (config, CNI_ARGS, mac) => {
    expect(of("macvlan", config, { CNI_ARGS })).toHaveProperty("mac", mac);
  });

  test.each<[object, string, number, string]>([
    [{ master: 5 }, "", 6, '"master" must be text, not a number'],
    [{ master: "a b" }, "", 7, '"master": "a b" is not a link name: it holds " ".'],
    [{ mode: "foo" }, "", 7, 'unknown macvlan mode: "foo"'],
    [{ mode: "l2" }, "", 7, 'unknown macvlan mode: "l2"'],
    [{ mode: true }, "", 6, '"mode" must be text, not true'],
    [{ mtu: "1500" }, "", 6, '"mtu" must be a whole number, not text'],
    [{ mtu: -5 }, "", 7, "invalid MTU -5, must be [0, master MTU]"],
    [{ mtu: 1.5 }, "", 7, '"mtu": 1.5 is no whole number'],
    [{ mac: 5 }, "", 6, '"mac" must be text, not a number'],
    [{ mac: "xx" }, "", 7, '"mac": invalid MAC address: xx'],
    [{ mac: "01:00:00:00:00:01" }, "", 7, '"mac": 01:00:00:00:00:01 is the address of no link'],
    [{ mac: "00:00:00:00:00:00" }, "", 7, '"mac": 00:00:00:00:00:00 is the address of no link'],
    [{ mac: "02:00:00:00:00:01" }, "MAC=foo", 7, '"CNI_ARGS MAC": invalid MAC address: foo'],
    [{ runtimeConfig: { mac: 5 } }, "", 6, '"runtimeConfig.mac" must be text, not a number'],
    [{ runtimeConfig: { mac: "x" } }, "", 7, '"runtimeConfig.mac": invalid MAC address: x'],
    [{ linkInContainer: "x" }, "", 6, '"linkInContainer" must be true or false, not text'],
    [{ bcqueuelen: -1 }, "", 7, '"bcqueuelen": -1 is not between 0 and 4294967295'],
    [{ bcqueuelen: 2 ** 32 }, "", 7, '"bcqueuelen": 4294967296 is not between 0 and 4294967295'],
    [{ ipam: 5 }, "", 6, '"ipam" must be an object, not a number'],
    [{ ipam: { type: 5 } }, "", 6, '"ipam.type" must be text, not a number'],
    [{ ipam: { type: "a/b" } }, "", 7, "invalid plugin name: a/b"],
    [{ ipam: { type: ".." } }, "", 7, "invalid plugin name: .."],
    [{ ipam: { type: "host-local" } }, "", 7, "no IP ranges specified"],
    [{ dns: [] }, "", 6, '"dns" must be an object, not a list'],
    [{ sources: ["x"] }, "", 7, '"sources[0]": invalid MAC address: x'],
    [{}, "IP", 4, 'CNI_ARGS: invalid pair "IP"'],
    [{}, "Q=1", 4, 'CNI_ARGS: unknown args ["Q=1"]'],
  ])("%j with CNI_ARGS %s is refused with code %d: %s", (config, CNI_ARGS, code, msg) => {
    expect(errorOf("macvlan", config, { CNI_ARGS })).toMatchObject({ code, msg });
  });

  test.each<[object]>([
    [{ sources: ["02:00:00:00:00:01"] }],
    [{ flag: "nodst" }],
    [{ mode: "source", flag: "nopromisc" }],
    [{ mode: "source", sources: ["01:00:00:00:00:01"] }],
    [{ mtu: 67 }],
    [{ mtu: 65536 }],
    [{ vlan: 4095 }],
    [{ vlan: true }],
    [{ vlan: [1, {}] }],
  ])("%j is refused with code 7", (config) => {
    expect(errorOf("macvlan", config).code).toBe(7);
  });

  test("prevResult matters to CHECK alone", () => {
    expect(of("macvlan", { prevResult: 5 })).not.toHaveProperty("previous");
    const check = { CNI_COMMAND: "CHECK" };
    const msg = "Required prevResult missing";
    expect(errorOf("macvlan", {}, check)).toEqual({ code: 7, msg });
    expect(errorOf("macvlan", { prevResult: 5 }, check)).toEqual({
      code: 6,
      msg: 'could not parse prevResult: "prevResult" must be an object, not a number',
    });
    const prevResult = { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.2.3/24" }] };
    expect(of("macvlan", { prevResult }, check)).toMatchObject({
      previous: { ips: [{ address: "10.1.2.3/24" }] },
    });
  });
});

describe("ipvlan", () => {
  const one = { interfaces: [{ name: "eth7" }], ips: [{ address: "10.1.2.2/24" }] };
  const lone = { cniVersion: "1.0.0", ...one };

  test.each([
    [{}, { mode: "l2" }],
    [
      { mode: "l3", flag: "private" },
      { mode: "l3", flag: "private" },
    ],
    [{ mode: "l3s", flag: "bridge" }, { mode: "l3s" }],
    [
      { flag: "vepa", bcqueuelen: "x", mac: 5 },
      { mode: "l2", flag: "vepa" },
    ],
  ])("%j is %j", (config, driver) => {
    expect(of("ipvlan", config)).toEqual({
      kind: "ipvlan",
      parentPlace: "host",
      ipam: { kind: "none" },
      driver: { kind: "ipvlan", ...driver },
      vlan: [],
      dns: noDns,
    });
  });

  test("in a chain, the link of the plugins before is the parent, and their addresses count", () => {
    expect(of("ipvlan", { prevResult: lone })).toMatchObject({
      parent: "eth7",
      ipam: { kind: "previous" },
      previous: { ips: [{ address: "10.1.2.2/24" }] },
    });
    expect(of("ipvlan", { prevResult: lone, master: "eth1" })).toMatchObject({ parent: "eth1" });
    expect(of("ipvlan", { prevResult: lone, ipam: hostLocal })).toMatchObject({
      parent: "eth7",
      ipam: { kind: "host-local" },
    });
    const without = { ...lone, ips: [] };
    expect(of("ipvlan", { prevResult: without })).toMatchObject({ ipam: { kind: "none" } });
  });

  test("CHECK has its own link in prevResult, which is nobody's parent", () => {
    const checked = of("ipvlan", { prevResult: lone }, { CNI_COMMAND: "CHECK" });
    expect(checked).not.toHaveProperty("parent");
    expect(checked).toMatchObject({ ipam: { kind: "previous" } });
  });

  const failure = "chained master failure. PrevResult lacks a single named interface";
  const unread = 'could not parse prevResult: unsupported CNI result version "9"';
  test.each<[object, number, string]>([
    [{ mode: "l9" }, 7, 'unknown ipvlan mode: "l9"'],
    [{ mode: "bridge" }, 7, 'unknown ipvlan mode: "bridge"'],
    [{ prevResult: { interfaces: [] } }, 7, failure],
    [{ prevResult: { interfaces: [{ name: "" }] } }, 7, failure],
    [{ prevResult: { interfaces: [{ name: "a" }, { name: "b" }] } }, 7, failure],
    [{ prevResult: { cniVersion: "0.2.0", ip4: { ip: "10.0.0.1/24" } } }, 7, failure],
    [{ prevResult: { cniVersion: "9" } }, 1, unread],
  ])("%j is refused with code %d: %s", (config, code, msg) => {
    expect(errorOf("ipvlan", config)).toMatchObject({ code, msg });
  });

  test("flags of macvlan are none", () => {
    expect(errorOf("ipvlan", { flag: "nodst" }).code).toBe(7);
  });
});

describe("vlan", () => {
  test("needs its parent, and neither addresses nor, for VLAN 0, a number", () => {
    expect(of("vlan", { master: "eth1" })).toEqual({
      kind: "vlan",
      parent: "eth1",
      parentPlace: "host",
      vlanId: 0,
      ipam: { kind: "none" },
      dns: noDns,
    });
    const config = { master: "eth1", vlanId: 4094, mtu: 1200, linkInContainer: true };
    expect(of("vlan", config)).toMatchObject({ vlanId: 4094, mtu: 1200, parentPlace: "sandbox" });
  });

  const range = (id: number) => `invalid VLAN ID ${id} (must be between 0 and 4095 inclusive)`;
  const needed = '"master" field is required. It specifies the host interface name to create the';
  test.each<[object, number, string]>([
    [{ vlanId: 5 }, 7, `${needed} VLAN for.`],
    [{ master: "lo", vlanId: 4096 }, 7, range(4096)],
    [{ master: "lo", vlanId: 4095 }, 7, range(4095)],
    [{ master: "lo", vlanId: -1 }, 7, range(-1)],
    [{ master: "lo", vlanId: "5" }, 6, '"vlanId" must be a whole number, not text'],
    [{ master: "lo", mtu: -100 }, 7, "invalid MTU -100, must be [0, master MTU]"],
  ])("%j is refused with code %d: %s", (config, code, msg) => {
    expect(errorOf("vlan", config)).toEqual({ code, msg });
  });
});

describe("landfall", () => {
  test("names its network, and the call may ask for addresses and a MAC", () => {
    expect(of("landfall", { network: "office" })).toEqual({
      kind: "landfall",
      network: "office",
      requested: [],
      dns: noDns,
    });
    const config = {
      network: "office",
      runtimeConfig: { ips: ["10.0.0.7/24"], mac: "02:00:00:00:00:07" },
      args: { cni: { ips: ["fd00::7"] } },
    };
    const CNI_ARGS = "IP=10.0.0.7, 10.0.0.8;MAC=02:00:00:00:00:08;K8S_POD_NAME=web-0";
    expect(of("landfall", config, { CNI_ARGS })).toMatchObject({
      requested: ["10.0.0.7", "10.0.0.8", "fd00::7"],
      mac: "02:00:00:00:00:07",
    });
  });

  test("CHECK brings what ADD led to", () => {
    const config = { network: "office", prevResult: { ips: [{ address: "10.0.0.7/24" }] } };
    expect(of("landfall", config)).not.toHaveProperty("previous");
    expect(of("landfall", config, { CNI_COMMAND: "CHECK" })).toMatchObject({
      previous: { ips: [{ address: "10.0.0.7/24" }] },
    });
  });

  test.each<[object, number, string]>([
    [{}, 7, '"network" is missing'],
    [{ network: 5 }, 6, '"network" must be text, not a number'],
    [
      { network: "office", ipam: { type: "dhcp" } },
      2,
      'unsupported field "ipam.type": "dhcp": type landfall takes addresses from its network',
    ],
    [
      { network: "n", runtimeConfig: { ips: ["x"] } },
      7,
      '"runtimeConfig.ips[0]": invalid IP address: x',
    ],
  ])("%j is refused with code %d: %s", (config, code, msg) => {
    expect(errorOf("landfall", config)).toEqual({ code, msg });
  });

  test("a name that no network can have is refused with code 7", () => {
    expect(errorOf("landfall", { network: "a b" }).code).toBe(7);
    expect(errorOf("landfall", { network: "" }).code).toBe(7);
  });
});

describe("who gives addresses", () => {
  test("static, or a plugin that we know nothing of", () => {
    expect(of("macvlan", { ipam: { type: "static" } })).toMatchObject({
      ipam: { kind: "static", addresses: [] },
    });
    expect(of("macvlan", { ipam: { type: "whereabouts", range: 5 } })).toMatchObject({
      ipam: { kind: "foreign", type: "whereabouts" },
    });
  });

  test("what DEL needs is read from whatever is left of a configuration", () => {
    const { config } = attachmentCall({ Ipam: { TYPE: "host-local", dataDir: "/x//", ranges: 5 } });
    expect(ipamTypeOf(config)).toBe("host-local");
    expect(hostLocalDirectory(config)).toBe("/x/lan");
    for (const ipam of [null, 5, [], {}, { type: "" }, { type: 5, dataDir: 5 }]) {
      const broken = attachmentCall({ ipam }).config;
      expect(ipamTypeOf(broken)).toBeUndefined();
      expect(hostLocalDirectory(broken)).toBe("/var/lib/cni/networks/lan");
    }
    expect(hostLocalDirectory(attachmentCall({ ipam: { dataDir: "x" } }).config)).toBeUndefined();
  });
});

const everything = {
  master: "eth1",
  mode: "",
  mtu: 1400,
  mac: "02:00:00:00:00:01",
  linkInContainer: false,
  bcqueuelen: 10,
  vlan: [30],
  vlanId: 5,
  network: "office",
  flag: "",
  sources: [],
  runtimeConfig: { ips: ["10.1.2.5/24"], mac: "", ipRanges: [[{ subnet: "10.8.0.0/16" }]] },
  args: { cni: { ips: ["10.1.2.6/24"] } },
  dns: { nameservers: ["10.1.2.1"], domain: "lan", search: ["lan"], options: ["x"] },
  prevResult: {
    cniVersion: "1.0.0",
    interfaces: [{ name: "eth7", mac: "02:00:00:00:00:07", sandbox: "/x" }],
    ips: [{ address: "10.1.2.2/24", gateway: "10.1.2.1", interface: 0 }],
  },
};
const ipams: readonly Json[] = [
  {
    type: "host-local",
    ranges: [[{ subnet: "10.1.2.0/24", rangeStart: "10.1.2.5", gateway: "10.1.2.1" }]],
    routes: [{ dst: "0.0.0.0/0", gw: "10.1.2.1", mtu: 1400 }],
    dataDir: "/x",
  },
  { type: "static", addresses: [{ address: "10.1.2.5/24", gateway: "10.1.2.1" }], dns: {} },
  {},
];

test("one wrong value anywhere is harmless or gets a code of the specification", () => {
  const configs = fc
    .constantFrom(...ipams)
    .chain((ipam) => mutated({ ...everything, ipam } as Json, anyJson));
  const kinds = fc.constantFrom<Kind>("macvlan", "ipvlan", "vlan", "landfall");
  const commands = fc.constantFrom("ADD", "CHECK");
  const run = (kind: Kind, config: Json, cniVersion: string, CNI_COMMAND: string) => {
    const object = typeof config === "object" && config !== null ? config : {};
    return parse(kind, { ...object, cniVersion, name: "lan" }, { CNI_COMMAND });
  };
  fc.assert(
    fc.property(kinds, configs, fc.constantFrom(...cniVersions), commands, (kind, ...rest) => {
      const [config, version, command] = rest;
      if (command === "CHECK" && version < "0.4.0") return;
      const parsed = run(kind, config, version, command);
      if (parsed.ok) expect(parsed.value.kind).toBe(kind);
      else expect([1, 2, 6, 7]).toContain(parsed.error.code);
      if (!parsed.ok) expect(parsed.error.msg).not.toContain("\n");
    }),
    { numRuns: 300 },
  );
});
