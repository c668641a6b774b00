import { expect, test } from "bun:test";
import {
  addAddress,
  addLink,
  addNeighbour,
  addRoute,
  deleteAddress,
  deleteLink,
  deleteRoute,
  getLink,
  getRoute,
  listAddressesOf,
  listLinks,
  listMainRoutes,
  openRtnetlink,
  type RouteFilter,
  replaceAddress,
  replaceRoute,
  setLink,
} from "../src/netlink/index.ts";
import {
  A,
  address,
  c0,
  child,
  ip,
  nobody,
  p0,
  p1,
  prefix,
  type World,
} from "./support/kernel-world.ts";
import { must } from "./support/must.ts";

/** Addresses and the connected routes that come with them. */
export function addressContract(open: () => World): void {
  test("an address brings its connected route while the link is up", () => {
    using world = open();
    world.done(world.host, addAddress({ link: p0, address: address("10.0.0.1/24") }));
    world.done(world.host, addAddress({ link: p0, address: address("10.9.0.1/32") }));
    expect([...world.addresses(world.host)].sort()).toEqual(["10 10.0.0.1/24", "10 10.9.0.1/32"]);
    expect(world.routes(world.host)).toEqual(["10.0.0.0/24 10 kernel"]);
    world.done(world.host, setLink({ link: p0, state: "down" }));
    expect(world.routes(world.host)).toEqual([]);
    expect(world.addresses(world.host)).toHaveLength(2);
    world.done(world.host, setLink({ link: p0, state: "up" }));
    expect(world.routes(world.host)).toEqual(["10.0.0.0/24 10 kernel"]);
  });

  test("an IPv6 address does not outlive the link's being up", () => {
    using world = open();
    world.done(world.host, addAddress({ link: p0, address: address("fd00::1/64") }));
    expect(world.addresses(world.host)).toEqual(["10 fd00::1/64"]);
    expect(world.routes(world.host)).toEqual(["fd00::/64 10 kernel"]);
    world.done(world.host, setLink({ link: p0, state: "down" }));
    expect([world.addresses(world.host), world.routes(world.host)]).toEqual([[], []]);
  });

  test("the addresses of one link come without those of the others", () => {
    using world = open();
    world.done(world.host, addAddress({ link: p0, address: address("10.0.0.1/24") }));
    world.done(world.host, addAddress({ link: p0, address: address("fd00::1/64") }));
    world.done(world.host, addAddress({ link: p1, address: address("10.0.1.1/24") }));
    const listed = must(world.talk(world.host).dump(listAddressesOf(p0)));
    const own = listed.map((row) => row.address).filter((text) => !text.startsWith("fe80:"));
    expect(own.toSorted()).toEqual([address("10.0.0.1/24"), address("fd00::1/64")]);
    const none = world.talk(world.host).dump(listAddressesOf(nobody));
    expect(none.ok ? "done" : none.error.errno).toBe("ENODEV");
  });

  test("the same address again is EEXIST, unless it is replaced", () => {
    using world = open();
    for (const text of ["10.0.0.1/24", "fd00::1/64"]) {
      const wish = { link: p0, address: address(text) };
      world.done(world.host, addAddress(wish));
      expect(world.errno(world.host, addAddress(wish))).toBe("EEXIST");
      expect(world.errno(world.host, replaceAddress(wish))).toBe("done");
    }
    const other = { link: p0, address: address("10.0.0.1/16") };
    expect(world.errno(world.host, addAddress(other))).toBe("done");
    expect(world.errno(world.host, addAddress({ ...other, link: nobody }))).toBe("ENODEV");
  });

  test("a deleted address takes its route; one that is not there is EADDRNOTAVAIL", () => {
    using world = open();
    const wish = { link: p0, address: address("10.0.0.1/24") };
    const other = { link: p0, address: address("10.0.1.1/24") };
    world.done(world.host, addAddress(wish));
    world.done(world.host, addAddress(other));
    world.done(world.host, addRoute({ to: prefix("192.0.2.0/24"), link: p0 }));
    world.done(world.host, deleteAddress(other));
    expect(world.routes(world.host)).toEqual(["10.0.0.0/24 10 kernel", "192.0.2.0/24 10 static"]);
    // The last one takes every IPv4 route of the link with it.
    world.done(world.host, deleteAddress(wish));
    expect([world.addresses(world.host), world.routes(world.host)]).toEqual([[], []]);
    expect(world.errno(world.host, deleteAddress(wish))).toBe("EADDRNOTAVAIL");
  });
}

