/** Operations on one network wait for each other, and are ended by others when their process died. */
import { describe, expect, test } from "bun:test";
import { defined, millis, ok, seconds } from "../src/base/index.ts";
import type { NetworkId, NetworkUpdate, OperationId } from "../src/domain/index.ts";
import type { Engine } from "../src/engine/index.ts";
import { setLink } from "../src/netlink/index.ts";
import type { Clock, Platform } from "../src/platform/index.ts";
import { bookOf, childrenIn, type FakeHost, request, storeKinds } from "./support/fake-host.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { codeOf, must } from "./support/must.ts";
import {
  eth0,
  eth1,
  killedWhen,
  lan,
  modesOf,
  type NetSite,
  openBusySite,
  openNetSite,
  recorded,
  stateOf,
} from "./support/net-site.ts";

type BusySite = Awaited<ReturnType<typeof openBusySite>>;

const toVepa = (engine: Engine) => engine.updateNetwork({ name: lan, mode: "vepa" });

/** A change of the network whose process was killed when `met` held. */
const killedChange = (met: (site: BusySite) => Promise<boolean>) =>
  killedWhen(() => openBusySite(), toVepa, met);
const halfDone = async (site: BusySite) => new Set(modesOf(site)).size === 2;
const wholeDone = async (site: BusySite) =>
  modesOf(site).join() === "vepa,vepa" && (await bookOf(site.host.store)).operations.length === 1;

/** Kernel and book say the same of the network's mode, and nothing is in flight. */
async function expectOneMode(site: NetSite, at: number): Promise<string> {
  const { networks, operations } = await bookOf(site.host.store);
  const mode = `${networks[0]?.driver.mode}`;
  expect([at, operations]).toEqual([at, []]);
  expect([at, new Set([...modesOf(site), mode])]).toEqual([at, new Set([mode])]);
  expect([at, must(await site.engine.status())]).toEqual([at, []]);
  return mode;
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  test("a change killed at any point is completed or undone by reconcile", async () => {
    const [met, modes] = [new Set<string>(), new Set<string>()];
    let at = 1;
    for (; at < 200; at++) {
      using site = await openBusySite(storeKind);
      const end = await outcomeOf(toVepa(site.mortal(new Killer(at))));
      const told = must(await site.engine.status());
      for (const { subject, kind } of told)
        expect([subject, kind]).toEqual(["network", "interrupted"]);
      const done = must(await site.engine.reconcile());
      expect([at, done.map(({ outcome }) => outcome)]).toEqual([at, told.map(() => "done")]);
      for (const { finding } of done) met.add(finding.action);
      modes.add(await expectOneMode(site, at));
      if (end === "ended") break;
    }
    expect(at).toBeGreaterThan(15);
    expect([...met].sort()).toEqual(["complete", "undo"]);
    expect([...modes].sort()).toEqual(["bridge", "vepa"]);
  });
});

test("a reconcile killed at any point is ended by the next", async () => {
  for (let at = 1; at < 200; at++) {
    using site = await killedChange(halfDone);
    const end = await outcomeOf(site.mortal(new Killer(at)).reconcile());
    must(await site.engine.reconcile());
    expect(await expectOneMode(site, at)).toBe("bridge");
    if (end === "ended") return;
  }
  throw new Error("the walk does not end");
});

const nextCommands: readonly (readonly [string, (site: BusySite) => Promise<unknown>])[] = [
  ["attach", ({ engine, host }) => engine.attach(request(host.sandbox()))],
  [
    "detach",
    ({ engine, sandbox }) => {
      const at = { netns: sandbox, path: `/proc/self/fd/${sandbox.fd}` };
      return engine.detach({ kind: "owner", sandbox: at, ifname: eth0 });
    },
  ],
  ["net set", ({ engine }) => engine.updateNetwork({ name: lan, mode: "private" })],
  ["net rm", ({ engine }) => engine.removeNetwork(lan)],
];

