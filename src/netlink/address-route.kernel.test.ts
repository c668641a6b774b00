import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestNamespace, testNamespace } from "./fixtures/namespace.ts";
import { interfaceAddress, ip, ip6, mac, must, prefix } from "./fixtures/values.ts";
import {
  addAddress,
  addLink,
  addNeighbour,
  addRoute,
  deleteAddress,
  deleteNeighbour,
  deleteRoute,
  listAddresses,
  listNeighbours,
  listRoutes,
  type Request,
  replaceAddress,
  replaceNeighbour,
  replaceRoute,
  setLink,
} from "./index.ts";

const p0 = { ifindex: 10, name: "p0" };
const p1 = { ifindex: 11, name: "p1" };

let ns: TestNamespace;

beforeAll(() => {
  ns = testNamespace();
  const results = ns.rtnetlink.execute([
    addLink({ kind: "veth", ...p0, peer: p1 }),
    setLink({ link: p0, state: "up", addrGenMode: "none" }),
    setLink({ link: p1, state: "up", addrGenMode: "none" }),
  ]);
  expect(results.filter((result) => !result.ok)).toEqual([]);
});
afterAll(() => ns[Symbol.dispose]());

const done = (request: Request) => must(ns.rtnetlink.request(request));
const errnoOf = (request: Request): string => {
  const result = ns.rtnetlink.request(request);
  return result.ok ? "" : result.error.errno;
};
/** The addresses of p0 that ip sees. */
const seen = () => ns.ip("addr", "show", "dev", "p0")[0]?.addr_info as Record<string, unknown>[];

describe("addresses", () => {
  test("IPv4 with broadcast, replaced and removed, is what ip sees", () => {
    const address = {
      link: p0,
      address: interfaceAddress("10.0.0.1/24"),
      broadcast: ip("10.0.0.255"),
    };
    done(addAddress(address));
    expect(seen()).toMatchObject([{ local: "10.0.0.1", prefixlen: 24, broadcast: "10.0.0.255" }]);
    expect(errnoOf(addAddress(address))).toBe("EEXIST");
    done(replaceAddress(address));
    expect(must(ns.rtnetlink.dump(listAddresses(4)))).toMatchObject([
      { ifindex: 10, address: "10.0.0.1/24", broadcast: "10.0.0.255", flags: ["permanent"] },
    ]);
    done(deleteAddress(address));
    expect(seen()).toEqual([]);
    expect(errnoOf(deleteAddress(address))).toBe("EADDRNOTAVAIL");
  });

  test("a point-to-point address has its peer", () => {
    const address = { link: p0, address: interfaceAddress("10.1.0.1/32"), peer: ip("10.1.0.2") };
    done(addAddress(address));
    expect(seen()).toMatchObject([{ local: "10.1.0.1", address: "10.1.0.2", prefixlen: 32 }]);
    done(deleteAddress(address));
    expect(seen()).toEqual([]);
  });

  test("IPv6 without duplicate address detection and without a route", () => {
    const address = {
      link: p0,
      address: interfaceAddress("fd00::1/64"),
      flags: ["nodad", "noprefixroute"],
    } as const;
    done(addAddress(address));
    expect(seen()).toMatchObject([{ local: "fd00::1", nodad: true, noprefixroute: true }]);
    expect(must(ns.rtnetlink.dump(listAddresses(6)))[0]?.flags).toEqual([
      "nodad",
      "permanent",
      "noprefixroute",
    ]);
    expect(ns.ip("-6", "route", "show", "fd00::/64")).toEqual([]);
    done(deleteAddress(address));
  });

  test("of a link that is not there are ENODEV", () => {
    const link = { ifindex: 999 };
    expect(errnoOf(addAddress({ link, address: interfaceAddress("10.0.0.1/24") }))).toBe("ENODEV");
  });
});

