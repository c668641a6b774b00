import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { openCniSite } from "./cni-site.ts";
import {
  addressesIn,
  cells,
  done as ended,
  filesIn,
  isBefore,
  openPrograms,
  type Programs,
  type Version,
} from "./cni-upstream.ts";
import { addressesOf, type IpBatch, openIpBatch } from "./ip-batch.ts";
import { inside, openLan, pathOf, pings, seenAddresses, seenLinks } from "./lan.ts";

/** Run by cni.uml.test.ts in a kernel that has the drivers. */

function openSite() {
  const lan = openLan();
  const cni = openCniSite(lan.platform, lan.host);
  const close = () => {
    cni[Symbol.dispose]();
    lan[Symbol.dispose]();
  };
  const ipam = {
    ...{ type: "host-local", dataDir: cni.dataDir },
    ...{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.50" },
  };
  const base = { cniVersion: "1.0.0", name: "pods", master: "p0", ipam };
  return { lan, cni, base, [Symbol.dispose]: close };
}

const done = { exitCode: 0, stdout: "" } as const;
const parsed = (text: string) => JSON.parse(text);
const words = (command: string) => command.split(" ");

test("vlan: frames have the tag; CHECK, DEL and DEL again", async () => {
  using site = openSite();
  const { lan, cni } = site;
  inside(lan.machine, ...words("ip link add m0.33 link m0 type vlan id 33"));
  inside(lan.machine, ...words("ip addr del 10.0.0.1/24 dev m0"));
  inside(lan.machine, ...words("ip addr add 10.0.0.1/24 dev m0.33"));
  inside(lan.machine, ...words("ip link set m0.33 up"));
  const config = { ...site.base, type: "vlan", vlanId: 33, mtu: 1400 };
  const netns = lan.sandbox();
  const pod = cni.pod("pod1", netns);
  const added = await cni.run("vlan", "ADD", config, pod);
  expect(added).toMatchObject({ exitCode: 0 });
  const [link] = seenLinks(netns);
  expect(link?.linkinfo).toMatchObject({ info_kind: "vlan", info_data: { id: 33 } });
  expect(link?.mtu).toBe(1400);
  expect(parsed(added.stdout).interfaces[0].mac).toBe(link?.address);
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
  const later = { ...config, prevResult: parsed(added.stdout) };
  expect(await cni.run("vlan", "CHECK", later, pod)).toEqual(done);
  const other = await cni.run("vlan", "CHECK", { ...later, vlanId: 34 }, pod);
  expect(parsed(other.stdout).msg).toBe("eth0: it has VLAN 33, not 34");
  expect(await cni.run("vlan", "DEL", later, pod)).toEqual(done);
  expect(await cni.run("vlan", "DEL", later, pod)).toEqual(done);
  expect(seenLinks(netns)).toEqual([]);
});

test("vlan: DEL when the parent is gone frees the address", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const config = { ...site.base, type: "vlan", vlanId: 33 };
  const pod = cni.pod("pod1", lan.sandbox());
  expect((await cni.run("vlan", "ADD", config, pod)).exitCode).toBe(0);
  const file = join(cni.dataDir, "pods", "10.0.0.50");
  expect(existsSync(file)).toBe(true);
  inside(lan.host, "ip", "link", "del", "dev", "p0");
  expect(await cni.run("vlan", "DEL", config, pod)).toEqual(done);
  expect(existsSync(file)).toBe(false);
});

test("vlan: without IPAM, and a tag that is taken already", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const { ipam: _, ...bare } = { ...site.base, type: "vlan", vlanId: 33 };
  const netns = lan.sandbox();
  expect((await cni.run("vlan", "ADD", bare, cni.pod("pod1", netns))).exitCode).toBe(0);
  expect(seenLinks(netns)[0]?.linkinfo?.info_kind).toBe("vlan");
  const second = lan.sandbox();
  const refused = await cni.run("vlan", "ADD", bare, cni.pod("pod2", second));
  expect(refused.exitCode).toBe(1);
  expect(seenLinks(second)).toEqual([]);
});

