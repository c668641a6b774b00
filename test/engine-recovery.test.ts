import { describe, expect, test } from "bun:test";
import { err } from "../src/base/index.ts";
import type { IfName, WorkloadName } from "../src/domain/index.ts";
import { type Engine, memoryLocks, type OperationLocks, openEngine } from "../src/engine/index.ts";
import { addAddress, deleteAddress, deleteLink, setLink } from "../src/netlink/index.ts";
import { type Store, stateFull } from "../src/store/index.ts";
import {
  bookOf,
  childrenIn,
  type FakeHost,
  network,
  openFakeHost,
  request,
  storeKinds,
} from "./support/fake-host.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { codeOf, must } from "./support/must.ts";

interface Site extends Disposable {
  readonly host: FakeHost;
  readonly locks: OperationLocks;
  readonly engine: Engine;
  mortal(killer: Killer): Engine;
}

async function openSite(kind: (typeof storeKinds)[number]): Promise<Site> {
  const host = openFakeHost(kind);
  const locks = memoryLocks();
  const { platform, netns: hostNamespace, store } = host;
  const engine = openEngine({ platform, hostNamespace, store, locks });
  must(await engine.createNetwork(network()));
  return {
    host,
    locks,
    engine,
    mortal: (killer) =>
      openEngine({
        platform: killer.platform(platform),
        hostNamespace,
        store: killer.store(store),
        locks,
      }),
    [Symbol.dispose]: () => host[Symbol.dispose](),
  };
}

/** Everything that there is: the kernel and the book. */
async function stateOf({ host }: Site): Promise<unknown> {
  return { kernel: host.kernel.describe(), book: await bookOf(host.store) };
}

/** Endpoints, leases and links must be of one mind: all there, or none of it. */
async function expectWhole({ host, engine }: Site, at: number): Promise<"attached" | "free"> {
  const { endpoints, operations, leases } = await bookOf(host.store);
  const links = childrenIn(host.kernel);
  expect([at, operations]).toEqual([at, []]);
  expect([at, must(await engine.status())]).toEqual([at, []]);
  expect([at, links.map(({ ifindex }) => ifindex)]).toEqual([
    at,
    endpoints.map(({ link }) => link.ifindex),
  ]);
  expect([at, leases.length]).toEqual([at, 2 * endpoints.length]);
  return endpoints.length === 0 ? "free" : "attached";
}

describe.each([...storeKinds])("with the %s store", (kind) => {
  test("an attach killed at any point is completed or undone by reconcile", async () => {
    const met = new Set<string>();
    let at = 1;
    for (; at < 200; at++) {
      using site = await openSite(kind);
      const { host, engine } = site;
      const sandbox = host.sandbox();
      const free = await stateOf(site);
      const end = await outcomeOf(site.mortal(new Killer(at)).attach(request(sandbox)));
      const planned = must(await engine.status());
      const done = must(await engine.reconcile());
      expect([at, done.map(({ outcome }) => outcome)]).toEqual([at, planned.map(() => "done")]);
      for (const { finding } of done) met.add(finding.action);
      const left = await expectWhole(site, at);
      if (left === "free") {
        expect([at, (await stateOf(site)) as object]).toMatchObject([
          at,
          { kernel: kernelOf(free) },
        ]);
      }
      if (end === "ended") break;
    }
    expect(at).toBeGreaterThan(15);
    expect([...met].sort()).toEqual(["complete", "undo"]);
  });

  test("a detach killed at any point is completed by reconcile, or had not begun", async () => {
    let at = 1;
    const lefts = new Set<string>();
    for (; at < 200; at++) {
      using site = await openSite(kind);
      const { host, engine } = site;
      const { endpoint } = must(await engine.attach(request(host.sandbox())));
      const selector = { kind: "id", id: endpoint.id } as const;
      const end = await outcomeOf(site.mortal(new Killer(at)).detach(selector));
      must(await engine.reconcile());
      lefts.add(await expectWhole(site, at));
      if (end === "ended") break;
    }
    expect(at).toBeGreaterThan(8);
    expect([...lefts].sort()).toEqual(["attached", "free"]);
  });

  test("the next attach of the same link ends what was killed, without reconcile", async () => {
    for (let at = 1; at < 200; at++) {
      using site = await openSite(kind);
      const wish = request(site.host.sandbox());
      const end = await outcomeOf(site.mortal(new Killer(at)).attach(wish));
      const again = await site.engine.attach(wish);
      expect([at, ["done", "LF-IFNAME-TAKEN"].includes(codeOf(again))]).toEqual([at, true]);
      expect([at, await expectWhole(site, at)]).toEqual([at, "attached"]);
      if (end === "ended") return;
    }
    throw new Error("the walk does not end");
  });
});

function kernelOf(state: unknown): unknown {
  return (state as { kernel: unknown }).kernel;
}

