/**
 * Every request of creating, changing and removing a network, and of reconciling, goes wrong in
 * turn. Afterwards kernel and book are as before, or as after; never in between.
 */
import { describe, expect, test } from "bun:test";
import { err } from "../src/base/index.ts";
import { deleteLink } from "../src/netlink/index.ts";
import { faultyPlatform } from "../src/platform/index.ts";
import { type Store, stateUnusable } from "../src/store/index.ts";
import { bookOf, childrenIn, network, request, storeKinds } from "./support/fake-host.ts";
import { walk, withFault } from "./support/fault-walk.ts";
import { codeOf, must } from "./support/must.ts";
import {
  A,
  B,
  C,
  eth1,
  killedWhen,
  lan,
  modesOf,
  type NetSite,
  openBusySite,
  openNetSite,
  stateOf,
} from "./support/net-site.ts";

const diskFull = stateUnusable({ path: "landfall.db", code: "SQLITE_FULL", message: "full" });

/** A store of which the n-th use fails. */
function failingStore(store: Store, failAt: number): Store {
  let uses = 0;
  const fails = (): boolean => {
    uses += 1;
    return uses === failAt;
  };
  return {
    ...store,
    transact: async (decide) => (fails() ? err(diskFull) : store.transact(decide)),
    read: async (look) => (fails() ? err(diskFull) : store.read(look)),
  };
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  for (const kind of ["refused", "unheard"] as const) {
    test(`whichever request of creating a network is ${kind}, it is there or not`, async () => {
      using site = await openNetSite(storeKind);
      const { host, engine } = site;
      const before = await stateOf(site);
      const spec = network({ name: "other", parent: "p1", subnets: ["10.1.0.0/24"] });
      const walked = await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { result, end } = await withFault(host, fault, () => engine.createNetwork(spec));
        if (result.ok) must(await engine.removeNetwork(spec.name));
        expect([at, await stateOf(site)]).toEqual([at, before]);
        return end;
      });
      expect(walked).toBeGreaterThan(2);
    });

    test(`whichever request of removing a network is ${kind}, it is there or not`, async () => {
      using site = await openNetSite(storeKind);
      const { host, engine } = site;
      // Today it asks the kernel nothing; if it ever does, this walks through it.
      await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const before = await stateOf(site);
        const { result, end } = await withFault(host, fault, () => engine.removeNetwork(lan));
        if (result.ok) must(await engine.createNetwork(network()));
        else expect([at, await stateOf(site)]).toEqual([at, before]);
        expect([at, (await bookOf(host.store)).networks.length]).toEqual([at, 1]);
        return end;
      });
    });

    test(`whichever request of a change is ${kind}, it is whole or undone`, async () => {
      using site = await openBusySite(storeKind);
      const { host, engine } = site;
      must(await engine.updateNetwork({ name: lan, mode: "source", sources: [A] }));
      const before = await stateOf(site);
      const walked = await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const change = { name: lan, sources: [B, C] };
        const { result, end } = await withFault(host, fault, () => engine.updateNetwork(change));
        const words = `source ${result.ok ? `${B} ${C}` : A}`;
        expect([at, modesOf(site)]).toEqual([at, [words, words]]);
        if (result.ok) must(await engine.updateNetwork({ name: lan, sources: [A] }));
        expect([at, await stateOf(site)]).toEqual([at, before]);
        return end;
      });
      expect(walked).toBeGreaterThan(3);
    });
  }

  test("what of a change cannot be undone stays in the book, and is undone later", async () => {
    using site = await openBusySite(storeKind);
    const { host, engine } = site;
    const before = await stateOf(site);
    const lefts = new Set<number>();
    await walk(async (at) => {
      const fault = { kind: "stuck", errno: "EIO", at } as const;
      const change = () => engine.updateNetwork({ name: lan, mode: "vepa" });
      const { result, end } = await withFault(host, fault, change);
      const { operations, networks } = await bookOf(host.store);
      lefts.add(operations.length);
      const mode = result.ok ? "vepa" : "bridge";
      expect([at, networks[0]?.driver.mode]).toEqual([at, mode]);
      if (operations.length === 0) expect([at, modesOf(site)]).toEqual([at, [mode, mode]]);
      if (operations.length > 0) {
        expect([at, must(await engine.status())]).toMatchObject([at, [{ action: "undo" }]]);
      }
      // The next that anybody asks ends what is left.
      must(await engine.updateNetwork({ name: lan, mode: "bridge" }));
      expect([at, await stateOf(site)]).toEqual([at, before]);
      return end;
    });
    expect([...lefts].sort()).toEqual([0, 1]);
  });

  test("whichever commit of a change fails, links and book are of one mind", async () => {
    using site = await openBusySite(storeKind);
    const { host, engine } = site;
    const before = await stateOf(site);
    let failAt = 1;
    for (; failAt < 20; failAt++) {
      const failing = site.engineOn({ store: failingStore(host.store, failAt) });
      const result = await failing.updateNetwork({ name: lan, mode: "vepa" });
      if (result.ok) break;
      expect([failAt, codeOf(result)]).toEqual([failAt, "LF-STATE-UNUSABLE"]);
      expect([failAt, modesOf(site)]).toEqual([failAt, ["bridge", "bridge"]]);
      must(await engine.reconcile());
      expect([failAt, await stateOf(site)]).toEqual([failAt, before]);
    }
    expect(failAt).toBeGreaterThan(4);
    expect(modesOf(site)).toEqual(["vepa", "vepa"]);
  });
});

