import { err, type Millis, millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import {
  cancelled,
  describeOperation,
  lockRefused,
  networkBusy,
  type Operation,
  type OperationId,
  ownerBusy,
} from "../domain/index.ts";
import type { Book } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";
import { busyProblem, type InFlight, inFlightOf } from "./in-flight.ts";
import type { OperationLock } from "./operation-locks.ts";
import { recover } from "./recover.ts";

/** How long one operation waits for others: as long as a slow one takes. */
const PATIENCE = seconds(30);
const PAUSE = millis(20);

/** The lock of a new operation: taken before anything of it is recorded. */
export function lockOperation(deps: EngineDeps, id: OperationId): Result<OperationLock, Problem> {
  const lock = deps.locks.acquire(id);
  if (lock.ok) return lock;
  return err(lockRefused({ path: lock.error.call, errno: lock.error.errno }));
}

/** What an operation has to wait for, and who may call it off. */
export interface Turn {
  /** The operation that is in the way. */
  readonly find: (book: Book) => Operation | undefined;
  readonly signal: AbortSignal | undefined;
  /** What was found a moment ago, by whoever read the book then. */
  readonly found?: Found;
}

/** What is in the way, if anything is. */
export interface Found {
  readonly inFlight: InFlight | undefined;
}

/** Looks for what is in the way, in a transaction that looks for other things, too. */
export function findInFlight(book: Book, find: Turn["find"]): Found {
  const operation = find(book);
  return { inFlight: operation === undefined ? undefined : inFlightOf(book, operation) };
}

/** Waits until nothing is in the way. What is, and whose process died, is ended first. */
export function settle(deps: EngineDeps, turn: Turn): Promise<Result<void, Problem>> {
  return settleUntil(deps, turn, patienceEnd(deps));
}

function patienceEnd({ platform }: EngineDeps): Millis {
  return millis(platform.clock.boottime() + PATIENCE);
}

async function settleUntil(
  deps: EngineDeps,
  turn: Turn,
  patience: Millis,
): Promise<Result<void, Problem>> {
  const { clock } = deps.platform;
  const look = () => deps.store.read((book) => ok(findInFlight(book, turn.find)));
  let found = turn.found === undefined ? await look() : ok(turn.found);
  for (; ; found = await look()) {
    if (!found.ok) return found;
    const busy = found.value.inFlight;
    if (busy === undefined) return ok();
    const ended = await endIfDead(deps, busy);
    if (!ended.ok) return ended;
    if (ended.value === "ended") continue;
    if (turn.signal?.aborted) return err(cancelled({ what: waitingFor(busy) }));
    if (clock.boottime() > patience) return err(busyProblem(busy));
    await clock.sleep(PAUSE, turn.signal);
  }
}

const busyCodes: ReadonlySet<string> = new Set([ownerBusy.code, networkBusy.code]);

/**
 * Begins an operation when nothing is in the way: operations on one endpoint, and on a network and
 * its endpoints, are done one after the other.
 */
export async function takeTurn<T>(
  deps: EngineDeps,
  turn: Turn,
  begin: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const { clock } = deps.platform;
  const patience = patienceEnd(deps);
  for (let next = turn; ; next = { find: turn.find, signal: turn.signal }) {
    const settled = await settleUntil(deps, next, patience);
    if (!settled.ok) return settled;
    const begun = await begin();
    // Somebody may have been quicker between the wait and the commit.
    const beaten = !begun.ok && busyCodes.has(begun.error.code);
    if (!beaten || turn.signal?.aborted || clock.boottime() > patience) return begun;
    await clock.sleep(PAUSE, turn.signal);
  }
}

/** Ends an operation if its process died; leaves one alone that somebody works on. */
export async function endIfDead(
  deps: EngineDeps,
  inFlight: InFlight,
): Promise<Result<"ended" | "alive", Problem>> {
  const { id } = inFlight.operation;
  const lock = deps.locks.acquire(id);
  if (!lock.ok) {
    if (lock.error.errno === "EAGAIN") return ok("alive");
    return err(lockRefused({ path: lock.error.call, errno: lock.error.errno }));
  }
  using _held = lock.value;
  // Its process may have changed or ended it, and then let go of the lock, since it was read.
  const still = await deps.store.read((book) => ok(reread(book, inFlight)));
  if (!still.ok) return still;
  if (still.value === undefined) return ok("ended");
  const recovered = await recover(deps, still.value);
  return recovered.ok ? ok("ended") : recovered;
}

function reread(book: Book, former: InFlight): InFlight | undefined {
  const operation = book.operations.get(former.operation);
  return operation === undefined ? undefined : inFlightOf(book, operation);
}

function waitingFor(inFlight: InFlight): string {
  const operation = describeOperation(inFlight.operation);
  const whose = inFlight.subject === "network" ? inFlight.network.name : inFlight.endpoint.ifname;
  return `waiting for ${operation} of ${whose}`;
}
