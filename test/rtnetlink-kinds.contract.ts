import { describe, expect, test } from "bun:test";
import {
  addAddress,
  addLink,
  deleteLink,
  type IpvlanChange,
  type NewIpvlan,
  type NewVlan,
  type Request,
  setLink,
} from "../src/netlink/index.ts";
import type { NetnsHandle, Platform } from "../src/platform/index.ts";
import {
  A,
  address,
  B,
  br0,
  c0,
  c1,
  child,
  lo,
  nobody,
  p0,
  p1,
  World,
} from "./support/kernel-world.ts";

const v0 = { ifindex: 50, name: "v0" };
const v1 = { ifindex: 51, name: "v1" };

/**
 * Of ipvlans and vlans, as `rtnetlinkContract` is of the rest. By itself, because not every kernel
 * that the tests run on has these drivers.
 */
export function rtnetlinkKindsContract(name: string, open: () => Platform): void {
  describe(`${name} keeps the rtnetlink contract of ipvlans and vlans`, () => {
    ipvlanPortContract(() => new World(open()));
    ipvlanPlaceContract(() => new World(open()));
    vlanContract(() => new World(open()));
    vlanStateContract(() => new World(open()));
  });
}

type IpvlanWish = Partial<Omit<NewIpvlan, "kind">> & { ifindex?: number; name?: string };

/** Makes the ipvlan c0 of p0 in `netns`. */
function ipvlan(netns: NetnsHandle, change: IpvlanWish = {}): Request {
  const at = { parent: p0, netns: { fd: netns.fd } };
  return addLink({ kind: "ipvlan", ...c0, ...at, mode: "l2", ...change });
}

function ipvlanPortContract(open: () => World): void {
  test("mode and flag are the parent's: the last one set counts for all its ipvlans", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, ipvlan(a, { flag: "private" }));
    expect(world.link(a, 30)?.details).toMatchObject({ mode: "l2", flags: ["private"] });
    world.done(world.host, ipvlan(b, { mode: "l3s" }));
    expect(world.link(a, 30)?.details).toMatchObject({ mode: "l3s", flags: ["private"] });
    const change = (details: Omit<IpvlanChange, "kind">) =>
      world.done(a, setLink({ link: c0, details: { kind: "ipvlan", ...details } }));
    change({ flag: "bridge" });
    expect(world.link(b, 30)?.details).toMatchObject({ mode: "l3s", flags: [] });
    change({ mode: "l3" });
    expect(world.link(b, 30)?.details).toMatchObject({ mode: "l3", flags: [] });
    expect(world.link(b, 30)?.flags).toContain("noArp");
    change({ mode: "l2" });
    expect(world.link(b, 30)?.flags).not.toContain("noArp");
  });

  test("the last ipvlan takes mode and flag with it", () => {
    using world = open();
    world.done(world.host, ipvlan(world.host, { flag: "vepa" }));
    world.done(world.host, deleteLink(c0));
    world.done(world.host, ipvlan(world.host));
    expect(world.link(world.host, 30)?.details).toMatchObject({ mode: "l2", flags: [] });
  });

  test("made elsewhere, with an ifindex, it may have a name that the maker's namespace has", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, ipvlan(netns, { name: p0.name }));
    expect(world.names(netns)).toEqual(["lo", p0.name]);
    expect(world.names(world.host)).toContain(p0.name);
    const macvlan = { kind: "macvlan", mode: { kind: "bridge" }, parent: p1 } as const;
    const where = { name: p1.name, ifindex: 31, netns: { fd: netns.fd } };
    world.done(world.host, addLink({ ...macvlan, ...where }));
    expect(world.names(netns)).toEqual(["lo", p0.name, p1.name]);
  });

  test("an ipvlan has its parent's MAC, follows it, and cannot have another", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, setLink({ link: p0, mac: A }));
    world.done(world.host, ipvlan(netns));
    expect(world.link(netns, 30)?.mac).toBe(A);
    world.done(world.host, setLink({ link: p0, mac: B }));
    expect(world.link(netns, 30)?.mac).toBe(B);
    expect(world.errno(netns, setLink({ link: c0, mac: A }))).toBe("EOPNOTSUPP");
  });

  test("an ipvlan's MTU is its parent's after each change of that, and may be above it", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, ipvlan(netns));
    world.done(netns, setLink({ link: c0, mtu: 1600 }));
    expect(world.link(netns, 30)?.mtu).toBe(1600);
    world.done(world.host, setLink({ link: p0, mtu: 1300 }));
    expect(world.link(netns, 30)?.mtu).toBe(1300);
    world.done(world.host, setLink({ link: p0, mtu: 1400 }));
    expect(world.link(netns, 30)?.mtu).toBe(1400);
  });

  test("an IP address that an ipvlan of the parent has is EADDRINUSE, up or down", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, ipvlan(a));
    world.done(world.host, ipvlan(b));
    const add = (netns: NetnsHandle, text: string) =>
      world.errno(netns, addAddress({ link: c0, address: address(text) }));
    expect([add(a, "10.0.0.9/24"), add(b, "10.0.0.9/16")]).toEqual(["done", "EADDRINUSE"]);
    expect([add(a, "fd00::9/64"), add(b, "fd00::9/64")]).toEqual(["done", "EADDRINUSE"]);
    expect(add(a, "10.0.0.9/24")).toBe("EEXIST");
    world.done(world.host, addAddress({ link: p0, address: address("10.0.0.1/24") }));
    expect(add(b, "10.0.0.1/24")).toBe("done");
  });
}