test("an operation that somebody works on is left alone, and said to be running", async () => {
  using site = await openSite("memory");
  const { host, locks, engine } = site;
  // The outcome is never recorded, and the lock is held as by a process that is still at it.
  for (let at = 1; (await bookOf(host.store)).operations.length === 0; at++) {
    await outcomeOf(site.mortal(new Killer(at)).attach(request(host.sandbox())));
  }
  const [operation] = (await bookOf(host.store)).operations;
  using _held = must(locks.acquire(operation?.id as never));
  expect(must(await engine.status()).map(({ kind }) => kind)).toEqual(["running"]);
  expect(must(await engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["left"]);
  expect((await bookOf(host.store)).operations).toHaveLength(1);
});

test("a cancelled attach leaves nothing and says so", async () => {
  using site = await openSite("memory");
  const control = new AbortController();
  control.abort();
  const wish = { ...request(site.host.sandbox()), signal: control.signal };
  expect(codeOf(await site.engine.attach(wish))).toBe("LF-CANCELLED");
  expect((await bookOf(site.host.store)).leases).toEqual([]);
  expect((await bookOf(site.host.store)).operations).toEqual([]);
  expect(childrenIn(site.host.kernel)).toEqual([]);
});

describe("drift", () => {
  test("of name, state and address is found, told and left alone; a deleted link comes back", async () => {
    using site = await openSite("memory");
    const { host, engine } = site;
    const sandbox = host.sandbox();
    const { endpoint } = must(await engine.attach(request(sandbox)));
    const link = { ifindex: endpoint.link.ifindex, name: "eth0" };
    const [address] = endpoint.addresses;
    const kinds = async () => must(await engine.status()).map(({ kind, detail }) => [kind, detail]);
    if (address === undefined) throw new Error("no address");
    host.run(sandbox, deleteAddress({ link, address }));
    expect(await kinds()).toEqual([["link-differs", `eth0: ${address} was taken away`]]);
    host.run(sandbox, addAddress({ link, address }));
    expect(await kinds()).toEqual([]);
    host.run(sandbox, setLink({ link, details: { kind: "macvlan", mode: "vepa" } }));
    expect(await kinds()).toEqual([["link-differs", "eth0: its mode is vepa, not bridge"]]);
    host.run(sandbox, setLink({ link, details: { kind: "macvlan", mode: "bridge" } }));
    expect(await kinds()).toEqual([]);
    host.run(sandbox, setLink({ link, state: "down" }));
    expect(await kinds()).toEqual([
      ["link-differs", expect.stringMatching(/^eth0: it is down/) as unknown as string],
    ]);
    host.run(sandbox, deleteLink(link));
    expect(await kinds()).toEqual([["link-missing", "eth0 is not in the sandbox any more"]]);
    expect(must(await engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["done"]);
    expect(await kinds()).toEqual([]);
    expect((await bookOf(host.store)).endpoints).toHaveLength(1);
  });

  test("an endpoint whose sandbox is gone is collected; its address can be given again", async () => {
    using site = await openSite("memory");
    const { host, engine } = site;
    const sandbox = host.sandbox();
    must(await engine.attach(request(sandbox)));
    sandbox.close();
    expect(must(await engine.status()).map(({ kind, action }) => [kind, action])).toEqual([
      ["sandbox-gone", "collect"],
    ]);
    expect(must(await engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["done"]);
    expect(await bookOf(host.store)).toMatchObject({ endpoints: [], leases: [], operations: [] });
  });

  test("an endpoint of an earlier boot is collected without a look at the kernel", async () => {
    using site = await openSite("memory");
    const { host } = site;
    must(await site.engine.attach(request(host.sandbox(), { ifname: "eth5" as IfName })));
    const { platform, netns: hostNamespace, store, kernel } = host;
    const rebooted = { ...platform, process: { ...platform.process, bootId: "boot-2" as never } };
    const engine = openEngine({ platform: rebooted, hostNamespace, store });
    const before = kernel.describe();
    expect(must(await engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["done"]);
    expect(kernel.describe()).toEqual(before);
    expect((await bookOf(store)).leases).toEqual([]);
  });

  test("a workload that comes back after a reboot has its address and MAC at once", async () => {
    using site = await openSite("sqlite");
    const { host } = site;
    const workload = "web" as WorkloadName;
    const [web, db] = [host.sandbox(), host.sandbox()];
    const first = must(await site.engine.attach(request(web, { workload })));
    must(await site.engine.attach(request(db, { workload: "db" as WorkloadName })));
    for (const gone of [web, db]) gone.close();
    const { platform, netns: hostNamespace, store } = host;
    const rebooted = { ...platform, process: { ...platform.process, bootId: "boot-2" as never } };
    const engine = openEngine({ platform: rebooted, hostNamespace, store });
    const again = must(await engine.attach(request(host.sandbox(), { workload })));
    expect(again.endpoint.addresses).toEqual(first.endpoint.addresses);
    expect(again.endpoint.link.mac).toBe(first.endpoint.link.mac);
    expect((await bookOf(store)).endpoints.map(({ id }) => id)).toEqual([again.endpoint.id]);
  });

  test("so has one of which the power left only the intent", async () => {
    using site = await openSite("sqlite");
    const { platform, netns: hostNamespace, store } = site.host;
    const workload = "web" as WorkloadName;
    const cut = stateFull({ path: "landfall.db-wal", code: "EIO", message: "no power" });
    // As the disk has the book then: without commits that are to survive the process only.
    const onDisk: Store = {
      ...store,
      transact: async (decide, survives) =>
        survives === "process-end" ? err(cut) : await store.transact(decide, survives),
    };
    const before = openEngine({ platform, hostNamespace, store: onDisk });
    const first = await before.attach(request(site.host.sandbox(), { workload }));
    expect(codeOf(first)).toBe(cut.code);
    const [intent] = (await bookOf(store)).endpoints;
    expect(intent?.state).toBe("attaching");
    const rebooted = { ...platform, process: { ...platform.process, bootId: "boot-2" as never } };
    const engine = openEngine({ platform: rebooted, hostNamespace, store });
    const db = await engine.attach(request(site.host.sandbox(), { workload: "db" as never }));
    expect(must(db).endpoint.addresses).not.toContain(intent?.addresses[0] as never);
    const again = must(await engine.attach(request(site.host.sandbox(), { workload })));
    expect(again.endpoint.addresses).toEqual(intent?.addresses as never);
    expect(again.endpoint.link.mac).toBe(intent?.link.mac as never);
  });
});
