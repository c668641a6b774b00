/** Networks and endpoints on a parent that is down, or not there yet. */
import { describe, expect, test } from "bun:test";
import { parsePrefix } from "../src/addr/index.ts";
import { addLink, addRoute, setLink } from "../src/netlink/index.ts";
import { faultyPlatform } from "../src/platform/index.ts";
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

const prefix = (text: string) => must(parsePrefix(text));
const p0 = { ifindex: 2, name: "p0" };

const create = (host: FakeHost, words: NetworkWords = {}) =>
  host.engine.createNetwork(network(words));

/** A host that has the network "lan" already. */
async function hostWithLan(words: NetworkWords): Promise<FakeHost> {
  const host = openFakeHost();
  must(await create(host, words));
  return host;
}

describe("a network whose parent is not there yet", () => {
  const uplink = { ifindex: 9, name: "p9" };
  const plugIn = (host: FakeHost) =>
    host.run(host.netns, addLink({ kind: "veth", ...uplink, peer: { name: "far9" } }));

  test("is made, and told with the nearest name", async () => {
    using host = openFakeHost();
    const { network: made, warnings } = must(await create(host, { parent: "p00" }));
    expect(made.parentChecks).toBe("due");
    expect(warnings).toMatchObject([
      { code: "LF-PARENT-MISSING", facts: { parent: "p00", links: ["p0", "p1"], nearest: "p0" } },
    ]);
    expect(warnings?.[0]?.remedy).toContain("Did you mean p0?");
  });

  test("takes endpoints as soon as it is", async () => {
    using host = await hostWithLan({ parent: "p9", subnets: ["10.9.0.0/24"] });
    const sandboxes = [host.sandbox(), host.sandbox()] as const;
    const attach = (at: 0 | 1 = 0) => host.engine.attach(request(sandboxes[at]));
    const refused = await expectRefusal(host, "LF-PARENT-MISSING", () => attach());
    expect([refused?.retryable, refused?.command]).toEqual([true, "ip -br link"]);
    plugIn(host);
    must(await attach());
    expect((await bookOf(host.store)).networks[0]).not.toHaveProperty("parentChecks");
    // What is done once is not done again: the host may have got a route of its own meanwhile.
    host.run(host.netns, addRoute({ to: prefix("10.9.0.0/25"), link: p0 }));
    expect(codeOf(await attach(1))).toBe("done");
  });

  test.each([
    ["LF-MTU-TOO-LARGE", { mtu: 1501, subnets: ["10.9.0.0/24"] }],
    ["LF-SUBNET-ROUTED-ELSEWHERE", { subnets: ["10.1.0.0/24"] }],
  ] as const)("is checked by the first attach: %s", async (code, words) => {
    using host = await hostWithLan({ parent: "p9", ...words });
    plugIn(host);
    const sandbox = host.sandbox();
    const attach = () => host.engine.attach(request(sandbox));
    await expectRefusal(host, code, attach);
    await expectRefusal(host, code, attach);
  });

  test("is checked for its kind by the first attach", async () => {
    using host = await hostWithLan({ parent: "br9", subnets: ["10.9.0.0/24"] });
    const mode = { kind: "bridge" } as const;
    host.run(host.netns, addLink({ kind: "macvlan", parent: p0, mode, name: "br9" }));
    const sandbox = host.sandbox();
    await expectRefusal(host, "LF-PARENT-BUSY", () => host.engine.attach(request(sandbox)));
  });

  test("is not what a refused look at the kernel means", async () => {
    using host = openFakeHost();
    const codes: string[] = [];
    for (let failAt = 1; failAt === codes.length + 1; failAt++) {
      const platform = faultyPlatform(host.platform, { failAt, errno: "ENOMEM" });
      const made = await host.engineOn(platform).createNetwork(network());
      if (made.ok) break;
      codes.push(made.error.code);
      expect((await bookOf(host.store)).networks).toEqual([]);
    }
    expect(codes.length).toBeGreaterThan(2);
    expect(new Set(codes)).toEqual(new Set(["LF-KERNEL-REFUSED"]));
  });
});

describe("on a parent that is down", () => {
  const down = setLink({ link: p0, state: "down" });

  test("networks and endpoints are made, each with a warning", async () => {
    using host = openFakeHost();
    host.run(host.netns, down);
    const made = must(await create(host));
    const attached = must(await host.engine.attach(request(host.sandbox())));
    for (const { warnings } of [made, attached]) {
      expect(warnings).toMatchObject([
        { code: "LF-PARENT-DOWN", command: "ip link set dev p0 up", facts: { parent: "p0" } },
      ]);
    }
    expect(made.network).not.toHaveProperty("parentChecks");
    expect(host.kernel.state.byName(host.netns.cookie, "p0")?.state).toBe("down");
    expect(must(await host.engine.status())).toMatchObject([{ kind: "parent-down" }]);
    must(await host.engine.detach({ kind: "id", id: attached.endpoint.id }));
    expect(childrenIn(host.kernel)).toEqual([]);
  });

  test("that is a VLAN, the link beneath is what is to be set up", async () => {
    using host = openFakeHost();
    host.run(host.netns, down);
    const { warnings } = must(await create(host, { parent: "p0", vlan: ["5", "6"] }));
    const attached = must(await host.engine.attach(request(host.sandbox())));
    const told = {
      code: "LF-PARENT-DOWN",
      command: "ip link set dev p0 up",
      facts: { parent: "p0.5.6", link: "p0" },
    };
    expect([warnings, attached.warnings]).toMatchObject([[told], [told]]);
    host.run(host.netns, setLink({ link: p0, state: "up" }));
    expect(host.kernel.state.byName(host.netns.cookie, "p0.5.6")?.state).toBe("up");
  });

  test("the parent's own prefix is not routed elsewhere, although its route is gone", async () => {
    using host = openFakeHost();
    host.run(host.netns, down, addRoute({ to: prefix("10.0.0.0/16"), link: { ifindex: 3 } }));
    expect(codeOf(await create(host, { subnets: ["10.0.0.0/24"] }))).toBe("done");
    const other = { name: "other", subnets: ["10.0.7.0/24"] };
    await expectRefusal(host, "LF-SUBNET-ROUTED-ELSEWHERE", () => create(host, other));
  });
});
