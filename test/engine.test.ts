import { describe, expect, test } from "bun:test";
import { parseIp, parseMac, parsePrefix } from "../src/addr/index.ts";
import type { EndpointId, IfName, NetworkName } from "../src/domain/index.ts";
import { addLink, addRoute, deleteLink, setLink } from "../src/netlink/index.ts";
import {
  bookOf,
  childrenIn,
  expectRefusal,
  type FakeHost,
  type NetworkWords,
  network,
  openFakeHost,
  request,
} from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";

const ip = (text: string) => must(parseIp(text));
const mac = (text: string) => must(parseMac(text));
const prefix = (text: string) => must(parsePrefix(text));
const p0 = { ifindex: 2, name: "p0" };

const create = (host: FakeHost, words: NetworkWords = {}) =>
  host.engine.createNetwork(network(words));
const remove = (host: FakeHost, name: string) => host.engine.removeNetwork(name as NetworkName);

/** A host that has the network "lan" already. */
async function hostWithLan(words: NetworkWords = {}): Promise<FakeHost> {
  const host = openFakeHost();
  must(await create(host, words));
  return host;
}

describe("a network is refused", () => {
  test("on the loopback", async () => {
    using host = openFakeHost();
    const problem = await expectRefusal(host, "LF-PARENT-LOOPBACK", () =>
      create(host, { parent: "lo" }),
    );
    expect(problem?.facts.parent).toBe("lo");
  });

  test("on a bridge port, with the bridge as the way out", async () => {
    using host = openFakeHost();
    const br0 = { ifindex: 9, name: "br0" };
    const port = setLink({ link: p0, upper: br0 });
    host.run(host.netns, addLink({ kind: "bridge", ...br0 }), port);
    const problem = await expectRefusal(host, "LF-PARENT-BUSY", () => create(host));
    expect(problem?.facts).toMatchObject({ use: "a port of the bridge br0", instead: "br0" });
  });

  test("on a macvlan, whose own parent is taken where that is here", async () => {
    using host = openFakeHost();
    const other = host.sandbox();
    const link = { kind: "macvlan", parent: p0, mode: { kind: "bridge" }, name: "m9" } as const;
    host.run(host.netns, addLink(link));
    const { network, warnings } = must(await create(host, { parent: "m9" }));
    expect([network.parent, network.segment].map(String)).toEqual(["p0", "p0"]);
    expect(warnings?.map(({ code, facts }) => [code, facts])).toEqual([
      ["LF-PARENT-RESOLVED", { parent: "m9", kind: "macvlan", real: "p0" }],
    ]);
    // Theirs has the ifindex of p1, which it must not be taken for.
    const far = { ...link, parent: { ifindex: 3 }, netns: { fd: host.netns.fd }, name: "m8" };
    const theirs = addLink({ kind: "veth", name: "q0", ifindex: 3, peer: { name: "q1" } });
    host.run(other, theirs, addLink(far));
    const strange = () => create(host, { parent: "m8" });
    expect((await expectRefusal(host, "LF-PARENT-BUSY", strange))?.facts.instead).toBe(undefined);
  });

  test("with an MTU above the parent's", async () => {
    using host = openFakeHost();
    const problem = await expectRefusal(host, "LF-MTU-TOO-LARGE", () =>
      create(host, { mtu: 1501 }),
    );
    expect(problem?.facts).toMatchObject({ mtu: 1501, parentMtu: 1500 });
    expect(codeOf(await create(host, { mtu: 1500 }))).toBe("done");
  });

  test("with a name that is taken", async () => {
    using host = await hostWithLan();
    const again = () => create(host, { parent: "p1", subnets: ["10.1.0.0/24"] });
    const problem = await expectRefusal(host, "LF-NETWORK-EXISTS", again);
    expect(problem?.facts).toEqual({ network: "lan" });
  });
});

