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

/**
 * Ends the holds of addresses that nobody gives away any more; how many those were. Folders are
 * listed and no file is opened: there may be 50,000, and the daemon asks often.
 */
export async function endStaleHolds(deps: EngineDeps): Promise<Result<number, Problem>> {
  const holds = await deps.store.read((book) => ok(book.holds.all()));
  if (!holds.ok) return holds;
  const folders = Map.groupBy(holds.value, ({ file }) => file.slice(0, file.lastIndexOf("/")));
  const stale = [...folders].flatMap(([directory, rows]) => {
    const there = pathsIn(deps, directory);
    return there === undefined ? [] : rows.filter(({ file }) => !there.has(file));
  });
  return stale.length === 0 ? ok(0) : await endHolds(deps, stale);
}

/** Undefined where that cannot be told. */
function pathsIn({ platform }: EngineDeps, directory: string): ReadonlySet<string> | undefined {
  const names = platform.files.list(directory);
  if (names.ok) return new Set(names.value.map((name) => `${directory}/${name}`));
  const isGone = names.error.errno === "ENOENT" || names.error.errno === "ENOTDIR";
  return isGone ? new Set() : undefined;
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
