import { describe, expect, test } from "bun:test";
import type { Mac } from "../src/addr/index.ts";
import { millis } from "../src/base/index.ts";
import {
  addLink,
  deleteLink,
  getLink,
  type MacvlanChange,
  openRtnetlink,
  type Request,
  setLink,
} from "../src/netlink/index.ts";
import type { NetnsHandle, Platform } from "../src/platform/index.ts";
import {
  addressContract,
  conversationContract,
  routeContract,
  routeQuestionContract,
} from "./rtnetlink-inet.contract.ts";
import {
  A,
  B,
  br0,
  c0,
  c1,
  child,
  lo,
  mac,
  nobody,
  p0,
  p1,
  World,
} from "./support/kernel-world.ts";
import { must } from "./support/must.ts";

/**
 * What a namespace answers to the messages that Landfall sends: the law for the real kernel and the
 * fake one. Left out, because the fake has none of it: moving links, modes passthru and source,
 * carrier, link-local and loopback addresses, the local table, secondary addresses, neighbours.
 */
export function rtnetlinkContract(name: string, open: () => Platform): void {
  describe(`${name} keeps the rtnetlink contract`, () => {
    linkContract(() => new World(open()));
    changeContract(() => new World(open()));
    macvlanContract(() => new World(open()));
    macContract(() => new World(open()));
    deletionContract(() => new World(open()));
    addressContract(() => new World(open()));
    routeContract(() => new World(open()));
    routeQuestionContract(() => new World(open()));
    conversationContract(() => new World(open()));
  });
}

function linkContract(open: () => World): void {
  test("a new namespace has the loopback link alone, down", () => {
    using world = open();
    const netns = world.create();
    expect(world.names(netns)).toEqual(["lo"]);
    expect(world.link(netns, 1)).toMatchObject({ name: "lo", hardware: 772, state: "down" });
  });

  test("a link is found by name and by ifindex, and nobody's is ENODEV", () => {
    using world = open();
    expect(must(world.talk(world.host).request(getLink({ name: "p1" }))).ifindex).toBe(11);
    expect(world.link(world.host, 11)).toMatchObject({ name: "p1", hardware: 1, mtu: 1500 });
    expect(world.errno(world.host, getLink({ name: "p9" }))).toBe("ENODEV");
    expect(world.errno(world.host, getLink(nobody))).toBe("ENODEV");
  });

  test("the two ends of a veth name each other, also across namespaces", () => {
    using world = open();
    const other = world.create();
    const peer = { name: "m0", ifindex: 5, netns: { fd: other.fd } };
    world.done(world.host, addLink({ kind: "veth", name: "v0", ifindex: 40, peer }));
    expect(world.link(world.host, 10)?.peer).toEqual({ ifindex: 11 });
    expect(world.link(other, 5)).toMatchObject({ name: "m0", peer: { ifindex: 40 } });
    expect(world.link(other, 5)?.peer?.netnsid).toBeDefined();
  });

  test("a name or an ifindex that is taken in the target namespace is EEXIST", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns));
    expect(world.errno(world.host, child(netns, { ifindex: 77 }))).toBe("EEXIST");
    expect(world.errno(world.host, child(netns, { name: "other" }))).toBe("EEXIST");
    expect(world.errno(world.host, addLink({ kind: "bridge", name: "p0" }))).toBe("EEXIST");
    const taken = addLink({ kind: "veth", name: "q", peer: { name: "p1" } });
    expect(world.errno(world.host, taken)).toBe("EEXIST");
    expect(world.names(world.host)).toEqual(["lo", "p0", "p1"]);
  });

  test("the same name and ifindex may stand in two namespaces", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, child(a, { name: "p0", ifindex: 10 }));
    world.done(world.host, child(b, { name: "p0", ifindex: 10 }));
    expect(world.names(a)).toEqual(["lo", "p0"]);
    expect(world.names(b)).toEqual(["lo", "p0"]);
  });

  test("a link without an ifindex of its own gets one that is free", () => {
    using world = open();
    world.done(world.host, addLink({ kind: "bridge", name: "b1" }));
    const made = must(world.talk(world.host).request(getLink({ name: "b1" })));
    expect([1, 10, 11]).not.toContain(made.ifindex);
    expect(made).toMatchObject({ state: "down", mtu: 1500, details: { kind: "bridge" } });
  });
}