test.each(nextCommands)("%s ends a change whose process died", async (what, work) => {
  for (const [met, mode] of [
    [halfDone, "bridge"],
    [wholeDone, "vepa"],
  ] as const) {
    using site = await killedChange(met);
    await work(site);
    expect(await expectOneMode(site, 0)).toBe(what === "net set" ? "private" : mode);
  }
});

test("a change that somebody works on is told as running, and left alone", async () => {
  using site = await killedChange(halfDone);
  using _held = must(site.locks.acquire(await recorded(site)));
  expect(must(await site.engine.status())).toEqual([
    {
      subject: "network",
      network: lan,
      kind: "running",
      detail: "change from mode bridge to vepa is at work",
      action: "none",
    },
  ]);
  const before = await stateOf(site);
  expect(must(await site.engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["left"]);
  expect(await stateOf(site)).toEqual(before);
});

/** A platform on which something happens at the n-th wait. */
function onWait({ platform }: FakeHost, at: number, happen: () => void): Platform {
  let waits = 0;
  const sleep: Clock["sleep"] = (duration, signal) => {
    waits += 1;
    if (waits === at) happen();
    return platform.clock.sleep(duration, signal);
  };
  return { ...platform, clock: { ...platform.clock, sleep } };
}

test.each(nextCommands)("%s waits for a change that is at work", async (_what, work) => {
  using site = await killedChange(halfDone);
  const lock = must(site.locks.acquire(await recorded(site)));
  const waits: string[] = [];
  const platform = onWait(site.host, 3, () => {
    waits.push("waited");
    lock.release();
  });
  await work({ ...site, engine: site.engineOn({ platform }) });
  expect(waits).toEqual(["waited"]);
  await expectOneMode(site, 0);
});

test.each(nextCommands)("%s has its patience, and changes nothing then", async (_what, work) => {
  using site = await killedChange(halfDone);
  using _held = must(site.locks.acquire(await recorded(site)));
  const [before, begin] = [await stateOf(site), site.host.platform.clock.boottime()];
  expect(codeOf((await work(site)) as never)).toBe("LF-NETWORK-BUSY");
  const waited = site.host.platform.clock.boottime() - begin;
  expect(waited).toBeGreaterThanOrEqual(seconds(30));
  expect(waited).toBeLessThan(seconds(31));
  expect((await stateOf(site))[1]).toEqual(before[1]);
  expect(modesOf(site)).toContain("vepa");
});

test("whoever waits can be called off, and nothing is changed", async () => {
  using site = await killedChange(halfDone);
  using _held = must(site.locks.acquire(await recorded(site)));
  const before = await bookOf(site.host.store);
  const control = new AbortController();
  const engine = site.engineOn({ platform: onWait(site.host, 2, () => control.abort()) });
  const { signal } = control;
  const sandbox = site.host.sandbox();
  expect(codeOf(await engine.attach({ ...request(sandbox), signal }))).toBe("LF-CANCELLED");
  const set = await engine.updateNetwork({ name: lan, mode: "private" }, { signal });
  expect(codeOf(set)).toBe("LF-CANCELLED");
  expect(codeOf(await engine.removeNetwork(lan, { signal }))).toBe("LF-CANCELLED");
  expect(await bookOf(site.host.store)).toEqual(before);
});

/** A store of which somebody quicker records a change of the network after the n-th commit. */
function beatenAt({ host, locks, engineOn }: NetSite, at: number) {
  const id = "op-other" as OperationId;
  const seen = { beaten: "no", both: [] as unknown[] };
  const { store } = host;
  let commits = 0;
  let lock: Disposable | undefined;
  const begin = async (network: NetworkId): Promise<void> => {
    lock = must(locks.acquire(id));
    const [before, after] = ["bridge", "vepa"].map((mode) => ({ kind: "macvlan", mode }) as const);
    const facts = { id, network, bootId: "b", startedAt: millis(0), deadline: millis(1) };
    const row = { kind: "update-network", ...facts, before, after } as NetworkUpdate;
    must(await store.transact((tx) => ok(tx.operations.insert(row))));
    seen.beaten = "yes";
  };
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await work();
    commits += 1;
    const { operations, networks } = await bookOf(store);
    const others = operations.filter((row) => row.id !== id);
    const isAtWork = operations.length > others.length;
    if (isAtWork && (others.length > 0 || networks.length === 0))
      seen.both.push(...others, commits);
    const [network] = networks;
    if (commits === at && operations.length === 0 && network) await begin(network.id);
    return result;
  };
  const end = (): void => {
    void store.transact((tx) => {
      for (const row of tx.operations.all()) if (row.id === id) tx.operations.remove(row);
      return ok();
    });
    lock?.[Symbol.dispose]();
  };
  const watchedStore: typeof store = {
    ...store,
    transact: (decide) => watched(() => store.transact(decide)),
    read: (look) => watched(() => store.read(look)),
  };
  const engine = engineOn({ platform: onWait(host, 3, end), store: watchedStore });
  return { engine, seen };
}

