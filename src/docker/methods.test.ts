import { describe, expect, test } from "bun:test";
import { formatRange } from "../addr/index.ts";
import { seconds } from "../base/index.ts";
import { addressesOf, FakeSite } from "./testing.ts";
import {
  both,
  CONTENT_TYPE,
  ENDPOINT,
  endpointBody,
  gatewayRequest,
  joinBody,
  NETWORK,
  networkBody,
  requestPool,
  withNetwork,
} from "./testing-calls.ts";

describe("what every engine asks first", () => {
  const first: readonly (readonly [string, object])[] = [
    ["Plugin.Activate", { Implements: ["NetworkDriver", "IpamDriver"] }],
    [
      "NetworkDriver.GetCapabilities",
      { Scope: "local", ConnectivityScope: "global", GwAllocChecker: true },
    ],
    ["NetworkDriver.GwAllocCheck", { SkipIPv4: true, SkipIPv6: true }],
    ["IpamDriver.GetCapabilities", { RequiresMACAddress: false, RequiresRequestReplay: false }],
    [
      "IpamDriver.GetDefaultAddressSpaces",
      { LocalDefaultAddressSpace: "LandfallLocal", GlobalDefaultAddressSpace: "LandfallGlobal" },
    ],
  ];
  test.each(first)("%s", async (method, answer) => {
    const site = new FakeSite();
    // Docker 20.10 sends no body, later ones null or options.
    for (const body of [undefined, "null", { Options: {} }]) {
      const response = await site.send(method, body);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, CONTENT_TYPE]);
      expect(await response.json()).toEqual(answer);
    }
  });
});

test("a network of Docker 28: no gateway unless one is named", async () => {
  const site = new FakeSite();
  const words = { SubPool: "10.0.0.128/25", aux: { nas: "10.0.0.20", router2: "10.0.0.200" } };
  const { PoolID, data } = await requestPool(site, words);
  const options = { parent: "p0", mtu: "1400", exclude: "10.0.0.130" };
  const body = networkBody([data], options);
  expect(await site.ask("NetworkDriver.CreateNetwork", body)).toEqual({});
  const [network] = site.fake.networks;
  const ranges = (network?.subnets ?? []).map(({ ranges: all, exclusions }) => [
    all.map(formatRange),
    exclusions.map(formatRange),
  ]);
  expect(ranges).toEqual([[["10.0.0.128-10.0.0.255"], ["10.0.0.130", "10.0.0.20", "10.0.0.200"]]]);
  expect(network as unknown).toMatchObject({
    name: "docker-e2184cf2a156",
    parent: "p0",
    driver: { kind: "macvlan", mode: "bridge" },
    mtu: 1400,
    reach: "routed",
    origin: { kind: "docker", id: NETWORK, pools: [{ id: PoolID, prefix: "10.0.0.0/24" }] },
  });
  expect(network?.subnets[0]).not.toHaveProperty("gateway");
  expect(network).not.toHaveProperty("addressing");
});

test("a network of Docker 20.10: it asks for a gateway, and gets the first address", async () => {
  const { site } = await withNetwork({ gateway: "", SubPool: "10.0.0.128/25" });
  expect(site.fake.networks[0]?.subnets[0]?.gateway as string).toBe("10.0.0.1");
});

test("both IP versions, internal, by a name of the user's", async () => {
  const site = new FakeSite();
  const four = await requestPool(site, { gateway: "10.0.0.1" });
  const six = await requestPool(site, { Pool: "fd00::/64", gateway: "fd00::1" });
  const generic = { parent: "p0", name: "lan" };
  const body = {
    NetworkID: NETWORK,
    Options: { "com.docker.network.internal": true, "com.docker.network.generic": generic },
    IPv4Data: [four.data],
    IPv6Data: [six.data],
  };
  expect(await site.ask("NetworkDriver.CreateNetwork", body)).toEqual({});
  expect(site.fake.networks[0] as unknown).toMatchObject({
    name: "lan",
    reach: "internal",
    subnets: [
      { prefix: "10.0.0.0/24", gateway: "10.0.0.1" },
      { prefix: "fd00::/64", gateway: "fd00::1" },
    ],
    origin: { pools: [{ id: four.PoolID }, { id: six.PoolID }] },
  });
});