test("ipvlan: ADD, CHECK, DEL; its MAC is the parent's", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const config = { ...site.base, type: "ipvlan", mode: "l2" };
  const netns = lan.sandbox();
  const pod = cni.pod("pod1", netns);
  const added = await cni.run("ipvlan", "ADD", config, pod);
  expect(added).toMatchObject({ exitCode: 0 });
  const [parent] = seenLinks(lan.host);
  expect(parsed(added.stdout).interfaces[0].mac).toBe(parent?.address);
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
  const later = { ...config, prevResult: parsed(added.stdout) };
  expect(await cni.run("ipvlan", "CHECK", later, pod)).toEqual(done);
  expect(await cni.run("ipvlan", "DEL", later, pod)).toEqual(done);
  expect(seenLinks(netns)).toEqual([]);
});

test("ipvlan in a chain: parent and addresses are those of the plugins before", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const { master: _, ipam: __, ...base } = site.base;
  const prevResult = {
    cniVersion: "1.0.0",
    interfaces: [{ name: "p0", mac: "00:00:00:00:00:01" }],
    ips: [{ interface: 0, address: "10.0.0.66/24", gateway: "10.0.0.1" }],
  };
  const config = { ...base, type: "ipvlan", prevResult };
  const netns = lan.sandbox();
  const pod = cni.pod("pod1", netns);
  const added = await cni.run("ipvlan", "ADD", config, pod);
  expect(added).toMatchObject({ exitCode: 0 });
  expect(seenAddresses(netns, "eth0")).toEqual(["10.0.0.66/24"]);
  expect(parsed(added.stdout).interfaces).toMatchObject([{ name: "eth0", sandbox: pathOf(netns) }]);
  const later = { ...config, prevResult: parsed(added.stdout) };
  expect(await cni.run("ipvlan", "CHECK", later, pod)).toEqual(done);
  expect(await cni.run("ipvlan", "DEL", later, pod)).toEqual(done);
  expect(seenLinks(netns)).toEqual([]);
});

test("macvlan on a VLAN that is made for it: the frames have the tag", async () => {
  using site = openSite();
  const { lan, cni } = site;
  inside(lan.machine, ...words("ip link add m0.44 link m0 type vlan id 44"));
  inside(lan.machine, ...words("ip addr del 10.0.0.1/24 dev m0"));
  inside(lan.machine, ...words("ip addr add 10.0.0.1/24 dev m0.44"));
  inside(lan.machine, ...words("ip link set m0.44 up"));
  const config = { ...site.base, type: "macvlan", vlan: 44 };
  const netns = lan.sandbox();
  const pod = cni.pod("pod1", netns);
  const added = await cni.run("macvlan", "ADD", config, pod);
  expect(added).toMatchObject({ exitCode: 0 });
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
  const later = { ...config, prevResult: parsed(added.stdout) };
  expect(await cni.run("macvlan", "CHECK", later, pod)).toEqual(done);
  expect(await cni.run("macvlan", "DEL", later, pod)).toEqual(done);
});

/**
 * The cases of the reference plugins' own tests.
 *
 * | case of vlan_test.go, in seven versions       | test here                                  |
 * |-----------------------------------------------|--------------------------------------------|
 * | a link with the MTU given                     | a link with its tag and MTU                |
 * | a link with the MTU of its parent             | the MTU of the parent                      |
 * | ADD, CHECK and DEL, and DEL again             | CHECK between ADD and DEL, DEL twice       |
 * | an MTU above the parent's; one below 0        | no link has that MTU: both rows            |
 *
 * | case of ipvlan_test.go, in version 1.0.0      | test here                                  |
 * |-----------------------------------------------|--------------------------------------------|
 * | a link in another namespace                   | a link of that kind, mode and MTU          |
 * | ADD, CHECK and DEL                            | with addresses of its own                  |
 * | the same in a chain                           | with addresses of another plugin           |
 * | DEL of a link that was not configured         | DEL of what is not there                   |
 * | ADD and DEL without a parent                  | without a parent: that of the default route|
 *
 * Each with `linkInContainer` false and true.
 */
