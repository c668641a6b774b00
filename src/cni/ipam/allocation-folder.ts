import { type Ip, parseIp } from "../../addr/index.ts";
import { err, millis, ok } from "../../base/index.ts";
import { type FileHolder, parseAllocation } from "../../domain/index.ts";
import type { FileLock, SysResult } from "../../platform/index.ts";
import type { Folder } from "./folder-files.ts";

/** A file of `host-local`: an address, and to whom it is given. */
export interface Allocation {
  readonly address: Ip;
  readonly path: string;
  /** Absent: the file is empty, because its writer died. It means nothing under the lock. */
  readonly holder?: FileHolder;
}

/** Whoever names an attachment: the two parts of its key that a file holds. */
export type Holder = Required<FileHolder>;

/** As `host-local` waits, which has no limit of its own: a runtime gives up sooner. */
const LOCK_WAIT_MS = 10_000;
const LOCK_PAUSE_MS = 5;

/** Holds the folder's flock while `work` is done; makes the folder first. */
export async function withFolder<T>(
  folder: Folder,
  signal: AbortSignal,
  work: () => SysResult<T>,
): Promise<SysResult<T>> {
  const made = folder.files.makeDirectory(folder.directory);
  if (!made.ok) return made;
  const lock = await lockFolder(folder, signal);
  if (!lock.ok) return lock;
  using _held = lock.value;
  return work();
}

async function lockFolder(
  { files, clock, directory }: Folder,
  signal: AbortSignal,
): Promise<SysResult<FileLock>> {
  const path = `${directory}/lock`;
  const deadline = clock.boottime() + LOCK_WAIT_MS;
  for (;;) {
    const lock = files.tryLock(path);
    if (lock.ok || lock.error.errno !== "EAGAIN") return lock;
    if (signal.aborted || clock.boottime() >= deadline) return lock;
    await clock.sleep(millis(LOCK_PAUSE_MS), signal);
  }
}

/** All that is given away in a folder; nothing where the folder is not there. */
export function readAllocations(folder: Folder): SysResult<readonly Allocation[]> {
  const paths = listAllocations(folder);
  return paths.ok ? readAll(folder, paths.value) : paths;
}

/** A part of a folder that is read at once: some 10 ms of system calls. */
const AT_ONCE = 500;

/** As `readAllocations`, beside all else that the process does: a folder may hold 50,000 files. */
export async function scanAllocations(folder: Folder): Promise<SysResult<readonly Allocation[]>> {
  const paths = listAllocations(folder);
  if (!paths.ok) return paths;
  const allocations: Allocation[] = [];
  for (let at = 0; at < paths.value.length; at += AT_ONCE) {
    if (at > 0) await folder.clock.sleep(millis(0));
    const part = readAll(folder, paths.value.slice(at, at + AT_ONCE));
    if (!part.ok) return part;
    allocations.push(...part.value);
  }
  return ok(allocations);
}

type Path = Pick<Allocation, "address" | "path">;

function listAllocations({ files, directory }: Folder): SysResult<readonly Path[]> {
  const names = files.list(directory);
  if (!names.ok) return names.error.errno === "ENOENT" ? ok([]) : names;
  return ok(
    names.value.flatMap((name) => {
      // `lock` and `last_reserved_ip.N` are no addresses.
      const address = parseIp(name);
      if (!address.ok || address.value !== name) return [];
      return [{ address: address.value, path: `${directory}/${name}` }];
    }),
  );
}

function readAll({ files }: Folder, paths: readonly Path[]): SysResult<Allocation[]> {
  const allocations: Allocation[] = [];
  for (const { address, path } of paths) {
    const text = files.readText(path);
    if (!text.ok) {
      // Given back since the folder was listed.
      if (text.error.errno === "ENOENT") continue;
      return text;
    }
    const holder = parseAllocation(text.value);
    allocations.push({ address, path, ...(holder === undefined ? {} : { holder }) });
  }
  return ok(allocations);
}

/** Whether a file is an attachment's: one without a link name is of all of its container. */
export function isHeldBy({ holder }: Allocation, { containerId, ifname }: Holder): boolean {
  if (holder?.containerId !== containerId) return false;
  return holder.ifname === undefined || holder.ifname === ifname;
}

/** An attachment's files; those of its whole container, of old versions, where it has none. */
export function allocationsOf(
  all: readonly Allocation[],
  { containerId, ifname }: Holder,
): readonly Allocation[] {
  const ofContainer = all.filter(({ holder }) => holder?.containerId === containerId);
  const own = ofContainer.filter(({ holder }) => holder?.ifname === ifname);
  return own.length > 0 ? own : ofContainer.filter(({ holder }) => holder?.ifname === undefined);
}

/** Removes files that `choose` chooses, under the lock; where there is nothing it takes none. */
export async function removeAllocations(
  folder: Folder,
  signal: AbortSignal,
  choose: (all: readonly Allocation[]) => readonly Allocation[],
): Promise<SysResult<readonly Allocation[]>> {
  const before = await scanAllocations(folder);
  if (!before.ok) return before;
  const over = choose(before.value);
  if (over.length === 0) return ok([]);
  return withFolder(folder, signal, () => {
    // Others may have been given the same addresses since.
    const now = readAll(folder, over);
    if (!now.ok) return now;
    const still = choose(now.value);
    for (const { path } of still) {
      const removed = folder.files.removeFile(path);
      if (!removed.ok && removed.error.errno !== "ENOENT") return err(removed.error);
    }
    return ok(still);
  });
}
