import type { Mac } from "../../src/addr/index.ts";
import { defined } from "../../src/base/index.ts";
import type { IfName, NetworkName, OperationId } from "../../src/domain/index.ts";
import {
  type Engine,
  memoryLocks,
  type OperationLocks,
  openEngine,
} from "../../src/engine/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import type { Store } from "../../src/store/index.ts";
import {
  bookOf,
  childrenIn,
  type FakeHost,
  network,
  openFakeHost,
  request,
  type storeKinds,
} from "./fake-host.ts";
import { Killer, outcomeOf } from "./killer.ts";
import { must } from "./must.ts";

export const lan = "lan" as NetworkName;
export const [eth0, eth1] = ["eth0", "eth1"] as [IfName, IfName];
export const [A, B, C] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"] as [
  Mac,
  Mac,
  Mac,
];

/** A fake host with the network "lan" and locks that tell who is at work. */
export interface NetSite extends Disposable {
  readonly host: FakeHost;
  readonly locks: OperationLocks;
  readonly engine: Engine;
  /** As another process has it. */
  engineOn(change: { readonly platform?: Platform; readonly store?: Store }): Engine;
  mortal(killer: Killer): Engine;
}

export async function openNetSite(
  storeKind: (typeof storeKinds)[number] = "memory",
): Promise<NetSite> {
  const host = openFakeHost(storeKind);
  const locks = memoryLocks();
  const { platform, netns: hostNamespace, store } = host;
  const engineOn: NetSite["engineOn"] = (change) =>
    openEngine({ platform, hostNamespace, store, locks, ...change });
  const engine = engineOn({});
  must(await engine.createNetwork(network()));
  return {
    host,
    locks,
    engine,
    engineOn,
    mortal: (killer) =>
      engineOn({ platform: killer.platform(platform), store: killer.store(store) }),
    [Symbol.dispose]: () => host[Symbol.dispose](),
  };
}

/** As `openNetSite`, with two endpoints on the network; returns the sandbox of the first, too. */
export async function openBusySite(
  storeKind: (typeof storeKinds)[number] = "memory",
): Promise<NetSite & { readonly sandbox: NetnsHandle }> {
  const site = await openNetSite(storeKind);
  const sandbox = site.host.sandbox();
  must(await site.engine.attach(request(sandbox)));
  must(await site.engine.attach(request(site.host.sandbox(), { ifname: eth1 })));
  return { ...site, sandbox };
}

/** Mode and list of every link on a parent. */
export function modesOf({ host }: NetSite): readonly string[] {
  return childrenIn(host.kernel).map(({ details }) =>
    details.kind === "macvlan" ? [details.mode, ...details.allowedMacs].join(" ") : "",
  );
}

/** Everything that there is: the kernel and the book. */
export async function stateOf({ host }: NetSite): Promise<readonly [readonly string[], object]> {
  return [host.kernel.describe(), await bookOf(host.store)];
}

/** The one operation that is recorded. */
export async function recorded({ host }: NetSite): Promise<OperationId> {
  const [operation] = (await bookOf(host.store)).operations;
  return defined(operation, "a recorded operation").id;
}

/** Kills `work` at the first point at which `met` holds; a new site for each attempt. */
export async function killedWhen<S extends NetSite>(
  open: () => Promise<S>,
  work: (engine: Engine, site: S) => Promise<unknown>,
  met: (site: S) => Promise<boolean>,
): Promise<S> {
  const known = killPoints.get(met) ?? 1;
  for (let at = known; at < 200; at++) {
    const site = await open();
    const end = await outcomeOf(work(site.mortal(new Killer(at)), site));
    if (end === "killed" && (await met(site))) {
      killPoints.set(met, at);
      return site;
    }
    site[Symbol.dispose]();
    if (end === "ended") break;
  }
  throw new Error("no point at which it holds");
}

/** Where each condition was met before: fake hosts are all alike. */
const killPoints = new WeakMap<object, number>();