/** Routes that are added to the main table. */
export function routeContract(open: () => World): void {
  const everything = prefix("0.0.0.0/0");

  function addressed(): World {
    const world = open();
    world.done(world.host, addAddress({ link: p0, address: address("10.0.0.1/24") }));
    world.done(world.host, addAddress({ link: p0, address: address("fd00::1/64") }));
    return world;
  }
  const added = (world: World) =>
    world.routes(world.host).filter((route) => route.endsWith("static"));

  test("routes by a gateway, with or without a link, and by a link alone", () => {
    using world = addressed();
    world.done(world.host, addRoute({ to: everything, gateway: ip("10.0.0.254") }));
    world.done(world.host, addRoute({ to: prefix("192.0.2.0/24"), link: p0 }));
    world.done(world.host, addRoute({ to: prefix("::/0"), gateway: ip("fd00::9"), link: p0 }));
    expect([...added(world)].sort()).toEqual([
      "0.0.0.0/0 via 10.0.0.254 10 static",
      "192.0.2.0/24 10 static",
      "::/0 via fd00::9 10 static",
    ]);
  });

  test("a gateway that is not on the link is refused", () => {
    using world = addressed();
    const by = (to: string, gateway: string) =>
      world.errno(world.host, addRoute({ to: prefix(to), gateway: ip(gateway), link: p0 }));
    expect(by("0.0.0.0/0", "10.0.1.1")).toBe("ENETUNREACH");
    expect(by("::/0", "fd01::1")).toBe("EHOSTUNREACH");
    const anyLink = addRoute({ to: everything, gateway: ip("10.0.1.1") });
    expect(world.errno(world.host, anyLink)).toBe("ENETUNREACH");
    world.done(world.host, addRoute({ to: prefix("10.0.1.0/24"), link: p0 }));
    expect(by("0.0.0.0/0", "10.0.1.1")).toBe("done");
    const wrongLink = addRoute({ to: prefix("10.3.0.0/16"), gateway: ip("10.0.0.9"), link: p1 });
    expect(world.errno(world.host, wrongLink)).toBe("ENETUNREACH");
    // Routes by a gateway do not count, neither against it nor for it.
    expect(by("10.0.0.128/25", "10.0.0.9")).toBe("done");
    expect(by("10.3.0.0/16", "10.0.0.200")).toBe("done");
    expect(by("192.0.2.0/24", "172.16.0.1")).toBe("ENETUNREACH");
  });

  test("a link that is down has no routes, loses those it had and takes none", () => {
    using world = addressed();
    world.done(world.host, addRoute({ to: everything, gateway: ip("10.0.0.254"), link: p0 }));
    world.done(world.host, setLink({ link: p0, state: "down" }));
    expect(world.routes(world.host)).toEqual([]);
    const byLink = addRoute({ to: prefix("192.0.2.0/24"), link: p0 });
    expect(world.errno(world.host, byLink)).toBe("ENETDOWN");
    world.done(world.host, setLink({ link: p0, state: "up" }));
    expect(world.routes(world.host)).toEqual(["10.0.0.0/24 10 kernel"]);
  });

  test("the same prefix and metric again is EEXIST, unless it is replaced", () => {
    using world = addressed();
    const route = { to: everything, gateway: ip("10.0.0.254"), link: p0 };
    world.done(world.host, addRoute(route));
    const other = { ...route, gateway: ip("10.0.0.253") };
    expect(world.errno(world.host, addRoute(other))).toBe("EEXIST");
    expect(world.errno(world.host, addRoute({ ...other, metric: 5 }))).toBe("done");
    world.done(world.host, replaceRoute(other));
    expect([...added(world)].sort()).toEqual([
      "0.0.0.0/0 via 10.0.0.253 10 static",
      "0.0.0.0/0 via 10.0.0.253 10 static",
    ]);
    expect(world.errno(world.host, addRoute({ to: everything, link: nobody }))).toBe("ENODEV");
  });

  test("a deleted route is gone; one that is not there is ESRCH", () => {
    using world = addressed();
    world.done(world.host, addRoute({ to: everything, gateway: ip("10.0.0.254") }));
    const wrong = deleteRoute({ to: everything, gateway: ip("10.0.0.253") });
    expect(world.errno(world.host, wrong)).toBe("ESRCH");
    world.done(world.host, deleteRoute({ to: everything }));
    expect(added(world)).toEqual([]);
    expect(world.errno(world.host, deleteRoute({ to: everything }))).toBe("ESRCH");
  });
}