function changeContract(open: () => World): void {
  test("name, alias, state, MTU, MAC and IPv4 settings change together", () => {
    using world = open();
    const inet = { arpNotify: 1, rpFilter: 2 };
    const change = { name: "q0", alias: "ours", state: "down", mtu: 1400, mac: A, inet } as const;
    world.done(world.host, setLink({ link: p0, ...change }));
    const seen = world.link(world.host, 10);
    expect(seen).toMatchObject({ name: "q0", alias: "ours", state: "down", mtu: 1400, mac: A });
    expect(seen?.inet).toMatchObject(inet);
    world.done(world.host, setLink({ link: p0, alias: "", inet: { arpNotify: 0 } }));
    expect(world.link(world.host, 10)?.alias).toBeUndefined();
    expect(world.link(world.host, 10)?.inet).toMatchObject({ arpNotify: 0, rpFilter: 2 });
  });

  test("a change of nobody's link is ENODEV, to a taken name EEXIST", () => {
    using world = open();
    expect(world.errno(world.host, setLink({ link: nobody, alias: "x" }))).toBe("ENODEV");
    expect(world.errno(world.host, setLink({ link: p0, name: "p1" }))).toBe("EEXIST");
  });

  test("what was changed before the refused part stays changed", () => {
    using world = open();
    expect(world.errno(world.host, setLink({ link: p0, mtu: 1400, name: "p1" }))).toBe("EEXIST");
    expect(world.link(world.host, 10)).toMatchObject({ name: "p0", mtu: 1400 });
  });

  test("an MTU above that of the parent is EINVAL, on creation and later", () => {
    using world = open();
    const netns = world.create();
    expect(world.errno(world.host, child(netns, { mtu: 1501 }))).toBe("EINVAL");
    world.done(world.host, child(netns, { mtu: 1400 }));
    expect(world.errno(netns, setLink({ link: c0, mtu: 1501 }))).toBe("EINVAL");
    expect(world.errno(world.host, setLink({ link: p0, mtu: 67 }))).toBe("EINVAL");
  });

  test("a parent's lower MTU pulls its children down, and a higher one leaves them", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns));
    expect(world.link(netns, 30)?.mtu).toBe(1500);
    world.done(world.host, setLink({ link: p0, mtu: 1300 }));
    expect(world.link(netns, 30)?.mtu).toBe(1300);
    world.done(world.host, setLink({ link: p0, mtu: 1500 }));
    expect(world.link(netns, 30)?.mtu).toBe(1300);
  });

  test("a bridge has ports: only a bridge, only what is there, and not a parent", () => {
    using world = open();
    const to = (upper: { ifindex: number } | "none") => setLink({ link: p1, upper });
    world.done(world.host, addLink({ kind: "bridge", ...br0 }));
    expect(world.errno(world.host, to(nobody))).toBe("EINVAL");
    expect(world.errno(world.host, to(p0))).toBe("EOPNOTSUPP");
    world.done(world.host, to(br0));
    expect(world.link(world.host, 11)?.upper).toBe(20);
    expect(world.errno(world.host, child(world.host, { parent: p1 }))).toBe("EBUSY");
    world.done(world.host, to("none"));
    expect(world.link(world.host, 11)?.upper).toBeUndefined();
    world.done(world.host, child(world.host, { parent: p1 }));
    expect(world.errno(world.host, to(br0))).toBe("EBUSY");
  });
}