let shared: ReturnType<typeof openSite>;
let programs: Programs;
/** The container of each place, with `ip` in it, and in the host's namespace. */
let rooms: Readonly<Record<Place | "host", { netns: NetnsHandle; ip: IpBatch }>>;
beforeAll(async () => {
  shared = openSite();
  const { lan } = shared;
  programs = openPrograms(lan.platform, shared.cni);
  const room = (netns: NetnsHandle) => ({ netns, ip: openIpBatch(netns) });
  rooms = { host: room(lan.host), false: room(lan.sandbox()), true: room(lan.sandbox()) };
  await rooms.true.ip.tell("link add eth1 up type veth peer name far1", "link set far1 up");
});
afterAll(async () => {
  await programs[Symbol.asyncDispose]();
  for (const { ip } of Object.values(rooms)) ip[Symbol.dispose]();
  shared[Symbol.dispose]();
});
beforeEach(() => shared.cni.forget());
// One case that fails is to be one, though all are in the same containers.
afterEach(async () => {
  for (const { ip } of [rooms.false, rooms.true]) {
    const left = (await ip.links()).filter(({ ifname }) => /^(?:eth0|foobar0)$/.test(ifname));
    if (left.length > 0) await ip.tell(...left.map(({ ifname }) => `link del dev ${ifname}`));
  }
});

type Place = "false" | "true";
const places: readonly (readonly [Place])[] = [["false"], ["true"]];
const inPlaces = cells(["false", "true"]) as readonly (readonly [Version, Place])[];

/**
 * Calls of a plugin for the container of a place, with a folder that no other case has. To make a
 * container for each case, and to start `ip` for each look, would take this kernel a minute.
 */
function prepared(plugin: "ipvlan" | "vlan", place: Place, keys: object, ifname = "eth0") {
  const { cni } = shared;
  const isInside = place === "true";
  const parent = isInside ? "eth1" : "p0";
  const dataDir = mkdtempSync(join(cni.dataDir, "net-"));
  const config = {
    ...{ cniVersion: "1.0.0", name: "mynet", type: plugin, master: parent },
    ...{ ipam: { type: "host-local", subnet: "10.1.2.0/24", dataDir } },
    ...{ linkInContainer: isInside, ...keys },
  };
  const env = { ...cni.pod("dummy", rooms[place].netns), CNI_IFNAME: ifname };
  const call = (command: string, more: object = {}) =>
    programs.start(plugin, command, { ...config, ...more }, env);
  const seen = async () => (await rooms[place].ip.links()).find((one) => one.ifname === ifname);
  const held = () =>
    Object.keys(filesIn(join(dataDir, "mynet"))).filter((name) => name.startsWith("10."));
  return { parent, ip: rooms[isInside ? "true" : "host"].ip, call, seen, held };
}

test.each(inPlaces)("vlan %s, %s: a link with its tag and MTU", async (cniVersion, place) => {
  const keys = { cniVersion, vlanId: 33, mtu: 1500 };
  const { seen, call } = prepared("vlan", place, keys, "foobar0");
  expect(await call("ADD")).toMatchObject({ exitCode: 0 });
  expect(await seen()).toMatchObject({
    ...{ mtu: 1500, flags: expect.arrayContaining(["UP"]) },
    linkinfo: { info_kind: "vlan", info_data: { id: 33 } },
  });
  expect(await call("DEL")).toEqual(ended);
});

test.each(inPlaces)("vlan %s, %s: the MTU of the parent", async (cniVersion, place) => {
  const { parent, ip, seen, call } = prepared("vlan", place, { cniVersion, vlanId: 33 });
  const setMtu = (mtu: number) => ip.tell(`link set dev ${parent} mtu ${mtu}`);
  await setMtu(1200);
  try {
    expect(await call("ADD")).toMatchObject({ exitCode: 0 });
    expect((await seen())?.mtu).toBe(1200);
    expect(await call("DEL")).toEqual(ended);
  } finally {
    await setMtu(1500);
  }
});

test.each(inPlaces)(
  "vlan %s, %s: CHECK between ADD and DEL, DEL twice",
  async (cniVersion, place) => {
    const { seen, call, held } = prepared("vlan", place, { cniVersion, vlanId: 1234 });
    const status = await call("STATUS");
    if (isBefore(cniVersion, "1.1.0")) expect(status.said).toMatchObject({ code: 1 });
    else expect(status).toEqual(ended);
    const { said } = await call("ADD");
    expect([addressesIn(said), held()]).toEqual([["10.1.2.2/24"], ["10.1.2.2"]]);
    const link = await seen();
    expect(link?.linkinfo?.info_data).toMatchObject({ id: 1234 });
    if (!isBefore(cniVersion, "0.3.0")) {
      expect(said?.interfaces).toMatchObject([{ name: "eth0", mac: link?.address }]);
    }
    const later = { prevResult: said };
    const checked = await call("CHECK", later);
    if (isBefore(cniVersion, "0.4.0")) {
      const msg = "config version does not allow CHECK";
      expect(checked.said).toMatchObject({ code: 1, msg });
    } else expect(checked).toEqual(ended);
    expect(await call("DEL", later)).toEqual(ended);
    expect(await seen()).toBeUndefined();
    expect(await call("DEL", later)).toEqual(ended);
    expect(held()).toEqual([]);
  },
);