test("a network without a parent is on no LAN", async () => {
  const { site } = await withNetwork({ gateway: "10.0.0.1" }, {});
  expect(site.fake.networks[0] as unknown).toMatchObject({
    parent: "lfne2184cf2a1",
    parentLink: "made",
    reach: "internal",
  });
});

test("host bits are left out, as Docker's own address manager does", async () => {
  const site = new FakeSite();
  const request = { Pool: "10.0.0.7/24", SubPool: "10.0.0.130/25", Options: null, V6: false };
  const pool = await site.ask("IpamDriver.RequestPool", request);
  expect(pool).toMatchObject({ Pool: "10.0.0.0/24", Data: {} });
  expect(pool.PoolID).toStartWith("landfall1,10.0.0.0/24,10.0.0.128/25,");
});

test("pools of another address manager: addresses are only recorded", async () => {
  const site = new FakeSite();
  const data = { AddressSpace: "LocalDefault", Gateway: "10.0.0.1/24", Pool: "10.0.0.0/24" };
  expect(await site.ask("NetworkDriver.CreateNetwork", networkBody([data]))).toEqual({});
  expect(site.fake.networks[0] as unknown).toMatchObject({
    subnets: [{ prefix: "10.0.0.0/24", gateway: "10.0.0.1", ranges: [] }],
    origin: { pools: [] },
  });
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.128/24"));
  expect(site.fake.endpoints.flatMap(addressesOf) as string[]).toEqual(["10.0.0.128"]);
  expect(site.fake.asked).not.toContainEqual(expect.stringContaining("claim"));
});

test("the null address manager: no addresses that Landfall knows of", async () => {
  const site = new FakeSite();
  const data = { AddressSpace: "null", Pool: "0.0.0.0/0" };
  const body = { ...networkBody([data]), IPv6Data: [{ AddressSpace: "null", Pool: "::/0" }] };
  expect(await site.ask("NetworkDriver.CreateNetwork", body)).toEqual({});
  expect(site.fake.networks[0] as unknown).toMatchObject({ addressing: "none", subnets: [] });
  const answer = await site.ask("NetworkDriver.CreateEndpoint", endpointBody(""));
  expect(answer).toEqual({ Interface: { MacAddress: "02:00:00:00:00:99" } });
});

test("a container's life: each call does its part", async () => {
  const { site, PoolID } = await withNetwork();
  const generic = { parent: "p0", route: "10.9.0.0/16 via 10.0.0.2,10.8.0.0/16" };
  await site.ask("NetworkDriver.DeleteNetwork", { NetworkID: NETWORK });
  const again = await requestPool(site, { gateway: "10.0.0.1" });
  await site.ask("NetworkDriver.CreateNetwork", networkBody([again.data], generic));
  expect(again.PoolID).not.toBe(PoolID);
  site.fake.asked.length = 0;
  const address = { PoolID: again.PoolID, Address: "", Options: null };
  expect(await site.ask("IpamDriver.RequestAddress", address)).toEqual({
    Address: "10.0.0.130/24",
    Data: {},
  });
  expect(await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.130/24"))).toEqual({
    Interface: { MacAddress: "02:00:00:00:00:99" },
  });
  expect(await site.ask("NetworkDriver.Join", joinBody)).toEqual({
    InterfaceName: { SrcName: "lf1", DstPrefix: "eth" },
    Gateway: "10.0.0.1",
    StaticRoutes: [
      { Destination: "10.9.0.0/16", RouteType: 0, NextHop: "10.0.0.2" },
      { Destination: "10.8.0.0/16", RouteType: 1 },
    ],
    DisableGatewayService: true,
  });
  expect(await site.ask("NetworkDriver.ProgramExternalConnectivity", both)).toEqual({});
  expect(await site.ask("NetworkDriver.EndpointOperInfo", both)).toEqual({ Value: {} });
  expect(await site.ask("NetworkDriver.RevokeExternalConnectivity", both)).toEqual({});
  expect(await site.ask("NetworkDriver.Leave", both)).toEqual({});
  expect(await site.ask("NetworkDriver.DeleteEndpoint", both)).toEqual({});
  const release = { PoolID: again.PoolID, Address: "10.0.0.130" };
  expect(await site.ask("IpamDriver.ReleaseAddress", release)).toEqual({});
  expect(site.fake.asked).toEqual([
    "claim docker-e2184cf2a156 10.0.0.0/24 any",
    "prepare docker-e2184cf2a156 10.0.0.130",
    "expect in /var/run/docker/netns/36ad55b6165e",
    "withdraw",
    "give up docker-e2184cf2a156 10.0.0.130",
  ]);
});

