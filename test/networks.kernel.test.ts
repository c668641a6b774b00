/**
 * Every request of creating, changing and removing a network, and of reconciling, is refused in
 * turn on the real kernel; `ip -j` and `bridge fdb` are the witnesses.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { parseIp, parsePrefix } from "../src/addr/index.ts";
import {
  checkNetwork,
  type IfName,
  type NetworkName,
  type NetworkSpec,
  type StoreSalt,
  type StoreUuid,
} from "../src/domain/index.ts";
import { type Engine, memoryLocks, openEngine } from "../src/engine/index.ts";
import type { NetnsHandle, Platform } from "../src/platform/index.ts";
import { memoryStore, type Store } from "../src/store/index.ts";
import { bookOf } from "./support/fake-host.ts";
import { walkRefusals } from "./support/fault-walk.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { inside, type Lan, openLan, pathOf, seenLinks, seenState } from "./support/lan.ts";
import { must } from "./support/must.ts";

setDefaultTimeout(30_000);

const [name, other] = ["lan", "other"] as [NetworkName, NetworkName];

interface Site {
  readonly store: Store;
  readonly engine: Engine;
  readonly engineOn: (platform: Platform, on?: Store) => Engine;
}

function openSite(lan: Lan): Site {
  const uuid = "0f0e0d0c-0000-4000-8000-000000000001" as StoreUuid;
  const store = memoryStore({ uuid, salt: "00" as StoreSalt });
  const locks = memoryLocks();
  const engineOn = (platform: Platform, on = store) =>
    openEngine({ platform, hostNamespace: lan.host, store: on, locks });
  return { store, engineOn, engine: engineOn(lan.platform) };
}

function spec(network = name): NetworkSpec {
  return must(
    checkNetwork({
      name: network,
      parent: "p0" as IfName,
      driver: { kind: "macvlan", mode: "bridge" },
      subnets: [must(parsePrefix("10.0.0.0/24"))],
      gateways: [must(parseIp("10.0.0.1"))],
      ranges: [],
      exclusions: [],
      routes: [],
      reach: "routed",
    }),
  );
}

const request = (netns: NetnsHandle) => ({
  network: name,
  sandbox: { netns, path: pathOf(netns) },
  ifname: "eth0" as IfName,
  addresses: [],
});

const modesIn = (sandboxes: readonly NetnsHandle[]): readonly unknown[] =>
  sandboxes.flatMap(seenLinks).map((link) => link.linkinfo?.info_data?.mode);

test("whichever kernel request of net create or net rm is refused, nothing is changed", async () => {
  using lan = openLan();
  const { store, engine, engineOn } = openSite(lan);
  const [kernel, book] = [seenState(lan.host), await bookOf(store)];
  const walked = await walkRefusals(lan.platform, async (platform, at) => {
    const created = await engineOn(platform).createNetwork(spec());
    if (!created.ok) expect([at, created.error.facts.errno]).toEqual([at, "ENOMEM"]);
    else must(await engineOn(platform).removeNetwork(name));
    expect([at, await bookOf(store)]).toEqual([at, book]);
    return created.ok ? "passed" : "reached";
  });
  expect(walked).toBeGreaterThan(3);
  expect(seenState(lan.host)).toBe(kernel);
  must(await engine.createNetwork(spec()));
  await walkRefusals(lan.platform, async (platform) => {
    const removed = await engineOn(platform).removeNetwork(name);
    expect((await bookOf(store)).networks).toHaveLength(removed.ok ? 0 : 1);
    return removed.ok ? "passed" : "reached";
  });
  expect(seenState(lan.host)).toBe(kernel);
});

test("whichever kernel request of net set is refused, links and book have one mode", async () => {
  using lan = openLan();
  const { store, engine, engineOn } = openSite(lan);
  must(await engine.createNetwork(spec()));
  const sandboxes = [lan.sandbox(), lan.sandbox()];
  for (const sandbox of sandboxes) must(await engine.attach(request(sandbox)));
  const book = await bookOf(store);
  const walked = await walkRefusals(lan.platform, async (platform, at) => {
    const changed = await engineOn(platform).updateNetwork({ name, mode: "vepa" });
    const mode = changed.ok ? "vepa" : "bridge";
    expect([at, modesIn(sandboxes)]).toEqual([at, [mode, mode]]);
    if (!changed.ok) expect([at, await bookOf(store)]).toEqual([at, book]);
    return changed.ok ? "passed" : "reached";
  });
  expect(walked).toBeGreaterThan(5);
});

/** Where it is killed when `met` holds; the same point in every round. */
async function killWhen(
  { platform }: Lan,
  { store, engine, engineOn }: Site,
  work: (mortal: Engine) => Promise<unknown>,
  { from, met }: { readonly from: number; readonly met: () => boolean },
): Promise<number> {
  for (let at = from; at < 100; at++) {
    const killer = new Killer(at);
    const mortal = engineOn(killer.platform(platform), killer.store(store));
    expect(await outcomeOf(work(mortal))).toBe("killed");
    if (met()) return at;
    must(await engine.reconcile());
  }
  throw new Error("no point at which it holds");
}

test("whichever kernel request of a reconcile is refused, the next one ends all of it", async () => {
  using lan = openLan();
  const site = openSite(lan);
  const { store, engine, engineOn } = site;
  for (const network of [name, other]) must(await engine.createNetwork(spec(network)));
  const sandboxes = [lan.sandbox(), lan.sandbox()];
  for (const sandbox of sandboxes) must(await engine.attach(request(sandbox)));
  const [half, lost] = [lan.sandbox(), lan.sandbox()];
  const gone = { sandbox: { netns: lost, path: "/nowhere/lost" }, network: other };
  const [kernel, book] = [() => [half, lost].map(seenLinks), await bookOf(store)];
  let [change, attach] = [1, 1];
  const rounds = await walkRefusals(lan.platform, async (platform, at) => {
    must(await engine.attach({ ...request(lost), ...gone }));
    inside(lost, "ip", "link", "del", "dev", "eth0");
    const begin = { ...request(half), network: other };
    const made = () => seenLinks(half).length === 1;
    attach = await killWhen(lan, site, (it) => it.attach(begin), { from: attach, met: made });
    const mixed = () => new Set(modesIn(sandboxes)).size === 2;
    const vepa = { name, mode: "vepa" };
    change = await killWhen(lan, site, (it) => it.updateNetwork(vepa), {
      from: change,
      met: mixed,
    });
    const faulty = await engineOn(platform).reconcile();
    const clean = faulty.ok && faulty.value.every(({ outcome }) => outcome === "done");
    must(await engine.reconcile());
    expect([at, must(await engine.status())]).toEqual([at, []]);
    expect([at, modesIn(sandboxes), kernel()]).toEqual([at, ["bridge", "bridge"], [[], []]]);
    expect([at, await bookOf(store)]).toEqual([at, book]);
    return clean ? "passed" : "reached";
  });
  expect(rounds).toBeGreaterThan(10);
});