test.each(nextCommands)(
  "%s does not begin beside a change that was quicker",
  async (what, work) => {
    const beaten: string[] = [];
    for (let at = 1; at < 8; at++) {
      using site = await openBusySite();
      if (what === "net rm") {
        for (const { id } of (await bookOf(site.host.store)).endpoints) {
          must(await site.engine.detach({ kind: "id", id }));
        }
      }
      const { engine, seen } = beatenAt(site, at);
      expect([at, codeOf((await work({ ...site, engine })) as never)]).toEqual([at, "done"]);
      expect([at, seen.both]).toEqual([at, []]);
      beaten.push(seen.beaten);
    }
    expect(beaten).toContain("yes");
  },
);

test("a change of a network without endpoints that was killed is undone", async () => {
  using site = await killedWhen(openNetSite, toVepa, async ({ host }) => {
    return (await bookOf(host.store)).operations.length === 1;
  });
  expect(must(await site.engine.reconcile())).toMatchObject([{ finding: { action: "undo" } }]);
  expect(await expectOneMode(site, 0)).toBe("bridge");
});

test("what was told to have failed is undone, even where every link shows it done", async () => {
  using site = await killedChange(wholeDone);
  must(
    await site.host.store.transact((tx) => {
      const row = defined(tx.operations.all()[0], "the change");
      return ok(tx.operations.replace({ ...row, decided: "undo" }));
    }),
  );
  must(await site.engine.reconcile());
  expect(await expectOneMode(site, 0)).toBe("bridge");
});

test("a killed change is undone while an attach that began before it is at work", async () => {
  using site = await killedWhen(
    () => openBusySite(),
    (engine, { host }) => engine.attach(request(host.sandbox())),
    async ({ host }) => (await bookOf(host.store)).operations.length === 1,
  );
  const { host, engine, locks } = site;
  using _held = must(locks.acquire(await recorded(site)));
  // Somebody had changed the links by hand, so that they look as if the change had been made.
  for (const { sandbox, link } of (await bookOf(host.store)).endpoints.slice(0, 3)) {
    const netns = host.platform.namespaces.open(sandbox.path);
    const details = { kind: "macvlan", mode: "vepa" } as const;
    if (netns.ok && childrenIn(host.kernel).some((row) => row.ifindex === link.ifindex)) {
      host.run(netns.value, setLink({ link: { ifindex: link.ifindex }, details }));
    }
  }
  expect(modesOf(site)).toEqual(["vepa", "vepa"]);
  const kill = onWait(host, 2, () => {
    throw new Error("killed");
  });
  await toVepa(site.engineOn({ platform: kill })).catch(() => {});
  expect((await bookOf(host.store)).operations).toHaveLength(2);
  must(await engine.reconcile());
  expect((await bookOf(host.store)).networks[0]?.driver.mode).toBe("bridge");
  expect(modesOf(site)).toEqual(["bridge", "bridge"]);
});