test("what Docker gave is not given back: it takes that for a change", async () => {
  const { site } = await withNetwork();
  const Interface = { Address: "10.0.0.50/24", MacAddress: "02:00:00:00:00:50" };
  const answer = await site.ask("NetworkDriver.CreateEndpoint", endpointBody("", { Interface }));
  expect(answer).toEqual({ Interface: {} });
  expect(site.fake.asked.at(-1)).toBe("prepare docker-e2184cf2a156 10.0.0.50 02:00:00:00:00:50");
});

test("a container's name of Docker 29 is the workload; the user's own word goes before it", async () => {
  const { site, PoolID } = await withNetwork();
  const Options = { "com.docker.network.endpoint.name": "web" };
  await site.ask("IpamDriver.RequestAddress", { PoolID, Address: "", Options });
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.130/24"));
  const own = { Options: { workload: "db" }, EndpointID: ENDPOINT.replace("d", "e") };
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.131/24", own));
  expect(site.fake.asked.slice(1)).toEqual([
    "claim docker-e2184cf2a156 10.0.0.0/24 any web",
    "prepare docker-e2184cf2a156 10.0.0.130 web",
    "prepare docker-e2184cf2a156 10.0.0.131 db",
  ]);
  await site.ask("IpamDriver.ReleaseAddress", { PoolID, Address: "10.0.0.130" });
  await site.ask("NetworkDriver.DeleteEndpoint", both);
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.130/24"));
  expect(site.fake.asked.at(-1)).toBe("prepare docker-e2184cf2a156 10.0.0.130");
});

test("a name that is none of ours keeps no container from starting", async () => {
  const { site, PoolID } = await withNetwork();
  const Options = { "com.docker.network.endpoint.name": "/web" };
  const request = { PoolID, Address: "10.0.0.50", Options };
  expect(await site.codeOf("IpamDriver.RequestAddress", request)).toBe("done");
});

test("every call may be repeated", async () => {
  const site = new FakeSite();
  const twice = async (method: string, body: object) => {
    const answers = [await site.ask(method, body), await site.ask(method, body)];
    expect(answers[1]).toEqual(answers[0] ?? {});
    expect(answers[0]).not.toHaveProperty("Err");
  };
  await requestPool(site, { gateway: "10.0.0.1", aux: { nas: "10.0.0.20" } });
  const { PoolID, data } = await requestPool(site, {
    gateway: "10.0.0.1",
    aux: { nas: "10.0.0.20" },
  });
  await twice("IpamDriver.RequestAddress", { PoolID, Address: "", Options: gatewayRequest });
  await twice("IpamDriver.RequestAddress", { PoolID, Address: "10.0.0.20", Options: null });
  await twice("NetworkDriver.CreateNetwork", networkBody([data]));
  await twice("IpamDriver.RequestAddress", { PoolID, Address: "", Options: gatewayRequest });
  await twice("IpamDriver.RequestAddress", {
    PoolID,
    Address: "10.0.0.1",
    Options: gatewayRequest,
  });
  await twice("IpamDriver.RequestAddress", { PoolID, Address: "10.0.0.50", Options: null });
  await twice("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.50/24"));
  await twice("NetworkDriver.Join", joinBody);
  await twice("NetworkDriver.Leave", both);
  await twice("NetworkDriver.DeleteEndpoint", both);
  await twice("IpamDriver.ReleaseAddress", { PoolID, Address: "10.0.0.50" });
  await twice("IpamDriver.ReleaseAddress", { PoolID, Address: "10.0.0.1" });
  await twice("IpamDriver.ReleasePool", { PoolID });
  await twice("NetworkDriver.DeleteNetwork", { NetworkID: NETWORK });
  expect([site.fake.networks, site.fake.endpoints, site.bugs]).toEqual([[], [], []]);
});

