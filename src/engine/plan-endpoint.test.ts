import { describe, expect, test } from "bun:test";
import type { Ip, Mac } from "../addr/index.ts";
import { defined, mapResult, ok } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  IfName,
  Network,
  OperationId,
  SandboxId,
  WorkloadName,
} from "../domain/index.ts";
import { accepted, ip, prefix } from "../domain/testing.ts";
import { deriveMac } from "../ipam/index.ts";
import { attachOperation, detachOperation } from "./plan-endpoint.ts";
import { type Case, ground, lan, mac, network, plan, planned, salt, seen } from "./testing.ts";

/** An endpoint that is there already, with this MAC address. */
function holder(id: string, of: Network, address: Mac): Endpoint {
  return {
    id: id as EndpointId,
    network: of.id,
    sandbox: { id: `boot/${id}` as SandboxId, path: `/run/netns/${id}` },
    ifname: "eth0" as IfName,
    link: {
      ifindex: 7,
      madeAs: "lfx" as IfName,
      mac: address,
      alias: "landfall:uuid:x" as Endpoint["link"]["alias"],
    },
    addresses: [],
    gateways: [],
    routes: [],
    state: "attached",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

/** What the first draws are; deriveMac has its own tests, against sha256sum. */
const draw = (attempt: number, key = "web"): Mac =>
  deriveMac({ salt, network: lan.id, key, attempt });

const web = { workload: "web" as WorkloadName };

test("an endpoint is all that is known before the kernel is touched", async () => {
  const deps = ground();
  const endpoint = accepted(await plan({ request: web }, deps));
  // The fake's bytes count up in steps of 37 and its clock stands at 1 s.
  expect(endpoint.id as string).toMatch(/^ep-[0-9a-z]{10}$/);
  const name = endpoint.id.slice(3);
  expect(endpoint as object).toEqual({
    id: `ep-${name}`,
    network: "net-lan",
    sandbox: { id: "boot/2", path: "/run/netns/web" },
    ifname: "lan0",
    link: {
      ifindex: endpoint.link.ifindex,
      madeAs: "lan0",
      mac: draw(0),
      alias: `landfall:uuid:ep-${name}`,
    },
    // 10.0.0.100 is the host's own.
    addresses: ["10.0.0.101/24", "fd00::100/64"],
    gateways: ["10.0.0.1", "fd00::1"],
    routes: [],
    state: "attaching",
    createdAt: "1970-01-01T00:00:01.000Z",
    workload: "web",
  });
  expect(endpoint.link.ifindex).toBeGreaterThanOrEqual(2 ** 24);
  const leases = await deps.store.transact((tx) => ok(tx.leases.byEndpoint(endpoint.id)));
  const leased = mapResult(leases, (rows) => rows.map((lease) => lease.address as string));
  expect(accepted(leased)).toEqual(["10.0.0.101", "fd00::100"]);
});

test("the network's MTU goes into the endpoint, and is left out where there is none", async () => {
  const small = { ...lan, mtu: 1400 as NonNullable<Network["mtu"]> };
  expect((await planned({ network: small })).mtu as number | undefined).toBe(1400);
  expect(Object.keys(await planned({}))).not.toContain("mtu");
});

test("a refused address leaves no lease behind", async () => {
  const deps = ground();
  const request = { addresses: [ip("10.0.0.9"), ip("fd00::1")] };
  const refusal = await plan({ request }, deps);
  expect(refusal).toMatchObject({ ok: false, error: { code: "LF-ADDRESS-UNUSABLE" } });
  const leases = await deps.store.transact((tx) => ok(tx.leases.bySegment(lan.segment)));
  expect(accepted(leases)).toEqual([]);
});

describe("default gateways", () => {
  const cases: readonly (readonly [string, Case, readonly string[]])[] = [
    ["both of a dual stack network", {}, ["10.0.0.1", "fd00::1"]],
    [
      "both, asked for where missing",
      { request: { defaultRoute: "when-missing" } },
      ["10.0.0.1", "fd00::1"],
    ],
    ["IPv6's where IPv4 has one already", { seen: { defaultRoutes: [4] } }, ["fd00::1"]],
    ["IPv4's where IPv6 has one already", { seen: { defaultRoutes: [6] } }, ["10.0.0.1"]],
    ["none where both have one", { seen: { defaultRoutes: [6, 4] } }, []],
    ["none when never wanted", { request: { defaultRoute: "never" } }, []],
    ["none on an internal network", { network: { ...lan, reach: "internal" } }, []],
    [
      "none that the network does not have",
      { network: network("bare", { subnets: [prefix("10.0.0.0/24")] }) },
      [],
    ],
    [
      "the one of the subnet that gave the address",
      {
        network: network("two", {
          subnets: [prefix("10.0.0.0/24"), prefix("10.1.0.0/24")],
          gateways: [ip("10.0.0.1"), ip("10.1.0.1")],
        }),
        request: { addresses: [ip("10.1.0.7")] },
      },
      ["10.1.0.1"],
    ],
    [
      "none of another subnet",
      {
        network: network("two", {
          subnets: [prefix("10.0.0.0/24"), prefix("10.1.0.0/24")],
          gateways: [ip("10.0.0.1")],
        }),
        request: { addresses: [ip("10.1.0.7")] },
      },
      [],
    ],
    [
      "one of each IP version, that of the first address",
      {
        network: network("two", {
          subnets: [prefix("10.0.0.0/24"), prefix("10.1.0.0/24")],
          gateways: [ip("10.0.0.1"), ip("10.1.0.1")],
        }),
        request: { addresses: [ip("10.1.0.7"), ip("10.0.0.7")] },
      },
      ["10.1.0.1"],
    ],
  ];

  test.each(cases)("are %s", async (_, given, gateways) => {
    expect((await planned(given)).gateways).toEqual(gateways as readonly Ip[]);
  });
});

describe("the network's routes", () => {
  const routes = [
    { to: prefix("10.8.0.0/16") },
    { to: prefix("10.9.0.0/16"), via: ip("10.0.0.9") },
    { to: prefix("10.7.0.0/16"), via: ip("10.1.0.9") },
    { to: prefix("fd08::/16") },
    { to: prefix("fd09::/16"), via: ip("fd00::9") },
  ];
  const subnets = ["10.0.0.0/24", "10.1.0.0/24", "fd00::/64"].map(prefix);

  test("reach an endpoint in its IP versions, by gateways that it can reach", async () => {
    const targets = async (given: Network, addresses: readonly Ip[]): Promise<string[]> => {
      const endpoint = await planned({ network: given, request: { addresses } });
      return endpoint.routes.map((route) => route.to);
    };
    const dual = network("dual", { subnets, routes });
    const both = ["10.8.0.0/16", "10.9.0.0/16", "fd08::/16", "fd09::/16", "10.1.0.0/24"];
    expect(await targets(dual, [])).toEqual(both);
    const other = ["10.8.0.0/16", "10.7.0.0/16", "fd08::/16", "fd09::/16", "10.0.0.0/24"];
    expect(await targets(dual, [ip("10.1.0.7")])).toEqual(other);
    const old = network("old", { subnets: subnets.slice(0, 2), routes: routes.slice(0, 4) });
    expect(await targets(old, [])).toEqual(["10.8.0.0/16", "10.9.0.0/16", "10.1.0.0/24"]);
  });

  test("are there on an internal network and without default routes, too", async () => {
    const inner = network("inner", { subnets, routes, reach: "internal" });
    const endpoint = await planned({ network: inner, request: { defaultRoute: "never" } });
    const reachable = routes.filter(({ via }) => via !== ip("10.1.0.9"));
    expect(endpoint.routes).toEqual([...reachable, { to: prefix("10.1.0.0/24") }]);
  });
});

describe("the ways to the other subnets of the network", () => {
  const subnets = ["10.0.0.0/24", "10.1.0.0/24", "fd00::/64", "fd01::/64"].map(prefix);
  const gateways = ["10.0.0.1", "fd00::1"].map(ip);
  const [far, far6] = [prefix("10.1.0.0/24"), prefix("fd01::/64")];
  const byRouter = [
    { to: far, via: ip("10.0.0.1") },
    { to: far6, via: ip("fd00::1") },
  ];
  const onLink = [{ to: far }, { to: far6 }];
  const l3 = { kind: "ipvlan", mode: "l3" } as const;
  const own = { to: far, via: ip("10.0.0.77") };
  const cases: readonly (readonly [string, Case, Network["routes"]])[] = [
    ["lead to the router of one's own", { network: network("n", { subnets, gateways }) }, byRouter],
    [
      "do so whatever default routes there are",
      { network: network("n", { subnets, gateways }), request: { defaultRoute: "never" } },
      byRouter,
    ],
    ["are the link where there is no router", { network: network("n", { subnets }) }, onLink],
    [
      "are the link of an internal network",
      { network: network("n", { subnets, gateways, reach: "internal" }) },
      onLink,
    ],
    [
      "are the link where the host routes",
      {
        network: network("n", { subnets, gateways, driver: l3 }),
        request: { defaultRoute: "never" },
      },
      onLink,
    ],
    [
      "are left out where there is an address of it",
      {
        network: network("n", { subnets: subnets.slice(0, 2), gateways: gateways.slice(0, 1) }),
        request: { addresses: [ip("10.0.0.7"), ip("10.1.0.7")] },
      },
      [],
    ],
    [
      "are left out where the network has such a route",
      { network: network("n", { subnets: subnets.slice(0, 2), routes: [own] }) },
      [own],
    ],
  ];

  test.each(cases)("%s", async (_, given, routes) => {
    expect((await planned(given)).routes).toEqual(routes);
  });
});

describe("the MAC address", () => {
  const asked = mac("02:00:00:00:00:01");
  const request = { mac: asked };
  const neighbour = network("neighbour", { subnets: [prefix("10.0.0.0/24")] });
  const elsewhere = network("far", {
    parent: "eth1" as IfName,
    subnets: [prefix("10.0.0.0/24")],
  });

  test("that was asked for is taken when it is free", async () => {
    expect((await planned({ request })).link.mac).toBe(asked);
  });

  test("of the parent is nobody else's", async () => {
    const parent = { ...seen.parent, mac: asked };
    expect(await plan({ request, seen: { parent } })).toMatchObject({
      ok: false,
      error: { code: "LF-MAC-TAKEN", facts: { mac: asked, owner: "the parent eth0" } },
    });
  });

  test("of an endpoint on the same segment is taken, whatever its network", async () => {
    for (const [of, others] of [
      [lan, []],
      [neighbour, [neighbour]],
    ] as const) {
      const endpoints = [holder("ep-1", of, asked)];
      expect(await plan({ request, others, endpoints })).toMatchObject({
        ok: false,
        error: { code: "LF-MAC-TAKEN", facts: { mac: asked, owner: "endpoint ep-1" } },
      });
    }
  });

  test("of an endpoint on another segment is free", async () => {
    const endpoints = [holder("ep-1", elsewhere, asked)];
    const endpoint = await planned({ request, others: [elsewhere], endpoints });
    expect(endpoint.link.mac).toBe(asked);
  });

  test("on both segments is taken, although the other one is found first", async () => {
    const endpoints = [holder("ep-1", elsewhere, asked), holder("ep-2", lan, asked)];
    expect(await plan({ request, others: [elsewhere], endpoints })).toMatchObject({
      ok: false,
      error: { facts: { owner: "endpoint ep-2" } },
    });
  });

  test("is derived from the workload, or else from the first address", async () => {
    expect((await planned({ request: web })).link.mac).toBe(draw(0));
    expect((await planned({})).link.mac).toBe(draw(0, "10.0.0.101/24"));
  });

  test("is drawn again while the one drawn belongs to the parent or to an endpoint", async () => {
    const parent = { ...seen.parent, mac: draw(0) };
    const endpoints = [holder("ep-1", lan, draw(1))];
    const endpoint = await planned({ request: web, seen: { parent }, endpoints });
    expect(endpoint.link.mac).toBe(draw(2));
  });

  test("ends in a refusal when eight draws are taken, which are all there are", async () => {
    const taken = Array.from({ length: 8 }, (_, attempt) =>
      holder(`ep-${attempt}`, lan, draw(attempt)),
    );
    expect(await plan({ request: web, endpoints: taken })).toMatchObject({
      ok: false,
      error: { code: "LF-MAC-TAKEN", facts: { mac: draw(0), owner: "endpoint ep-0" } },
    });
    const seven = await planned({ request: web, endpoints: taken.slice(0, 7) });
    expect(seven.link.mac).toBe(draw(7));
  });
});

const OP = "op-1" as OperationId;

describe("operations", () => {
  test("attaching makes the link, then gives it what the endpoint has", async () => {
    const deps = ground();
    const small = { ...lan, mtu: 1400 as NonNullable<Network["mtu"]> };
    const endpoint = accepted(await plan({ network: small }, deps));
    const operation = attachOperation(deps, OP, { kind: "attach", endpoint, network: small });
    const { link, ifname, addresses, gateways, routes, sandbox } = endpoint;
    expect(operation as object).toEqual({
      id: OP,
      kind: "attach",
      endpoint: endpoint.id,
      network: "net-lan",
      sandbox,
      plan: [
        { kind: "create-link", driver: lan.driver, parent: "eth0", link, mtu: 1400 },
        { kind: "configure-link", link, ifname, addresses, gateways, routes },
      ],
      bootId: "fake-boot",
      // Boot time in ms; others may take the operation for crashed two minutes later.
      startedAt: 1_000,
      deadline: 121_000,
    });
    const without = attachOperation(deps, OP, {
      kind: "attach",
      endpoint: accepted(await plan({})),
      network: lan,
    });
    expect(Object.keys(defined(without.plan[0], "first step"))).not.toContain("mtu");
  });

  test("detaching removes the very link", async () => {
    const deps = ground();
    const endpoint = accepted(await plan({}, deps));
    const operation = detachOperation(deps, OP, endpoint);
    expect(operation).toMatchObject({ kind: "detach", endpoint: endpoint.id, network: lan.id });
    expect(operation.plan).toEqual([{ kind: "remove-link", link: endpoint.link }]);
    expect(operation.id).toBe(OP);
  });
});