/** An attach that is recorded, its link made, and its process neither ended nor dead. */
async function attaching(): Promise<BusySite & { readonly end: () => void }> {
  const site = await killedWhen(
    () => openBusySite(),
    (engine, { host }) => engine.attach(request(host.sandbox())),
    async ({ host }) => childrenIn(host.kernel).length === 3,
  );
  const lock = must(site.locks.acquire(await recorded(site)));
  return { ...site, end: () => lock.release() };
}

test("a change waits for an attach that began before, and nobody else begins one", async () => {
  using site = await attaching();
  const { host } = site;
  const codes: string[] = [];
  const control = new AbortController();
  const late = site.engineOn({ platform: onWait(host, 1, () => control.abort()) });
  const wish = { ...request(host.sandbox(), { ifname: eth1 }), signal: control.signal };
  let others: Promise<unknown> = Promise.resolve();
  const platform = onWait(host, 2, () => {
    others = late.attach(wish).then((result) => codes.push(codeOf(result)));
  });
  const ended = onWait({ ...host, platform }, 6, site.end);
  expect(codeOf(await toVepa(site.engineOn({ platform: ended })))).toBe("done");
  await others;
  expect(codes).toEqual(["LF-CANCELLED"]);
  expect(await expectOneMode(site, 0)).toBe("vepa");
});

test("a change that waits in vain for an attach leaves the network as it was", async () => {
  using site = await attaching();
  const before = await stateOf(site);
  const begin = site.host.platform.clock.boottime();
  expect(codeOf(await toVepa(site.engine))).toBe("LF-OWNER-BUSY");
  expect(site.host.platform.clock.boottime() - begin).toBeLessThan(seconds(31));
  expect(await stateOf(site)).toEqual(before);
});

test("a change can be called off between two links, and is undone", async () => {
  using site = await openBusySite();
  const before = await stateOf(site);
  const control = new AbortController();
  const platform = onWait(site.host, 2, () => {
    expect([...modesOf(site)].sort()).toEqual(["bridge", "vepa"]);
    control.abort();
  });
  const engine = site.engineOn({ platform });
  const set = await engine.updateNetwork({ name: lan, mode: "vepa" }, { signal: control.signal });
  expect(codeOf(set)).toBe("LF-CANCELLED");
  expect(await stateOf(site)).toEqual(before);
});

test("attaches and changes at once end with every link in the network's mode", async () => {
  using site = await openNetSite();
  const modes = ["vepa", "private", "bridge"];
  const works = Array.from({ length: 12 }, (_, index) =>
    index % 4 === 3
      ? site.engine.updateNetwork({ name: lan, mode: `${modes[index % 3]}` })
      : site.engine.attach(request(site.host.sandbox())),
  );
  expect((await Promise.all<unknown>(works)).map((result) => codeOf(result as never))).toEqual(
    works.map(() => "done"),
  );
  await expectOneMode(site, 0);
  expect(childrenIn(site.host.kernel)).toHaveLength(9);
});

test("an endpoint between two states is not waited for without end", async () => {
  using site = await openNetSite();
  must(await site.engine.attach(request(site.host.sandbox())));
  const { store, platform } = site.host;
  must(
    await store.transact((tx) => {
      for (const row of tx.endpoints.all()) tx.endpoints.replace({ ...row, state: "detaching" });
      return { ok: true, value: undefined };
    }),
  );
  const [endpoint] = (await bookOf(store)).endpoints;
  const begin = platform.clock.boottime();
  const detached = await site.engine.detach({ kind: "id", id: endpoint?.id as never });
  expect(codeOf(detached)).toBe("LF-OWNER-BUSY");
  expect(platform.clock.boottime() - begin).toBeGreaterThan(millis(30_000));
});