function macvlanContract(open: () => World): void {
  test("a child is born in its namespace, down, and names its parent's namespace", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns, { mac: A, mtu: 1400 }));
    expect(world.link(netns, 30)).toMatchObject({ name: "c0", state: "down", mac: A, mtu: 1400 });
    expect(world.link(netns, 30)?.details).toMatchObject({ kind: "macvlan", mode: "bridge" });
    expect(world.link(netns, 30)?.parent).toMatchObject({ ifindex: 10 });
    expect(world.link(netns, 30)?.parent?.netnsid).toBeDefined();
    world.done(world.host, child(world.host));
    expect(world.link(world.host, 30)?.parent).toEqual({ ifindex: 10 });
  });

  test("a parent that is not there, the loopback and none at all are refused", () => {
    using world = open();
    expect(world.errno(world.host, child(world.host, { parent: nobody }))).toBe("ENODEV");
    expect(world.errno(world.host, child(world.host, { parent: lo }))).toBe("EINVAL");
    expect(world.errno(world.host, withoutParent())).toBe("EINVAL");
    expect(world.names(world.host)).toEqual(["lo", "p0", "p1"]);
  });

  test("a child changes its mode while it lives, and leaving mode source drops the list", () => {
    using world = open();
    const netns = world.create();
    const mode = { kind: "source", allowedMacs: [A] } as const;
    world.done(world.host, child(netns, { mode }));
    const change = (details: Omit<MacvlanChange, "kind">) =>
      world.errno(netns, setLink({ link: c0, details: { kind: "macvlan", ...details } }));
    const seen = () => world.link(netns, 30)?.details;
    expect(seen()).toMatchObject({ mode: "source", macAddresses: [A] });
    expect(change({ allowedMacs: { kind: "replace", macs: [B] } })).toBe("done");
    expect(seen()).toMatchObject({ mode: "source", macAddresses: [B] });
    expect(change({ mode: "private" })).toBe("done");
    expect(change({ mode: "source" })).toBe("done");
    expect(seen()).toMatchObject({ mode: "source" });
    expect(seen()).not.toMatchObject({ macAddresses: [B] });
    expect(change({ mode: "vepa", allowedMacs: { kind: "replace", macs: [A] } })).toBe("EINVAL");
  });

  test("a child of a child is its sibling", () => {
    using world = open();
    world.done(world.host, child(world.host));
    world.done(world.host, child(world.host, { ...c1, parent: c0 }));
    expect(world.link(world.host, 31)?.parent).toEqual({ ifindex: 10 });
  });

  test("the parent's filter has the MACs of children that are up, wherever they are", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, child(a, { mac: A }));
    world.done(world.host, child(b, { mac: B }));
    expect(world.filter()).toEqual([]);
    world.done(a, setLink({ link: c0, state: "up" }));
    world.done(b, setLink({ link: c0, state: "up" }));
    expect([...world.filter()].sort()).toEqual([A, B]);
    world.done(a, setLink({ link: c0, state: "down" }));
    expect(world.filter()).toEqual([B]);
  });

  test("a kind that no driver has is EOPNOTSUPP", () => {
    using world = open();
    const request = addLink({ kind: "bridge", name: "q" });
    const payload = new TextDecoder("latin1").decode(request.payload.bytes);
    const odd = Uint8Array.from(payload.replace("bridge", "brudge"), (c) => c.charCodeAt(0));
    const changed = { ...request, payload: { ...request.payload, bytes: odd } };
    expect(world.errno(world.host, changed)).toBe("EOPNOTSUPP");
  });
}

/** `addLink` cannot say this; the kind's attributes without IFLA_LINK. */
function withoutParent(): Request {
  const request = child({ fd: 0 } as NetnsHandle, { parent: { ifindex: 0x5a5a } });
  const bytes = request.payload.bytes.slice();
  const netns = request.payload.marks.find((mark) => mark.path === "netnsFd");
  const link = request.payload.marks.find((mark) => mark.path === "link");
  // Both become attribute 0x3ffe, which no kernel knows and all ignore.
  for (const mark of [netns, link]) bytes.set([0xfe, 0x3f], (mark?.offset ?? 0) + 2);
  return { ...request, payload: { ...request.payload, bytes } };
}

