import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { err, type Millis, millis, ok, type Problem, type Result } from "../base/index.ts";
import type { FileLock, Files } from "../platform/index.ts";
import { calledOff, confUnreadable } from "./problems.ts";
import type { AttachmentName, CniNetworkName } from "./values.ts";

/** Whose turn: an attachment's, or that of GC, which takes everything of a network. */
export type Turn = AttachmentName | "gc";

/** Where turns are kept, and how a lock is taken. */
export interface TurnPlace {
  readonly cacheDirectory: string;
  readonly tryLock: Files["tryLock"];
  readonly signal: AbortSignal;
}

/**
 * Attachments share this many locks, so that the files of those that are gone need not be removed:
 * a lock file that is removed while somebody waits for it may be held by two.
 */
const LOCKS = 32;
const LOOK: Millis = millis(10);

/**
 * Does `work` while nobody else does anything of the same attachment, and no GC of its network; GC
 * does it while nobody does anything of the network (specification, "Lifecycle & Ordering"). Counts
 * among all processes with this cache directory. Each first takes its own lock and then looks at
 * the others', so that of two at least one sees the other. Errors: LF-CNI-RUN-FILE,
 * LF-CNI-RUN-INTERRUPTED, and those of `work`.
 */
export async function inTurn<T>(
  network: CniNetworkName,
  turn: Turn,
  place: TurnPlace,
  work: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const directory = join(place.cacheDirectory, "locks");
  const made = makeDirectory(directory);
  if (!made.ok) return made;
  const gc = join(directory, `${network}-gc`);
  const shares = Array.from({ length: LOCKS }, (_, n) => join(directory, `${network}-${n}`));
  const own = turn === "gc" ? gc : (shares[shareOf(turn)] ?? gc);
  const others = turn === "gc" ? shares : [gc];
  for (;;) {
    const lock = tryLock(own, place);
    if (!lock.ok) return lock;
    if (lock.value !== undefined) {
      using _held = lock.value;
      // GC has its turn now, and waits for those who began; they let it go first.
      const free = turn === "gc" ? await waitUntilFree(others, place) : areFree(others, place);
      if (!free.ok) return free;
      if (free.value) return await work();
    }
    if (place.signal.aborted) return err(calledOff({ network }));
    await Bun.sleep(LOOK);
  }
}

function shareOf({ containerId, ifname }: AttachmentName): number {
  return Number(Bun.hash(`${containerId}/${ifname}`) % BigInt(LOCKS));
}

async function waitUntilFree(
  paths: readonly string[],
  place: TurnPlace,
): Promise<Result<boolean, Problem>> {
  for (const path of paths) {
    for (;;) {
      const free = areFree([path], place);
      if (!free.ok) return free;
      if (free.value) break;
      if (place.signal.aborted) return ok(false);
      await Bun.sleep(LOOK);
    }
  }
  return ok(true);
}

function areFree(paths: readonly string[], place: TurnPlace): Result<boolean, Problem> {
  for (const path of paths) {
    const lock = tryLock(path, place);
    if (!lock.ok) return lock;
    if (lock.value === undefined) return ok(false);
    lock.value.release();
  }
  return ok(true);
}

/** Undefined where somebody else holds it. */
function tryLock(path: string, { tryLock }: TurnPlace): Result<FileLock | undefined, Problem> {
  const lock = tryLock(path);
  if (lock.ok) return lock;
  const { errno } = lock.error;
  if (errno === "EAGAIN" || errno === "EWOULDBLOCK") return ok(undefined);
  return err(confUnreadable({ action: "lock", path, errno }));
}

function makeDirectory(path: string): Result<void, Problem> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return ok();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return err(confUnreadable({ action: "make", path, errno: String(error.code) }));
  }
}