test("a network that is created while the same call is at work is made once", async () => {
  const site = new FakeSite();
  const { data } = await requestPool(site);
  const ask = () => site.ask("NetworkDriver.CreateNetwork", networkBody([data]));
  expect(await Promise.all([ask(), ask()])).toEqual([{}, {}]);
  expect(site.fake.networks).toHaveLength(1);
});

test("a name that is taken by another network is refused", async () => {
  const { site } = await withNetwork({ gateway: "10.0.0.1" }, { parent: "p0", name: "lan" });
  const { data } = await requestPool(site, { Pool: "10.1.0.0/24" });
  const body = { ...networkBody([data], { parent: "p0", name: "lan" }), NetworkID: ENDPOINT };
  expect(await site.codeOf("NetworkDriver.CreateNetwork", body)).toBe("LF-NETWORK-EXISTS");
});

describe("a daemon that was restarted", () => {
  test("knows the pools of its networks", async () => {
    const { site, PoolID } = await withNetwork();
    site.restart();
    const request = { PoolID, Address: "10.0.0.50", Options: null };
    expect(await site.ask("IpamDriver.RequestAddress", request)).toMatchObject({
      Address: "10.0.0.50/24",
    });
  });

  test("refuses a network whose pool it does not know, and says to create it again", async () => {
    const site = new FakeSite();
    const { PoolID, data } = await requestPool(site, { gateway: "10.0.0.1" });
    site.restart();
    const answer = await site.ask("NetworkDriver.CreateNetwork", networkBody([data]));
    expect(answer.Err).toMatch(/10\.0\.0\.0\/24 was not asked for.*Create the network \(again\)/);
    const request = { PoolID, Address: "10.0.0.20", Options: null };
    expect(await site.codeOf("IpamDriver.RequestAddress", request)).toBe("LF-DOCKER-POOL");
    // What Docker then gives back.
    expect(
      await site.ask("IpamDriver.ReleaseAddress", { ...request, Address: "10.0.0.1" }),
    ).toEqual({});
    expect(await site.ask("IpamDriver.ReleasePool", { PoolID })).toEqual({});
  });
});

test("a network that was refused leaves nothing, and can be created again", async () => {
  const site = new FakeSite();
  const { PoolID, data } = await requestPool(site, { gateway: "10.0.0.1" });
  const wrong = networkBody([data], { parnet: "p0" });
  expect(await site.codeOf("NetworkDriver.CreateNetwork", wrong)).toBe("LF-DOCKER-OPTION");
  await site.ask("IpamDriver.ReleaseAddress", { PoolID, Address: "10.0.0.1" });
  await site.ask("IpamDriver.ReleasePool", { PoolID });
  expect(site.fake.asked).toEqual([]);
  const second = await requestPool(site, { SubPool: "10.0.0.128/25", gateway: "10.0.0.1" });
  expect(await site.ask("NetworkDriver.CreateNetwork", networkBody([second.data]))).toEqual({});
});

test("a network that Docker does not wait for any more is not kept", async () => {
  const site = new FakeSite();
  const { data } = await requestPool(site);
  const { createNetwork } = site.fake.engine;
  const created = Promise.withResolvers<void>();
  site.fake.engine.createNetwork = async (spec) => {
    await created.promise;
    return await createNetwork(spec);
  };
  const answer = site.codeOf("NetworkDriver.CreateNetwork", networkBody([data]));
  for (let turn = 0; turn < 3; turn++) await Bun.sleep(0);
  await site.clock.pass(seconds(15));
  created.resolve();
  expect(await answer).toBe("LF-CANCELLED");
  expect(site.fake.networks).toEqual([]);
});

