/** Parents that are made, or that other networks are on already. */
import { describe, expect, test } from "bun:test";
import { defined } from "../src/base/index.ts";
import type { NetworkName } from "../src/domain/index.ts";
import { addLink, deleteLink } from "../src/netlink/index.ts";
import {
  bookOf,
  type FakeHost,
  type NetworkWords,
  network,
  openFakeHost,
  request,
} from "./support/fake-host.ts";
import { walk, withFault } from "./support/fault-walk.ts";
import { codeOf, must } from "./support/must.ts";

const create = (host: FakeHost, words: NetworkWords = {}) =>
  host.engine.createNetwork(network({ subnets: ["10.7.0.0/24"], ...words }));
const remove = (host: FakeHost, name = "lan") => host.engine.removeNetwork(name as NetworkName);
const stateOf = async (host: FakeHost) => [host.kernel.describe(), await bookOf(host.store)];
const p0 = { ifindex: 2, name: "p0" };

describe("a VLAN", () => {
  for (const [words, of] of [
    [{ parent: "p0", vlan: ["100"] }, "an option"],
    [{ parent: "p0.100" }, "a parent's name"],
  ] as const) {
    test(`of ${of} is a link that is made, and goes with its last network`, async () => {
      using host = openFakeHost();
      const before = await stateOf(host);
      const made = must(await create(host, words)).network;
      expect([made.parent, made.segment].map(String)).toEqual(["p0.100", "p0.100"]);
      const again = must(await create(host, { name: "two", parent: "p0.100" })).network;
      expect(again.vlan).toEqual(made.vlan);
      must(await remove(host));
      expect(codeOf(await create(host, { name: "three", parent: "p0", vlan: ["100"] }))).toBe(
        "done",
      );
      must(await remove(host, "two"));
      must(await remove(host, "three"));
      expect(await stateOf(host)).toEqual(before);
    });
  }

  test("whose link was there is used by its name, and left", async () => {
    using host = openFakeHost();
    host.run(host.netns, addLink({ kind: "vlan", name: "mine", parent: p0, id: 100 }));
    const before = await stateOf(host);
    const { network: made } = must(await create(host, { parent: "p0", vlan: ["100"] }));
    expect([made.parent, made.segment, made.vlan].map(String)).toEqual([
      "mine",
      "p0.100",
      "undefined",
    ]);
    must(await remove(host));
    expect(await stateOf(host)).toEqual(before);
  });

  test("whose link is in another namespace, or whose name is taken, is told so", async () => {
    using host = openFakeHost();
    const vlan = { kind: "vlan", parent: p0, id: 100 } as const;
    host.run(host.netns, addLink({ ...vlan, name: "away", netns: { fd: host.sandbox().fd } }));
    host.run(host.netns, addLink({ ...vlan, name: "p0.200", id: 7 }));
    const before = await stateOf(host);
    const told = async (id: string) => {
      const made = await create(host, { parent: "p0", vlan: [id] });
      expect(await stateOf(host)).toEqual(before);
      return made.ok ? "done" : `${made.error.code}: ${made.error.detail}`;
    };
    expect(await told("100")).toBe(
      "LF-PARENT-BUSY: p0.100 is VLAN 100 of p0, whose link is in another namespace.",
    );
    expect(await told("200")).toBe(
      "LF-PARENT-BUSY: p0.200 is there already, and not VLAN 200 of p0.",
    );
  });

  test("of a link that is missing waits for it", async () => {
    using host = openFakeHost();
    const { network: made, warnings } = must(await create(host, { parent: "late0.5" }));
    expect([made.parentChecks, String(made.segment)]).toEqual(["due", "late0.5"]);
    expect(warnings?.map(({ code }) => code)).toEqual(["LF-PARENT-MISSING"]);
    must(await remove(host));
  });

  test("one wire by two names is one segment", async () => {
    using host = openFakeHost();
    must(await create(host, { parent: "p0.100" }));
    const clash = await create(host, {
      name: "b",
      parent: "p0",
      vlan: ["100"],
      subnets: ["10.7.0.0/25"],
    });
    expect(codeOf(clash)).toBe("LF-SUBNET-CONFLICT");
    expect(codeOf(await create(host, { name: "c", subnets: ["10.7.0.0/25"] }))).toBe("done");
  });

  const kinds = [
    ["two tags", { parent: "p0", vlan: ["802.1ad:10", "20"] }, false],
    ["a link that was there", { parent: "p0", vlan: ["100"] }, true],
  ] as const;
  const faults = (["refused", "unheard"] as const).flatMap((kind) =>
    kinds.map((row) => [kind, ...row] as const),
  );
  test.each(faults)("whichever request is %s, of %s all is there or as before", async (...row) => {
    const [kind, , words, isThere] = row;
    using host = openFakeHost();
    if (isThere) host.run(host.netns, addLink({ kind: "vlan", name: "mine", parent: p0, id: 100 }));
    const before = await stateOf(host);
    const made = await walk(async (at) => {
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(host, fault, () => create(host, words));
      if (result.ok) must(await remove(host));
      expect([at, await stateOf(host)]).toEqual([at, before]);
      return end;
    });
    expect(made).toBeGreaterThan(3);
    await walk(async (at) => {
      must(await create(host, words));
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(host, fault, () => remove(host));
      if (!result.ok) must(await remove(host));
      expect([at, await stateOf(host)]).toEqual([at, before]);
      return end;
    });
  });
});