describe("a subnet", () => {
  test("that overlaps another network's on the segment is refused, naming both", async () => {
    using host = await hostWithLan();
    const wider = { name: "wide", subnets: ["10.0.0.0/16"] };
    const problem = await expectRefusal(host, "LF-SUBNET-CONFLICT", () => create(host, wider));
    expect(problem?.facts).toMatchObject({
      prefix: "10.0.0.0/16",
      other: "10.0.0.0/24",
      network: "lan",
      segment: "p0",
    });
  });

  test("may be shared on a segment, and be there again on another one", async () => {
    using host = openFakeHost();
    const subnets = ["172.20.0.0/24"];
    expect(codeOf(await create(host, { subnets }))).toBe("done");
    expect(codeOf(await create(host, { name: "same", subnets }))).toBe("done");
    expect(codeOf(await create(host, { name: "far", parent: "p1", subnets }))).toBe("done");
  });

  const elsewhere = [
    ["the same", "10.1.0.0/24"],
    ["a part of it", "10.1.0.0/16"],
    ["one that holds it", "10.1.0.128/25"],
  ] as const;
  for (const [what, subnet] of elsewhere) {
    test(`is refused when the host routes ${what} through another link`, async () => {
      using host = openFakeHost();
      const wish = { subnets: [subnet] };
      const problem = await expectRefusal(host, "LF-SUBNET-ROUTED-ELSEWHERE", () =>
        create(host, wish),
      );
      expect(problem?.facts).toMatchObject({ route: "10.1.0.0/24", device: "p1" });
    });
  }

  test("goes by the longest route that holds it, and never by the default route", async () => {
    using host = openFakeHost();
    const wide = addRoute({ to: prefix("10.0.0.0/8"), gateway: ip("10.1.0.1") });
    host.run(host.netns, wide, addRoute({ to: prefix("0.0.0.0/0"), gateway: ip("10.1.0.1") }));
    expect(codeOf(await create(host))).toBe("done");
    const unknown = { name: "new", subnets: ["192.168.7.0/24"] };
    expect(codeOf(await create(host, unknown))).toBe("done");
    const longer = { to: prefix("172.16.5.0/24"), gateway: ip("10.1.0.1") };
    host.run(host.netns, addRoute({ to: prefix("172.16.0.0/12"), link: p0 }), addRoute(longer));
    const within = { name: "sub", subnets: ["172.16.5.0/25"] };
    await expectRefusal(host, "LF-SUBNET-ROUTED-ELSEWHERE", () => create(host, within));
  });
});

describe("a network is removed", () => {
  test("when nothing hangs on it, and its segment when it was the last", async () => {
    using host = openFakeHost();
    const before = await bookOf(host.store);
    must(await create(host));
    must(await create(host, { name: "second" }));
    must(await remove(host, "lan"));
    expect((await bookOf(host.store)).segments.map((row) => `${row.name}`)).toEqual(["p0"]);
    must(await remove(host, "second"));
    expect(await bookOf(host.store)).toEqual(before);
  });

  test("not while it has endpoints, and not under a name that it does not have", async () => {
    using host = await hostWithLan();
    const { endpoint } = must(await host.engine.attach(request(host.sandbox())));
    const problem = await expectRefusal(host, "LF-NETWORK-IN-USE", () => remove(host, "lan"));
    expect(problem?.facts.endpoints).toEqual([endpoint.id]);
    const unknown = await expectRefusal(host, "LF-NETWORK-MISSING", () => remove(host, "lam"));
    expect(unknown?.remedy).toBe("Did you mean lan?");
  });
});

