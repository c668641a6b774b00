/**
 * The cases of the reference plugins' own tests, against our programs: macvlan_test.go. The tests
 * of host-local and static are in cni-upstream-ipam.kernel.test.ts, those of ipvlan and vlan in
 * support/cni-upstream.guest.ts; what is pure lies beside the code (src/cni/conf, src/cni/ipam).
 *
 * | case of macvlan_test.go                       | test here                                  |
 * |-----------------------------------------------|--------------------------------------------|
 * | a link in another namespace                   | a link of that kind, mode and MTU          |
 * | configured and deconfigured by ADD and DEL    | ADD and DEL with an address                |
 * | DEL of a link that was not configured         | DEL of what is not there                   |
 * | layer 2 only, by ADD and DEL                  | a link without addresses                   |
 * | ADD, CHECK and DEL                            | CHECK between ADD and DEL                  |
 * | ADD and DEL without a parent                  | without a parent: that of the default route|
 * | layer 2, MAC of CNI_ARGS                      | the MAC of CNI_ARGS, of runtimeConfig      |
 * | layer 2, MAC of runtimeConfig                 | the same test                              |
 *
 * Each in seven versions, with `linkInContainer` absent, false and true. Ours differs where below
 * 0.3.0 a link has no address: ADD fails, as theirs does, but its link does not stay.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import {
  addressesIn,
  cells,
  done,
  filesIn,
  isBefore,
  openUpstreamSite,
  type UpstreamSite,
  type Version,
} from "./support/cni-upstream.ts";
import { inside, seenAddresses } from "./support/lan.ts";

const all = cells(["absent", "false", "true"]);
const gone = "cannot convert: no valid IP addresses";

let site: UpstreamSite;
beforeAll(() => {
  site = openUpstreamSite();
});
afterAll(() => site[Symbol.asyncDispose]());
// Each case begins with an empty book, or the addresses would go on after those of the last one.
beforeEach(() => site.cni.forget());

function configOf(cniVersion: Version, parent: string, more: object = {}) {
  const dataDir = site.dataDir();
  const ipam = { type: "host-local", subnet: "10.1.2.0/24", dataDir };
  const config = { cniVersion, name: "mynet", type: "macvlan", master: parent, ipam, ...more };
  return { config, files: () => filesIn(join(dataDir, "mynet")) };
}

test.each(all)("%s, %s: a link of that kind, mode and MTU", async (version, place) => {
  const pod = site.pod(place, "foobar0");
  const { config } = configOf(version, pod.parent, { mode: "bridge", mtu: 1500, ...pod.placed });
  expect(await site.start("macvlan", "ADD", config, pod.env)).toMatchObject({ exitCode: 0 });
  expect(pod.seen()).toMatchObject({
    ...{ ifname: "foobar0", mtu: 1500, flags: expect.arrayContaining(["UP"]) },
    linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
  });
  expect(await site.start("macvlan", "DEL", config, pod.env)).toEqual(done);
});

test.each(all)("%s, %s: ADD and DEL with an address", async (version, place) => {
  const pod = site.pod(place);
  const { config, files } = configOf(version, pod.parent, pod.placed);
  const status = await site.start("macvlan", "STATUS", config);
  if (isBefore(version, "1.1.0")) expect(status.said).toMatchObject({ code: 1 });
  else expect(status).toEqual(done);
  const { exitCode, said } = await site.start("macvlan", "ADD", config, pod.env);
  expect([exitCode, said?.cniVersion]).toEqual([0, version]);
  expect(addressesIn(said)).toEqual(["10.1.2.2/24"]);
  expect(seenAddresses(pod.netns, "eth0")).toEqual(["10.1.2.2/24"]);
  const mac = pod.seen()?.address;
  expect(mac).toMatch(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  if (!isBefore(version, "0.3.0")) {
    expect(said?.interfaces).toMatchObject([{ name: "eth0", mac, sandbox: pod.env.CNI_NETNS }]);
  }
  expect(files()).toEqual({ "10.1.2.2": "dummy\r\neth0", "last_reserved_ip.0": "10.1.2.2" });
  expect(await site.start("macvlan", "DEL", config, pod.env)).toEqual(done);
  expect(pod.seen()).toBeUndefined();
  expect(files()).toEqual({ "last_reserved_ip.0": "10.1.2.2" });
});

test.each(all)("%s, %s: DEL of what is not there", async (version, place) => {
  const pod = site.pod(place);
  const { config, files } = configOf(version, pod.parent, pod.placed);
  expect(await site.start("macvlan", "DEL", config, pod.env)).toEqual(done);
  expect(pod.seen()).toBeUndefined();
  expect(files()).toEqual({});
});

test.each(all)("%s, %s: a link without addresses", async (version, place) => {
  const pod = site.pod(place);
  const { config } = configOf(version, pod.parent, { ipam: {}, ...pod.placed });
  const { exitCode, said } = await site.start("macvlan", "ADD", config, pod.env);
  if (isBefore(version, "0.3.0")) {
    expect([exitCode, said]).toEqual([1, expect.objectContaining({ code: 999, msg: gone })]);
    expect(pod.seen()).toBeUndefined();
    return;
  }
  expect(addressesIn(said)).toEqual([]);
  const link = pod.seen();
  expect(link?.flags).toContain("UP");
  expect(said?.interfaces).toMatchObject([{ name: "eth0", mac: link?.address }]);
  expect(seenAddresses(pod.netns, "eth0")).toEqual([]);
  expect(await site.start("macvlan", "DEL", config, pod.env)).toEqual(done);
  expect(pod.seen()).toBeUndefined();
});

test.each(all)("%s, %s: CHECK between ADD and DEL", async (version, place) => {
  const pod = site.pod(place);
  const dataDir = site.dataDir();
  const ranges = [[{ subnet: "10.1.2.0/24", gateway: "10.1.2.1" }]];
  const ipam = { type: "host-local", ranges, dataDir };
  const { config } = configOf(version, pod.parent, { ipam, ...pod.placed });
  const { said } = await site.start("macvlan", "ADD", config, pod.env);
  expect(addressesIn(said)).toEqual(["10.1.2.2/24"]);
  const later = { ...config, prevResult: said };
  const check = () => site.start("macvlan", "CHECK", later, pod.env);
  const first = await check();
  if (isBefore(version, "0.4.0")) {
    const msg = "config version does not allow CHECK";
    expect(first.said).toMatchObject({ code: 1, msg });
  } else {
    expect(first).toEqual(done);
    inside(pod.netns, "ip", "addr", "del", "10.1.2.2/24", "dev", "eth0");
    expect((await check()).said).toMatchObject({ code: 100, msg: "eth0: it lacks 10.1.2.2/24" });
  }
  expect(await site.start("macvlan", "DEL", later, pod.env)).toEqual(done);
  expect(pod.seen()).toBeUndefined();
});

test.each(all)("%s, %s: without a parent: that of the default route", async (version, place) => {
  const pod = site.pod(place);
  const { config } = configOf(version, pod.parent, pod.placed);
  const { master: parent, ...bare } = config;
  const lost = await site.start("macvlan", "ADD", bare, pod.env);
  expect(lost.said?.msg).toStartWith("There is no default route");
  const where = place === "true" ? pod.netns : site.lan.host;
  inside(where, "ip", "route", "add", "default", "dev", parent);
  try {
    const { said } = await site.start("macvlan", "ADD", bare, pod.env);
    expect(addressesIn(said)).toEqual(["10.1.2.2/24"]);
    // The parent's name where it is in the same namespace, its index where it is in another.
    const named = inside(pod.netns, "ip", "-o", "link", "show", "dev", "eth0");
    expect(named).toContain(place === "true" ? `eth0@${parent}:` : "eth0@if");
    expect(await site.start("macvlan", "DEL", bare, pod.env)).toEqual(done);
    expect(pod.seen()).toBeUndefined();
  } finally {
    inside(where, "ip", "route", "del", "default", "dev", parent);
  }
});

const MAC = "c2:11:22:33:44:55";
const wishes = [
  ["CNI_ARGS", {}, { CNI_ARGS: `IgnoreUnknown=true;MAC=${MAC}` }],
  // The key in another spelling, as theirs has it.
  ["runtimeConfig", { RuntimeConfig: { mac: MAC } }, {}],
] as const;
const wished = all.flatMap(([version, place]) =>
  wishes.map(([name, more, env]) => [version, place, name, { more, env }] as const),
);

test.each(wished)("%s, %s: the MAC of %s", async (version, place, _, { more, env }) => {
  const pod = site.pod(place);
  const { config } = configOf(version, pod.parent, { ipam: {}, ...more, ...pod.placed });
  const variables = { ...pod.env, ...env };
  const { said } = await site.start("macvlan", "ADD", config, variables);
  if (isBefore(version, "0.3.0")) {
    expect(said).toMatchObject({ code: 999, msg: gone });
    expect(pod.seen()).toBeUndefined();
    return;
  }
  expect(said?.interfaces).toMatchObject([{ name: "eth0", mac: MAC }]);
  expect(pod.seen()?.address).toBe(MAC);
  expect(await site.start("macvlan", "DEL", config, variables)).toEqual(done);
  expect(pod.seen()).toBeUndefined();
});
