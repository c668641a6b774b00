import {
  makeVlan,
  observeVlan,
  openConversation,
  refusalProblem,
  removeMarked,
} from "../attach/index.ts";
import { err, millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import {
  lockRefused,
  type Network,
  parentAlias,
  parentBusy,
  parentMissing,
  type VlanStack,
  vlanLinkName,
} from "../domain/index.ts";
import { getLink, type Rtnetlink } from "../netlink/index.ts";
import type { Transaction } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { OperationLock } from "./operation-locks.ts";

/** How long one waits for another who makes or deletes links of the same parent. */
const PATIENCE = seconds(30);
const PAUSE = millis(20);

/**
 * Makes the links of a network's VLAN that are missing, for a network that was just recorded:
 * somebody who is about to delete them, and has not seen it in the book yet, is waited for.
 */
export async function makeVlanParent(
  deps: EngineDeps,
  network: Network,
  vlan: VlanStack,
): Promise<Result<void, Problem>> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  return await makeLocked(deps, host, network, vlan);
}

/** As `makeVlanParent`, for a network that is in the book for some time: mostly all is there. */
export async function ensureVlanParent(
  deps: EngineDeps,
  network: Network,
  vlan: VlanStack,
): Promise<Result<void, Problem>> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const there = host.request(getLink({ name: network.parent }));
  if (there.ok && there.value.details?.kind === "vlan") return ok();
  return await makeLocked(deps, host, network, vlan);
}

async function makeLocked(
  deps: EngineDeps,
  host: Rtnetlink,
  network: Network,
  vlan: VlanStack,
): Promise<Result<void, Problem>> {
  const lock = await lockParent(deps, vlan);
  if (!lock.ok) return lock;
  using _held = lock.value;
  return makeMissing(deps, host, network, vlan);
}

function makeMissing(
  deps: EngineDeps,
  host: Rtnetlink,
  { parent }: Network,
  vlan: VlanStack,
): Result<void, Problem> {
  const levels = observeVlan(host, vlan);
  if (!levels.ok) return levels;
  const base = host.request(getLink({ name: vlan.on }));
  if (!base.ok && base.error.errno !== "ENODEV") {
    return err(refusalProblem(base.error, `look at ${vlan.on}`));
  }
  if (!base.ok || levels.value === undefined) {
    return err(parentMissing({ parent: vlan.on, links: [], nearest: undefined }));
  }
  const alias = parentAlias(deps.store.uuid);
  const made = makeVlan(host, base.value, levels.value, { alias, nextIfindex: deps.ids.ifindex });
  if (!made.ok) return made;
  if (made.value.name === parent) return ok();
  // Somebody made this VLAN meanwhile, under another name.
  return err(parentBusy({ parent, use: `${made.value.name} now`, instead: made.value.name }));
}

/** Deletes those links of a network's VLAN that are ours and that no other network needs. */
export async function removeVlanParent(
  deps: EngineDeps,
  network: Network,
  vlan: VlanStack,
): Promise<Result<void, Problem>> {
  const lock = await lockParent(deps, vlan);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const needed = await deps.store.transact((tx) => ok(neededByOthers(tx, network)));
  if (!needed.ok) return needed;
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  for (const name of linkNames(vlan).toReversed()) {
    if (needed.value.has(name)) break;
    const removed = removeMarked(host, name, parentAlias(deps.store.uuid));
    if (!removed.ok) return removed;
  }
  return ok();
}

/** The links that other networks are on, with those beneath them. */
function neededByOthers(tx: Transaction, { id }: Network): ReadonlySet<string> {
  const others = tx.networks.all().filter((other) => other.id !== id);
  return new Set(
    others.flatMap(({ parent, vlan }) => [parent, ...(vlan === undefined ? [] : linkNames(vlan))]),
  );
}

function linkNames({ on, tags }: VlanStack) {
  return tags.map((_, index) => vlanLinkName({ on, tags: tags.slice(0, index + 1) }));
}

async function lockParent(
  deps: EngineDeps,
  { on }: VlanStack,
): Promise<Result<OperationLock, Problem>> {
  const { clock } = deps.platform;
  const patience = clock.boottime() + PATIENCE;
  for (;;) {
    const lock = deps.locks.acquireParent(on);
    if (lock.ok) return lock;
    const { errno, call } = lock.error;
    if (errno !== "EAGAIN" || clock.boottime() > patience) {
      return err(lockRefused({ path: call, errno }));
    }
    await clock.sleep(PAUSE);
  }
}