test("what was left on a network goes with it, but not what others attached", async () => {
  const { site } = await withNetwork();
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.130/24"));
  const view = site.fake.endpoints[0];
  if (view === undefined) throw new Error("no endpoint");
  const { mover: _, ...sandbox } = view.endpoint.sandbox;
  const foreign = { ...view, endpoint: { ...view.endpoint, sandbox, id: "ep-9" as never } };
  site.fake.endpoints.push(foreign);
  await site.ask("NetworkDriver.DeleteNetwork", { NetworkID: NETWORK });
  expect(site.fake.asked.slice(-2)).toEqual(["detach ep-1", "remove docker-e2184cf2a156"]);
  expect(site.fake.endpoints).toEqual([foreign]);
});

const refusals: readonly (readonly [string, object, string])[] = [
  ["NetworkDriver.AllocateNetwork", { NetworkID: NETWORK }, "LF-DOCKER-SWARM"],
  ["NetworkDriver.FreeNetwork", { NetworkID: NETWORK }, "LF-DOCKER-SWARM"],
  ["NetworkDriver.CreateEndpoint", endpointBody("10.0.0.5/24"), "LF-DOCKER-NETWORK"],
  ["NetworkDriver.Join", joinBody, "LF-ENDPOINT-MISSING"],
  ["NetworkDriver.CreateNetwork", networkBody([]), "done"],
  ["NetworkDriver.CreateNetwork", networkBody([{ Pool: "10.0.0.0" }]), "LF-ADDRESS-INVALID"],
  ["IpamDriver.RequestPool", { Pool: "", V6: false }, "LF-DOCKER-SUBNET"],
  ["IpamDriver.RequestPool", { Pool: "10.0.0.0/24", Options: { lan: "1" } }, "LF-DOCKER-OPTION"],
  ["IpamDriver.RequestPool", { Pool: "10.0.0.0" }, "LF-ADDRESS-INVALID"],
  ["IpamDriver.RequestPool", { Pool: "10.0.0.0/24", SubPool: "10.0.1.0/25" }, "LF-OUTSIDE-SUBNETS"],
  ["IpamDriver.RequestAddress", { PoolID: "p" }, "LF-DOCKER-POOL"],
  ["IpamDriver.RequestAddress", { PoolID: "p", Address: "x" }, "LF-ADDRESS-INVALID"],
  ["IpamDriver.ReleaseAddress", { PoolID: "p", Address: "x" }, "LF-ADDRESS-INVALID"],
  ["IpamDriver.ReleaseAddress", { PoolID: "p" }, "done"],
  ["NetworkDriver.DeleteNetwork", { NetworkID: NETWORK }, "done"],
  ["NetworkDriver.DeleteNetwork", {}, "LF-DOCKER-REPEATED"],
  ["NetworkDriver.DeleteEndpoint", both, "done"],
];

test.each(refusals)("%s %j: %s", async (method, body, code) => {
  const site = new FakeSite();
  expect(await site.codeOf(method, body)).toBe(code);
  expect(site.refused.map((problem) => problem.code as string)).toEqual(
    code === "done" ? [] : [code],
  );
});

test("an endpoint of another driver's network gets no address", async () => {
  const site = new FakeSite();
  const { PoolID } = await requestPool(site);
  const named = { "com.docker.network.endpoint.name": "web" };
  const any = { PoolID, Address: "", Options: null };
  const one = { PoolID, Address: "10.0.0.5", Options: named };
  expect(await site.codeOf("IpamDriver.RequestAddress", any)).toBe("LF-DOCKER-POOL");
  expect(await site.codeOf("IpamDriver.RequestAddress", one)).toBe("LF-DOCKER-POOL");
});

test("the gateway of a network is no other address", async () => {
  const { site, PoolID } = await withNetwork();
  const request = { PoolID, Address: "10.0.0.9", Options: gatewayRequest };
  expect(await site.codeOf("IpamDriver.RequestAddress", request)).toBe("LF-ADDRESS-UNUSABLE");
});