describe("a VLAN whose link somebody deleted", () => {
  for (const kind of ["refused", "unheard"] as const) {
    test(`whichever request of the next attach is ${kind}, nothing is left of it`, async () => {
      using host = openFakeHost();
      const sandbox = host.sandbox();
      const fresh = host.kernel.describe();
      const walked = await walk(async (at) => {
        must(await create(host, { parent: "p0", vlan: ["100"] }));
        const made = await bookOf(host.store);
        const { ifindex } = defined(host.kernel.state.byName(host.netns.cookie, "p0.100"), "link");
        host.run(host.netns, deleteLink({ ifindex }));
        const fault = { kind, errno: "ENOMEM", at } as const;
        const attach = () => host.engine.attach(request(sandbox));
        const { result, end } = await withFault(host, fault, attach);
        if (result.ok) must(await host.engine.detach({ kind: "id", id: result.value.endpoint.id }));
        else must(await host.engine.reconcile());
        if (!result.ok) expect([at, await bookOf(host.store)]).toEqual([at, made]);
        must(await remove(host));
        expect([at, host.kernel.describe()]).toEqual([at, fresh]);
        return end;
      });
      expect(walked).toBeGreaterThan(8);
    });
  }
});

describe("a VLAN of a macvlan or ipvlan link", () => {
  const p0Macvlan = addLink({ kind: "macvlan", name: "mv0", parent: p0, mode: { kind: "bridge" } });
  const p0Ipvlan = addLink({ kind: "ipvlan", name: "iv0", parent: p0, mode: "l2" });

  test.each([
    ["mv0", p0Macvlan],
    ["iv0", p0Ipvlan],
  ] as const)("%s is one of the device beneath, and that is said", async (on, link) => {
    using host = openFakeHost();
    host.run(host.netns, link);
    const before = await stateOf(host);
    const { network: made, warnings } = must(await create(host, { parent: on, vlan: ["7"] }));
    expect([made.parent, made.segment].map(String)).toEqual(["p0.7", "p0.7"]);
    expect(warnings).toMatchObject([
      { code: "LF-PARENT-RESOLVED", facts: { parent: on, real: "p0" } },
    ]);
    must(await remove(host));
    expect(await stateOf(host)).toEqual(before);
  });

  test("that the link has itself is used as it is", async () => {
    using host = openFakeHost();
    host.run(host.netns, p0Macvlan);
    const { ifindex } = defined(host.kernel.state.byName(host.netns.cookie, "mv0"), "mv0");
    const on = { ifindex, name: "mv0" };
    host.run(host.netns, addLink({ kind: "vlan", name: "mv0.7", parent: on, id: 7 }));
    const { network: made, warnings } = must(await create(host, { parent: "mv0", vlan: ["7"] }));
    expect([String(made.parent), made.vlan]).toEqual(["mv0.7", undefined]);
    expect(warnings?.map(({ code }) => code)).not.toContain("LF-PARENT-RESOLVED");
  });
});

describe("beside other networks on one parent", () => {
  const l2 = { driver: { kind: "ipvlan", mode: "l2" } } as const;
  const l3 = { driver: { kind: "ipvlan", mode: "l3" } } as const;
  const vepa = { driver: { kind: "ipvlan", mode: "l2", flag: "vepa" } } as const;
  const rows = [
    [{}, l2, "LF-DRIVERS-EXCLUSIVE"],
    [l2, {}, "LF-DRIVERS-EXCLUSIVE"],
    [l2, l3, "LF-IPVLAN-SHARED"],
    [l2, vepa, "LF-IPVLAN-SHARED"],
    [l2, l2, "done"],
    [l2, { parent: "p1" }, "done"],
    [l2, { parent: "p0.5" }, "done"],
  ] as const;
  test.each(rows)("%j and then %j: %s", async (first, second, code) => {
    using host = openFakeHost();
    must(await create(host, { name: "first", ...first }));
    const before = await stateOf(host);
    const made = await create(host, { name: "second", ...second });
    expect(codeOf(made)).toBe(code);
    if (made.ok) return;
    expect(made.error.facts).toMatchObject({ network: "second", other: "first", parent: "p0" });
    expect(await stateOf(host)).toEqual(before);
  });

  test.each(["refused", "unheard", "stuck"] as const)(
    "whichever request is %s, the other kind is refused and nothing is changed",
    async (kind) => {
      using host = openFakeHost();
      must(await create(host, { name: "first" }));
      must(await host.engine.attach(request(host.sandbox(), { network: "first" as NetworkName })));
      const before = await stateOf(host);
      const walked = await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const second = () => create(host, { name: "second", ...l2 });
        const { result, end } = await withFault(host, fault, second);
        expect([at, await stateOf(host)]).toEqual([at, before]);
        if (end === "passed") expect(codeOf(result)).toBe("LF-DRIVERS-EXCLUSIVE");
        expect([at, result.ok]).toEqual([at, false]);
        return end;
      });
      expect(walked).toBeGreaterThan(2);
    },
  );

  test("a foreign link of another mode on the parent would be changed", async () => {
    using host = openFakeHost();
    host.run(host.netns, addLink({ kind: "ipvlan", name: "theirs", parent: p0, mode: "l3" }));
    const made = await create(host, l2);
    expect(made.ok ? {} : made.error.facts).toEqual({
      ...{ parent: "p0", link: "theirs", has: "ipvlan l3", driver: "ipvlan l2" },
    });
    expect(codeOf(await create(host, l3))).toBe("done");
  });
});
