import { removeHeldFile } from "../attach/index.ts";
import { ok, type Problem, type Result } from "../base/index.ts";
import {
  type AttachmentKey,
  type HeldAddress,
  type Network,
  parseAllocation,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import type { Hold } from "./attachments.ts";
import type { EngineDeps } from "./deps.ts";

/** Holds what nobody has yet; what is given or held already is left as it is. */
export function insertHolds(tx: Transaction, network: Network, holds: readonly Hold[]): void {
  const { segment, origin, name } = network;
  const configuration = origin?.kind === "cni" ? origin.name : name;
  for (const { address, file, holder } of holds) {
    const known = tx.leases.get(segment, address) ?? tx.holds.get(segment, address);
    if (known !== undefined) continue;
    tx.holds.insert({ segment, address, configuration, file, holder });
  }
}

/** Ends the holds of addresses that nobody gives away any more; how many those were. */
export async function endStaleHolds(deps: EngineDeps): Promise<Result<number, Problem>> {
  const { files } = deps.platform;
  const holds = await deps.store.transact((tx) => ok(tx.holds.all()));
  if (!holds.ok) return holds;
  const stale = holds.value.filter(({ file }) => {
    const text = files.readText(file);
    // Whatever else stands against reading it says nothing about the file.
    return !text.ok && (text.error.errno === "ENOENT" || text.error.errno === "ENOTDIR");
  });
  return stale.length === 0 ? ok(0) : await endHolds(deps, stale);
}

/** Ends the holds of an attachment that somebody else made, and removes their files. */
export async function unhold(
  deps: EngineDeps,
  key: AttachmentKey,
): Promise<Result<readonly Hold[], Problem>> {
  const found = await deps.store.transact((tx) =>
    ok(tx.holds.byContainer(key.containerId).filter((row) => isOf(row, key))),
  );
  if (!found.ok || found.value.length === 0) return found;
  for (const { file, holder } of found.value) {
    const removed = removeHeldFile(deps.platform.files, file, holder);
    if (!removed.ok) return removed;
  }
  const ended = await endHolds(deps, found.value);
  if (!ended.ok) return ended;
  return ok(found.value.map(({ address, file, holder }) => ({ address, file, holder })));
}

/** Files of old versions do not say which link of the container it is. */
function isOf({ configuration, holder }: HeldAddress, { network, ifname }: AttachmentKey): boolean {
  return configuration === network && (holder.ifname ?? ifname) === ifname;
}

function endHolds(
  deps: EngineDeps,
  rows: readonly HeldAddress[],
): Promise<Result<number, Problem>> {
  return deps.store.transact((tx) => {
    // Somebody may have ended them since they were looked at.
    const left = rows.filter(({ segment, address }) => tx.holds.get(segment, address));
    for (const { segment, address } of left) tx.holds.remove(segment, address);
    return ok(left.length);
  });
}

/** Whose a file says that an address is; undefined where there is no such file any more. */
export function readHold(
  { platform }: EngineDeps,
  { address, file }: Pick<Hold, "address" | "file">,
): Hold | undefined {
  const text = platform.files.readText(file);
  const holder = text.ok ? parseAllocation(text.value) : undefined;
  return holder && { address, file, holder };
}