// Theirs tell both in the words of the second; ours of the first is the book's, and says where.
test.each(inPlaces)("vlan %s, %s: no link has that MTU", async (cniVersion, place) => {
  for (const mtu of [1600, -100]) {
    const { parent, seen, call, held } = prepared("vlan", place, {
      cniVersion,
      vlanId: 33,
      mtu,
    });
    const error =
      mtu > 0
        ? { code: 100, msg: `MTU 1600 is larger than the 1500 of ${parent}.` }
        : { code: 7, msg: "invalid MTU -100, must be [0, master MTU]" };
    expect(await call("ADD")).toMatchObject({ exitCode: 1, said: error });
    expect(await seen()).toBeUndefined();
    expect(held()).toEqual([]);
  }
});

test.each(places)("ipvlan, %s: a link of that kind, mode and MTU", async (place) => {
  const { seen, call } = prepared("ipvlan", place, { mode: "l2", mtu: 1500 }, "foobar0");
  expect(await call("ADD")).toMatchObject({ exitCode: 0 });
  expect(await seen()).toMatchObject({
    ...{ mtu: 1500, flags: expect.arrayContaining(["UP"]) },
    linkinfo: { info_kind: "ipvlan", info_data: { mode: "l2" } },
  });
  expect(await call("DEL")).toEqual(ended);
});

const chains = places.flatMap(([place]) => [
  [place, "of its own", {}, "10.1.2.2/24"] as const,
  [place, "of another plugin", { master: undefined, ipam: undefined }, "10.1.2.7/24"] as const,
]);
test.each(chains)("ipvlan, %s: with addresses %s", async (place, _, keys, address) => {
  const { parent, seen, call, held } = prepared("ipvlan", place, keys);
  // In a chain or not: its own addresses come first.
  const before = {
    ...{ cniVersion: "1.0.0", interfaces: [{ name: parent }] },
    ips: [{ address: "10.1.2.7/24", gateway: "10.1.2.1", interface: 0 }],
  };
  const { said } = await call("ADD", { prevResult: before });
  expect(addressesIn(said)).toEqual([address]);
  const link = await seen();
  expect(addressesOf(link)).toEqual([address]);
  const sandbox = pathOf(rooms[place].netns);
  expect(said?.interfaces).toMatchObject([{ name: "eth0", mac: link?.address, sandbox }]);
  const later = { prevResult: said };
  expect(await call("CHECK", later)).toEqual(ended);
  expect(await call("DEL", later)).toEqual(ended);
  expect(await seen()).toBeUndefined();
  expect(held()).toEqual([]);
});

test.each(places)("ipvlan, %s: DEL of what is not there", async (place) => {
  const { seen, call, held } = prepared("ipvlan", place, {});
  expect(await call("DEL")).toEqual(ended);
  expect(await seen()).toBeUndefined();
  expect(held()).toEqual([]);
});

test.each(places)("ipvlan, %s: without a parent: that of the default route", async (place) => {
  const { parent, ip, seen, call } = prepared("ipvlan", place, { master: undefined });
  expect((await call("ADD")).said?.msg).toStartWith("There is no default route");
  await ip.tell(`route add default dev ${parent}`);
  try {
    const { said } = await call("ADD");
    expect(addressesIn(said)).toEqual(["10.1.2.2/24"]);
    const link = (await ip.links()).find(({ ifname }) => ifname === parent);
    // An ipvlan link has the MAC of the one that it hangs on.
    expect((await seen())?.address).toBe(link?.address as string);
    expect(await call("DEL")).toEqual(ended);
    expect(await seen()).toBeUndefined();
  } finally {
    await ip.tell(`route del default dev ${parent}`);
  }
});