function ipvlanPlaceContract(open: () => World): void {
  test("macvlans and ipvlans exclude each other on a parent", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns));
    expect(world.errno(world.host, ipvlan(netns, c1))).toBe("EBUSY");
    world.done(netns, deleteLink(c0));
    world.done(world.host, ipvlan(netns));
    expect(world.errno(world.host, child(netns, c1))).toBe("EBUSY");
  });

  test("an ipvlan has no port, loopback or nobody for a parent, and its parent is no port", () => {
    using world = open();
    world.done(world.host, addLink({ kind: "bridge", ...br0 }));
    world.done(world.host, setLink({ link: p1, upper: br0 }));
    const of = (parent: { ifindex: number }) =>
      world.errno(world.host, ipvlan(world.host, { parent }));
    expect([of(p1), of(lo), of(nobody)]).toEqual(["EBUSY", "EINVAL", "ENODEV"]);
    expect(of(p0)).toBe("done");
    expect(world.errno(world.host, setLink({ link: p0, upper: br0 }))).toBe("EBUSY");
    expect(world.errno(world.host, setLink({ link: c0, upper: br0 }))).toBe("EINVAL");
  });

  test("on an ipvlan: another is its sibling, a macvlan EINVAL, a vlan EOPNOTSUPP", () => {
    using world = open();
    world.done(world.host, ipvlan(world.host));
    world.done(world.host, ipvlan(world.host, { ...c1, parent: c0 }));
    expect(world.link(world.host, 31)?.parent).toEqual({ ifindex: 10 });
    expect(world.errno(world.host, child(world.host, { ...v0, parent: c0 }))).toBe("EINVAL");
    expect(world.errno(world.host, tagged(world.host, { parent: c0 }))).toBe("EOPNOTSUPP");
  });

  test("an ipvlan is up on a parent that is down, and goes with it", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, setLink({ link: p0, state: "down" }));
    world.done(world.host, ipvlan(netns));
    world.done(netns, setLink({ link: c0, state: "up" }));
    expect(world.link(netns, 30)?.state).toBe("up");
    world.done(world.host, deleteLink(p0));
    expect(world.names(netns)).toEqual(["lo"]);
  });
}

type VlanWish = Partial<Omit<NewVlan, "kind">> & { ifindex?: number; name?: string; mtu?: number };

/** Makes the vlan v0 of p0 in `netns`, of id 10. */
function tagged(netns: NetnsHandle, change: VlanWish = {}): Request {
  return addLink({ kind: "vlan", ...v0, parent: p0, id: 10, netns: { fd: netns.fd }, ...change });
}