describe("attach", () => {
  test("makes the link, up and ours, with addresses, default routes and the MTU", async () => {
    using host = await hostWithLan({ gateways: ["10.0.0.1", "fd00::1"], mtu: 1400 });
    const sandbox = host.sandbox();
    const wish = { addresses: [ip("10.0.0.7"), ip("fd00::7")], mac: mac("02:00:00:00:00:07") };
    const { endpoint } = must(await host.engine.attach(request(sandbox, wish)));
    expect(endpoint.state).toBe("attached");
    const [link, ...others] = host.kernel.state.links(sandbox.cookie).slice(1);
    expect(others).toEqual([]);
    expect(link).toMatchObject({
      name: "eth0",
      alias: `landfall:${host.store.uuid}:${endpoint.id}`,
      state: "up",
      mtu: 1400,
      mac: "02:00:00:00:00:07",
      details: { kind: "macvlan", mode: "bridge" },
      addresses: ["10.0.0.7/24", "fd00::7/64"],
      inet: { arpNotify: 1 },
    });
    const routes = link?.routes.map(({ to, gateway }) => `${to} via ${gateway}`);
    expect(routes).toEqual(["0.0.0.0/0 via 10.0.0.1", "::/0 via fd00::1"]);
  });

  test("to a second network keeps the default route of the first", async () => {
    using host = await hostWithLan({ gateways: ["10.0.0.1"] });
    const iot = { name: "iot", parent: "p1", subnets: ["10.1.0.0/24"], gateways: ["10.1.0.1"] };
    must(await create(host, iot));
    const sandbox = host.sandbox();
    must(await host.engine.attach(request(sandbox)));
    const second = { network: "iot" as NetworkName, ifname: "eth1" as IfName };
    must(await host.engine.attach(request(sandbox, second)));
    const routed = childrenIn(host.kernel).filter((link) => link.routes.length > 0);
    expect(routed.map((link) => link.name)).toEqual(["eth0"]);
  });

  test("is refused for a link name that anybody has", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    host.run(sandbox, addLink({ kind: "bridge", name: "eth1" }));
    must(await host.engine.attach(request(sandbox)));
    const again = () => host.engine.attach(request(sandbox));
    await expectRefusal(host, "LF-IFNAME-TAKEN", again);
    const foreign = { ifname: "eth1" as IfName };
    await expectRefusal(host, "LF-IFNAME-TAKEN", () =>
      host.engine.attach(request(sandbox, foreign)),
    );
    expect(childrenIn(host.kernel)).toHaveLength(1);
  });

  test("of one link name twice at once is done once; the other waits and finds it taken", async () => {
    using host = await hostWithLan();
    const wish = request(host.sandbox());
    const both = await Promise.all([host.engine.attach(wish), host.engine.attach(wish)]);
    expect(both.map(codeOf).sort()).toEqual(["LF-IFNAME-TAKEN", "done"]);
    expect(childrenIn(host.kernel)).toHaveLength(1);
    expect((await bookOf(host.store)).leases).toHaveLength(2);
  });

  test("is refused in the host's own namespace", async () => {
    using host = await hostWithLan();
    const problem = await expectRefusal(host, "LF-SANDBOX-IS-HOST", () =>
      host.engine.attach(request(host.netns)),
    );
    expect(problem?.exitCode).toBe(5);
  });

  test("is refused for a MAC of the parent, of a sibling or of a group", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    const parentMac = mac("02:00:00:00:00:01");
    host.run(host.netns, setLink({ link: p0, mac: parentMac }));
    must(await host.engine.attach(request(host.sandbox(), { mac: mac("02:00:00:00:00:07") })));
    const cases = [
      [parentMac, "LF-MAC-TAKEN"],
      [mac("02:00:00:00:00:07"), "LF-MAC-TAKEN"],
      [mac("01:00:5e:00:00:07"), "LF-MAC-UNUSABLE"],
    ] as const;
    for (const [wanted, code] of cases) {
      const wish = request(sandbox, { mac: wanted });
      await expectRefusal(host, code, () => host.engine.attach(wish));
    }
    expect(childrenIn(host.kernel)).toHaveLength(1);
  });

  test("is refused and undone for a MAC that a stranger on the parent has", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    const wanted = mac("02:00:00:00:00:07");
    const mode = { kind: "bridge" } as const;
    const stranger = { kind: "macvlan", name: "s0", parent: p0, mode, mac: wanted } as const;
    host.run(host.netns, addLink({ ...stranger, state: "up" }));
    await expectRefusal(host, "LF-MAC-TAKEN", () =>
      host.engine.attach(request(sandbox, { mac: wanted })),
    );
    expect(childrenIn(host.kernel)).toHaveLength(1);
  });

  test("gives addresses until there are none, never the host's or a gateway", async () => {
    using host = await hostWithLan({ subnets: ["10.0.0.8/29"], gateways: ["10.0.0.9"] });
    const given = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const { endpoint } = must(await host.engine.attach(request(host.sandbox())));
      for (const address of endpoint.addresses) given.add(address);
    }
    const all = ["10.0.0.11/29", "10.0.0.12/29", "10.0.0.13/29", "10.0.0.14/29"];
    expect([...given].sort()).toEqual(all);
    const late = host.sandbox();
    await expectRefusal(host, "LF-POOL-EXHAUSTED", () => host.engine.attach(request(late)));
    for (const reserved of ["10.0.0.9", "10.0.0.10"]) {
      const wish = request(late, { addresses: [ip(reserved)] });
      await expectRefusal(host, "LF-ADDRESS-UNUSABLE", () => host.engine.attach(wish));
    }
  });

  test("is refused when the parent became a port or went away", async () => {
    using host = await hostWithLan();
    const attach = () => host.engine.attach(request(host.sandbox()));
    const sandbox = host.sandbox();
    const refused = (code: string) =>
      expectRefusal(host, code, () => host.engine.attach(request(sandbox)));
    host.run(host.netns, addLink({ kind: "bridge", name: "br0", ifindex: 9 }));
    host.run(host.netns, setLink({ link: p0, upper: { ifindex: 9 } }));
    await refused("LF-PARENT-BUSY");
    host.run(host.netns, deleteLink({ ifindex: 9 }));
    expect(codeOf(await attach())).toBe("done");
    host.run(host.netns, deleteLink(p0));
    await refused("LF-PARENT-MISSING");
  });
});

