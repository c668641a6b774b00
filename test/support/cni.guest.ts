import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openCniSite } from "./cni-site.ts";
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