/** Questions about routes that do not list them all. */
export function routeQuestionContract(open: () => World): void {
  test("the route to an address is the longest, as it stands in the table", () => {
    using world = open();
    const netns = world.create();
    const way = (to: string) => {
      const found = world.talk(netns).request(getRoute(ip(to)));
      return found.ok ? `${found.value.to} ${found.value.ifindex}` : found.error.errno;
    };
    world.done(world.host, child(netns));
    expect([way("192.0.2.1"), way("2001:db8::1")]).toEqual(["ENETUNREACH", "ENETUNREACH"]);
    for (const text of ["10.0.0.2/24", "fd00::2/64"]) {
      world.done(netns, addAddress({ link: c0, address: address(text), flags: ["nodad"] }));
    }
    world.done(netns, setLink({ link: c0, state: "up" }));
    for (const text of ["0.0.0.0/0", "::/0"]) {
      world.done(netns, addRoute({ to: prefix(text), link: c0 }));
    }
    expect([way("192.0.2.1"), way("2001:db8::1")]).toEqual(["0.0.0.0/0 30", "::/0 30"]);
    expect(way("10.0.0.9")).toBe("10.0.0.0/24 30");
  });

  test("the main routes can be those of one link, and of one IP version", () => {
    using world = open();
    world.done(world.host, addAddress({ link: p0, address: address("10.0.0.1/24") }));
    world.done(world.host, addAddress({ link: p0, address: address("fd00::1/64") }));
    const list = (filter: RouteFilter) => {
      const rows = must(world.talk(world.host).dump(listMainRoutes(filter)));
      return rows.filter((row) => row.to !== "fe80::/64").map((row) => `${row.to} ${row.ifindex}`);
    };
    const none = world.talk(world.host).dump(listMainRoutes({ link: nobody }));
    expect(none).toMatchObject({ error: { errno: "ENODEV" } });
    const empty = world.talk(world.create());
    expect(empty.dump(listMainRoutes({ version: 4 }))).toMatchObject({
      error: { errno: "ENOENT" },
    });
    expect(must(empty.dump(listMainRoutes({ version: 6 })))).toEqual([]);
    expect(must(empty.dump(listMainRoutes()))).toEqual([]);
    expect(list({ link: p1 })).toEqual([]);
    expect(list({ link: p0, version: 4 })).toEqual(["10.0.0.0/24 10"]);
    expect(list({ version: 4 })).toEqual(["10.0.0.0/24 10"]);
  });
}

/** How requests and answers belong together. */
export function conversationContract(open: () => World): void {
  test("messages of one send are done in order, and a refused one does not stop the next", () => {
    using world = open();
    const netns = world.create();
    world.done(world.host, child(netns));
    const gateway = ip("10.0.0.254");
    const results = world
      .talk(netns)
      .execute([
        setLink({ link: c0, name: "eth0" }),
        addAddress({ link: c0, address: address("10.0.0.2/24") }),
        addAddress({ link: nobody, address: address("10.0.0.3/24") }),
        setLink({ link: c0, state: "up" }),
        addRoute({ to: prefix("0.0.0.0/0"), gateway }),
      ]);
    const outcomes = results.map((result) => (result.ok ? "done" : result.error.errno));
    expect(outcomes).toEqual(["done", "done", "ENODEV", "done", "done"]);
    expect(world.routes(netns)).toContain("0.0.0.0/0 via 10.0.0.254 30 static");
  });

  test("a list of many links comes whole, in order of their ifindex", () => {
    using world = open();
    const netns = world.create();
    const wanted = Array.from({ length: 25 }, (_, i) => ({ name: `b${i}`, ifindex: 100 + i }));
    for (const link of wanted) world.done(netns, addLink({ kind: "bridge", ...link }));
    expect(world.names(netns)).toEqual(["lo", ...wanted.map((link) => link.name)]);
  });

  test("two conversations about one namespace do not mix their answers", () => {
    using world = open();
    const other = must(openRtnetlink(world.platform, world.host));
    expect(must(other.request(getLink(p0))).name).toBe("p0");
    expect(must(world.talk(world.host).request(getLink(p1))).name).toBe("p1");
    expect(must(other.dump(listLinks()))).toHaveLength(3);
    other.close();
    expect(other.request(getLink(p0)).ok).toBe(false);
  });

  test("a request that makes no sense is refused and answered", () => {
    using world = open();
    const spec = { link: nobody, ip: ip("10.0.0.9"), mac: A };
    expect(world.errno(world.host, addNeighbour(spec))).not.toBe("done");
    const odd = { ...deleteLink(p0), type: 1000 };
    expect(world.errno(world.host, odd)).toBe("EOPNOTSUPP");
  });
}