function macContract(open: () => World): void {
  test("a sibling's MAC may be created, and is EADDRINUSE when the link goes up", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, child(a, { mac: A, state: "up" }));
    world.done(world.host, child(b, { mac: A }));
    expect(world.errno(b, setLink({ link: c0, state: "up" }))).toBe("EADDRINUSE");
    expect(world.link(b, 30)?.state).toBe("down");
    world.done(a, setLink({ link: c0, state: "down" }));
    expect(world.errno(b, setLink({ link: c0, state: "up" }))).toBe("done");
  });

  test("made up at once with a MAC in use, nothing is left behind", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, setLink({ link: p0, mac: A }));
    expect(world.errno(world.host, child(netns, { mac: A, state: "up" }))).toBe("EADDRINUSE");
    expect(world.names(netns)).toEqual(["lo"]);
  });

  test("a MAC cannot be changed to the parent's or to that of a sibling that is up", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, setLink({ link: p0, mac: mac("02:00:00:00:00:01") }));
    world.done(world.host, child(a, { mac: A, state: "up" }));
    world.done(world.host, child(b, { mac: B }));
    const to = (mac: Mac) => world.errno(b, setLink({ link: c0, mac }));
    expect(to(A)).toBe("EADDRINUSE");
    expect(to(mac("02:00:00:00:00:01"))).toBe("EADDRINUSE");
    expect(to(mac("02:00:00:00:00:0c"))).toBe("done");
    world.done(world.host, setLink({ link: p0, mac: mac("02:00:00:00:00:0c") }));
    expect(to(mac("02:00:00:00:00:0c"))).toBe("done");
  });

  test("a group MAC or none is EADDRNOTAVAIL, on creation and later", () => {
    using world = open();
    const group = mac("01:00:5e:00:00:01");
    const zero = mac("00:00:00:00:00:00");
    expect(world.errno(world.host, child(world.host, { mac: group }))).toBe("EADDRNOTAVAIL");
    expect(world.errno(world.host, child(world.host, { mac: zero }))).toBe("EADDRNOTAVAIL");
    world.done(world.host, child(world.host));
    expect(world.errno(world.host, setLink({ link: c0, mac: group }))).toBe("EADDRNOTAVAIL");
  });
}

function deletionContract(open: () => World): void {
  test("nobody's link is ENODEV, the loopback EOPNOTSUPP", () => {
    using world = open();
    expect(world.errno(world.host, deleteLink(nobody))).toBe("ENODEV");
    expect(world.errno(world.host, deleteLink(lo))).toBe("EOPNOTSUPP");
  });

  test("a parent takes its children in every namespace and its veth peer with it", () => {
    using world = open();
    const [a, b] = [world.create(), world.create()];
    world.done(world.host, child(a));
    world.done(world.host, child(b));
    world.done(world.host, deleteLink(p0));
    expect([world.host, a, b].map((netns) => world.names(netns))).toEqual([["lo"], ["lo"], ["lo"]]);
  });

  test("a child leaves its parent and the parent's filter", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns, { mac: A, state: "up" }));
    world.done(netns, deleteLink(c0));
    expect(world.filter()).toEqual([]);
    expect(world.names(world.host)).toEqual(["lo", "p0", "p1"]);
  });

  test("a bridge lets its ports go", () => {
    using world = open();
    world.done(world.host, addLink({ kind: "bridge", ...br0 }));
    world.done(world.host, setLink({ link: p1, upper: br0 }));
    world.done(world.host, deleteLink(br0));
    expect(world.link(world.host, 11)?.upper).toBeUndefined();
  });

  test("a namespace takes its links with it, and what hangs on them", async () => {
    using world = open();
    const netns = must(world.platform.namespaces.create());
    const other = world.create();
    const peer = { name: "m0", netns: { fd: netns.fd } };
    world.done(world.host, addLink({ kind: "veth", name: "v0", ifindex: 40, peer }));
    world.done(world.host, child(other, { parent: { ifindex: 40 } }));
    world.done(world.host, child(netns, { mac: A, state: "up" }));
    netns.close();
    expect(await world.eventually(() => world.link(world.host, 40) === undefined)).toBe(true);
    expect(await world.eventually(() => world.filter().length === 0)).toBe(true);
    expect(world.names(other)).toEqual(["lo"]);
  });

  test("an open socket keeps its namespace", async () => {
    using world = open();
    const netns = must(world.platform.namespaces.create());
    world.done(world.host, child(netns, { mac: A, state: "up" }));
    const talk = must(openRtnetlink(world.platform, netns));
    netns.close();
    await world.platform.clock.sleep(millis(50));
    expect(must(talk.request(getLink(c0))).mac).toBe(A);
    talk.close();
    expect(await world.eventually(() => world.filter().length === 0)).toBe(true);
  });
}