function vlanContract(open: () => World): void {
  test("of a parent, a protocol and an id there is one vlan in all namespaces", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, tagged(a));
    expect(world.link(a, 50)?.details).toMatchObject({ kind: "vlan", protocol: "802.1Q", id: 10 });
    expect(world.errno(world.host, tagged(b))).toBe("EEXIST");
    expect(world.errno(world.host, tagged(b, { protocol: "802.1ad" }))).toBe("done");
    expect(world.errno(world.host, tagged(b, { ...v1, id: 11 }))).toBe("done");
  });

  test("an id above 4094 is ERANGE; the loopback has no vlans", () => {
    using world = open();
    expect(world.errno(world.host, tagged(world.host, { id: 4095 }))).toBe("ERANGE");
    expect(world.errno(world.host, tagged(world.host, { id: 4094 }))).toBe("done");
    expect(world.errno(world.host, tagged(world.host, { ...v1, parent: lo }))).toBe("EOPNOTSUPP");
    expect(world.errno(world.host, tagged(world.host, { ...v1, parent: nobody }))).toBe("ENODEV");
  });

  test("a vlan's MTU is at most its parent's: EINVAL at first, ERANGE later", () => {
    using world = open();
    const netns = world.create();
    expect(world.errno(world.host, tagged(netns, { mtu: 1501 }))).toBe("EINVAL");
    world.done(world.host, tagged(netns));
    expect(world.errno(netns, setLink({ link: v0, mtu: 1501 }))).toBe("ERANGE");
    world.done(world.host, setLink({ link: p0, mtu: 1300 }));
    world.done(world.host, setLink({ link: p0, mtu: 1500 }));
    expect(world.link(netns, 50)?.mtu).toBe(1300);
  });

  test("a vlan follows its parent's MAC while it is up, and takes it when it goes up", () => {
    using world = open();
    const seen = () => world.link(world.host, 50)?.mac;
    world.done(world.host, setLink({ link: p0, mac: A }));
    world.done(world.host, tagged(world.host));
    world.done(world.host, setLink({ link: p0, mac: B }));
    expect(seen()).toBe(A);
    world.done(world.host, setLink({ link: v0, state: "up" }));
    expect(seen()).toBe(B);
    world.done(world.host, setLink({ link: p0, mac: A }));
    expect(seen()).toBe(A);
  });

  test("a vlan that was given a MAC keeps it", () => {
    using world = open();
    world.done(world.host, tagged(world.host));
    world.done(world.host, setLink({ link: v0, mac: B, state: "up" }));
    world.done(world.host, setLink({ link: p0, mac: A }));
    expect(world.link(world.host, 50)?.mac).toBe(B);
    expect(world.filter()).toEqual([B]);
  });

  test("a vlan may be a parent: of a vlan, of a macvlan, of an ipvlan", () => {
    using world = open();
    world.done(world.host, tagged(world.host));
    world.done(world.host, tagged(world.host, { ...v1, parent: v0 }));
    world.done(world.host, child(world.host, { parent: v0 }));
    expect(world.errno(world.host, ipvlan(world.host, { ...c1, parent: v1 }))).toBe("done");
    world.done(world.host, deleteLink(p0));
    expect(world.names(world.host)).toEqual(["lo"]);
  });
}

function vlanStateContract(open: () => World): void {
  test("a vlan goes up only on a parent that is up, and down and up with it", () => {
    using world = open();
    const netns = world.create();
    const parent = (state: "up" | "down") => world.done(world.host, setLink({ link: p0, state }));
    const seen = () => world.link(netns, 50)?.state;
    parent("down");
    world.done(world.host, tagged(netns));
    expect(world.errno(netns, setLink({ link: v0, state: "up" }))).toBe("ENETDOWN");
    // Though nobody has set it up.
    parent("up");
    expect(seen()).toBe("up");
    parent("down");
    expect(seen()).toBe("down");
  });

  test("a vlan with a loose binding is up and down by itself", () => {
    using world = open();
    const netns = world.create();
    const parent = (state: "up" | "down") => world.done(world.host, setLink({ link: p0, state }));
    parent("down");
    world.done(world.host, tagged(netns, { flags: { looseBinding: "on" } }));
    parent("up");
    expect(world.link(netns, 50)?.state).toBe("down");
    world.done(netns, setLink({ link: v0, state: "up" }));
    parent("down");
    expect(world.link(netns, 50)?.state).toBe("up");
  });
}