describe("routes", () => {
  beforeAll(() => done(addAddress({ link: p0, address: interfaceAddress("10.0.0.1/24") })));

  test("default, by gateway, source and metric, is what ip sees", () => {
    const route = {
      to: prefix("0.0.0.0/0"),
      gateway: ip("10.0.0.254"),
      source: ip("10.0.0.1"),
      metric: 7,
    };
    done(addRoute(route));
    expect(ns.ip("route", "show", "default")).toMatchObject([
      { gateway: "10.0.0.254", dev: "p0", prefsrc: "10.0.0.1", metric: 7, protocol: "static" },
    ]);
    expect(errnoOf(addRoute(route))).toBe("EEXIST");
    done(deleteRoute({ to: route.to }));
    expect(ns.ip("route", "show", "default")).toEqual([]);
    expect(errnoOf(deleteRoute({ to: route.to }))).toBe("ESRCH");
  });

  test("by link alone, replaced, in a table of its own", () => {
    const route = { to: prefix("10.9.0.0/16"), link: p0, table: 1000 };
    done(addRoute(route));
    done(replaceRoute({ ...route, gateway: ip("10.7.7.7"), flags: ["onlink"] }));
    expect(ns.ip("route", "show", "table", "1000")).toMatchObject([
      { dst: "10.9.0.0/16", gateway: "10.7.7.7", dev: "p0", flags: ["onlink"] },
    ]);
    expect(
      must(ns.rtnetlink.dump(listRoutes(4))).find((found) => found.table === 1000),
    ).toMatchObject({ to: "10.9.0.0/16", gateway: "10.7.7.7", ifindex: 10, flags: ["onlink"] });
    done(deleteRoute(route));
  });

  test("IPv6 by gateway", () => {
    done(addRoute({ to: prefix("fd01::/64"), link: p0 }));
    done(addRoute({ to: prefix("::/0"), gateway: ip6("fd01::1"), link: p0, metric: 5 }));
    expect(ns.ip("-6", "route", "show", "default")).toMatchObject([
      { gateway: "fd01::1", dev: "p0", metric: 5 },
    ]);
    done(deleteRoute({ to: prefix("::/0"), gateway: ip6("fd01::1") }));
  });

  test("by an unreachable gateway, or a link that is down, are refused with its words", () => {
    const refused = ns.rtnetlink.request(
      addRoute({ to: prefix("10.8.0.0/16"), gateway: ip("172.16.0.1") }),
    );
    expect(refused).toMatchObject({
      error: { errno: "ENETUNREACH", message: "Nexthop has invalid gateway" },
    });
    done(setLink({ link: p1, state: "down" }));
    expect(errnoOf(addRoute({ to: prefix("10.8.0.0/16"), link: p1 }))).toBe("ENETDOWN");
    done(setLink({ link: p1, state: "up" }));
  });

  test("a list of routes is as long as ip's", () => {
    const count = (list: readonly unknown[]) => list.length;
    expect(count(must(ns.rtnetlink.dump(listRoutes(4))))).toBe(
      count(ns.ip("-4", "route", "show", "table", "all")),
    );
  });
});

test("neighbours are what ip sees", () => {
  const neighbour = { link: p0, ip: ip("10.0.0.9"), mac: mac("02:00:00:00:00:09") };
  done(addNeighbour(neighbour));
  expect(errnoOf(addNeighbour(neighbour))).toBe("EEXIST");
  done(replaceNeighbour({ ...neighbour, mac: mac("02:00:00:00:00:0a") }));
  expect(ns.ip("neigh", "show", "dev", "p0")).toMatchObject([
    { dst: "10.0.0.9", lladdr: "02:00:00:00:00:0a", state: ["PERMANENT"] },
  ]);
  expect(must(ns.rtnetlink.dump(listNeighbours(4)))).toMatchObject([
    { ifindex: 10, ip: "10.0.0.9", mac: "02:00:00:00:00:0a", states: ["permanent"] },
  ]);
  done(deleteNeighbour(neighbour));
  expect(ns.ip("neigh", "show", "dev", "p0")).toEqual([]);
  expect(errnoOf(deleteNeighbour(neighbour))).toBe("ENOENT");
});

test("one send brings a link up, addresses it and routes by it", () => {
  const link = { ifindex: 30, name: "m0" };
  const results = ns.rtnetlink.execute([
    addLink({ kind: "macvlan", ...link, parent: p0, mode: { kind: "bridge" }, state: "up" }),
    addAddress({ link, address: interfaceAddress("10.5.0.2/24") }),
    addRoute({ to: prefix("10.6.0.0/16"), gateway: ip("10.5.0.1") }),
  ]);
  expect(results.map((result) => result.ok)).toEqual([true, true, true]);
  expect(ns.ip("route", "show", "10.6.0.0/16")).toMatchObject([{ gateway: "10.5.0.1", dev: "m0" }]);
});