describe("detach", () => {
  test("by id and by owner leave kernel and book as they were", async () => {
    using host = await hostWithLan({ gateways: ["10.0.0.1"] });
    const sandbox = host.sandbox();
    const before = [host.kernel.describe(), await bookOf(host.store)];
    const wish = request(sandbox);
    const { endpoint } = must(await host.engine.attach(wish));
    must(await host.engine.detach({ kind: "id", id: endpoint.id }));
    expect([host.kernel.describe(), await bookOf(host.store)]).toEqual(before);
    must(await host.engine.attach(wish));
    const owner = { kind: "owner", sandbox: wish.sandbox, ifname: wish.ifname } as const;
    must(await host.engine.detach(owner));
    expect([host.kernel.describe(), await bookOf(host.store)]).toEqual(before);
    expect(codeOf(await host.engine.detach(owner))).toBe("LF-ENDPOINT-MISSING");
  });

  test("names the nearest endpoint when there is none such", async () => {
    using host = await hostWithLan();
    const { endpoint } = must(await host.engine.attach(request(host.sandbox())));
    const id = endpoint.id.slice(0, -1) as EndpointId;
    const problem = await expectRefusal(host, "LF-ENDPOINT-MISSING", () =>
      host.engine.detach({ kind: "id", id }),
    );
    expect(problem?.remedy).toBe(`Did you mean ${endpoint.id}?`);
  });

  test("leaves a link that has taken the place of ours", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    const { endpoint } = must(await host.engine.attach(request(sandbox)));
    const { ifindex } = endpoint.link;
    const stranger = addLink({ kind: "bridge", name: "eth0", ifindex });
    host.run(sandbox, deleteLink({ ifindex }), stranger);
    must(await host.engine.detach({ kind: "id", id: endpoint.id }));
    expect(host.kernel.state.byName(sandbox.cookie, "eth0")?.details.kind).toBe("bridge");
  });

  test("frees the addresses of a sandbox that is gone", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    const { endpoint } = must(await host.engine.attach(request(sandbox)));
    sandbox.close();
    expect(childrenIn(host.kernel)).toEqual([]);
    must(await host.engine.detach({ kind: "id", id: endpoint.id }));
    const { endpoints, leases } = await bookOf(host.store);
    expect([endpoints, leases]).toEqual([[], []]);
  });

  test("keeps the addresses of a sandbox that cannot be found but still lives", async () => {
    using host = await hostWithLan();
    const sandbox = host.sandbox();
    const lost = { sandbox: { netns: sandbox, path: "/nowhere" } };
    const { endpoint } = must(await host.engine.attach(request(sandbox, lost)));
    const detach = () => host.engine.detach({ kind: "id", id: endpoint.id });
    await expectRefusal(host, "LF-SANDBOX-UNREACHABLE", detach);
    // Nothing but the parent's own going proves that its links are gone too.
    host.run(host.netns, deleteLink(p0));
    expect(codeOf(await detach())).toBe("done");
  });

  test("of a sandbox whose path now leads to another one leaves that one alone", async () => {
    using host = await hostWithLan();
    const [gone, other] = [host.sandbox(), host.sandbox()];
    const path = `/proc/self/fd/${other.fd}`;
    const wish = request(gone, { sandbox: { netns: gone, path } });
    const { endpoint } = must(await host.engine.attach(wish));
    must(await host.engine.attach(request(other)));
    const early = () => host.engine.detach({ kind: "id", id: endpoint.id });
    await expectRefusal(host, "LF-SANDBOX-UNREACHABLE", early);
    gone.close();
    must(await host.engine.detach({ kind: "id", id: endpoint.id }));
    expect(childrenIn(host.kernel).map((link) => link.netns)).toEqual([other.cookie]);
  });
});