test("needs nothing where the sandbox is gone, unless its link lives", async () => {
  using site = await openNetSite();
  const { host, engine } = site;
  const sandbox = host.sandbox();
  const lost = { netns: sandbox, path: "/run/netns/lf-lost" };
  const { endpoint } = must(await engine.attach(request(sandbox, { sandbox: lost })));
  const change = () => engine.updateNetwork({ name: lan, mode: "vepa" });
  expect(codeOf(await change())).toBe("LF-SANDBOX-UNREACHABLE");
  expect(await bookOf(host.store)).toMatchObject({
    networks: [{ driver: { mode: "bridge" } }],
    operations: [],
  });
  host.run(sandbox, deleteLink({ ifindex: endpoint.link.ifindex }));
  expect(must(await change()).network.driver.mode).toBe("vepa");
});

test("a sandbox that cannot be opened just now keeps a killed change in the book", async () => {
  using site = await halfChanged();
  const { host } = site;
  for (const errno of ["EACCES", "EMFILE", "ENOMEM"]) {
    const platform = faultyPlatform(host.platform, { failAt: 1, errno });
    expect(codeOf(await site.engineOn({ platform }).reconcile())).not.toBe("done");
    expect((await bookOf(host.store)).operations).toHaveLength(1);
  }
  must(await site.engine.reconcile());
  expect(modesOf(site)).toEqual(["bridge", "bridge"]);
});

/** A change whose process was killed between two links. */
function halfChanged(): ReturnType<typeof openBusySite> {
  return killedWhen(
    () => openBusySite(),
    (engine) => engine.updateNetwork({ name: lan, mode: "vepa" }),
    isHalfDone,
  );
}

const isHalfDone = async (site: NetSite) => new Set(modesOf(site)).size === 2;

/** A killed change, and an endpoint on another network whose sandbox is gone. */
async function openWreck(): Promise<NetSite> {
  const site = await halfChanged();
  const { host, engine } = site;
  must(
    await engine.createNetwork(network({ name: "dmz", parent: "p1", subnets: ["10.1.0.0/24"] })),
  );
  const sandbox = host.sandbox();
  const wish = request(sandbox, { network: "dmz" as typeof lan, ifname: eth1 });
  must(await engine.attach(wish));
  sandbox.close();
  return site;
}

for (const kind of ["refused", "unheard", "stuck"] as const) {
  test(`whichever request of a reconcile is ${kind}, the next one ends all of it`, async () => {
    const walked = await walk(async (at) => {
      using site = await openWreck();
      const { host, engine } = site;
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(host, fault, () => engine.reconcile());
      const { endpoints } = await bookOf(host.store);
      // A link that lives is in the book, whatever went wrong.
      const known = endpoints.map(({ link }) => link.ifindex);
      for (const { ifindex } of childrenIn(host.kernel)) expect(known).toContain(ifindex);
      if (end === "passed")
        expect(must(result).map(({ outcome }) => outcome)).toEqual(["done", "done"]);
      must(await engine.reconcile());
      expect([at, must(await engine.status())]).toEqual([at, []]);
      expect([at, modesOf(site)]).toEqual([at, ["bridge", "bridge"]]);
      expect([at, (await bookOf(host.store)).endpoints.length]).toEqual([at, 2]);
      return end;
    });
    expect(walked).toBeGreaterThan(10);
  });
}
