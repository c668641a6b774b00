import { err, millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import {
  cancelled,
  type Endpoint,
  lockRefused,
  type OperationId,
  ownerBusy,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { OperationLock } from "./operation-locks.ts";
import { type InFlight, listInFlight, recover } from "./recover.ts";

/** How long one operation waits for another on the same endpoint: as long as a slow one takes. */
const PATIENCE = seconds(30);
const PAUSE = millis(20);

/** The lock of a new operation: taken before anything of it is recorded. */
export function lockOperation(deps: EngineDeps, id: OperationId): Result<OperationLock, Problem> {
  const lock = deps.locks.acquire(id);
  if (lock.ok) return lock;
  return err(lockRefused({ path: lock.error.call, errno: lock.error.errno }));
}

/**
 * Waits until nobody works on an endpoint any more: operations on one endpoint are done one after
 * the other. One whose process died is ended first. `find` says which endpoint is meant.
 */
async function settle(
  deps: EngineDeps,
  find: Turn["find"],
  signal: AbortSignal | undefined,
): Promise<Result<void, Problem>> {
  const { clock } = deps.platform;
  const deadline = clock.boottime() + PATIENCE;
  for (;;) {
    const busy = await findInFlight(deps, find);
    if (!busy.ok) return busy;
    if (busy.value === undefined) return ok();
    const ended = await endIfDead(deps, busy.value);
    if (!ended.ok) return ended;
    if (ended.value === "ended") continue;
    const { sandbox, ifname } = busy.value.endpoint;
    const operation = busy.value.operation.kind;
    if (signal?.aborted) return err(cancelled({ what: `waiting for ${operation} of ${ifname}` }));
    if (clock.boottime() > deadline) {
      return err(ownerBusy({ sandbox: sandbox.path, ifname, operation }));
    }
    await clock.sleep(PAUSE, signal);
  }
}

/** Which endpoint an operation is about, and who may call it off. */
export interface Turn {
  readonly find: (tx: Transaction) => Endpoint | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Times that another process may be quicker to begin on the same endpoint. */
const RACES_MAX = 10;

/** Begins an operation when nobody else works on its endpoint. */
export async function takeTurn<T>(
  deps: EngineDeps,
  { find, signal }: Turn,
  begin: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  for (let attempt = 1; ; attempt++) {
    const settled = await settle(deps, find, signal);
    if (!settled.ok) return settled;
    const begun = await begin();
    // Somebody may have been quicker between the wait and the commit.
    const beaten = !begun.ok && begun.error.code === ownerBusy.code;
    if (!beaten || attempt === RACES_MAX) return begun;
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
  // Its process may have ended it, and then the lock, since it was read.
  const still = await deps.store.transact((tx) => ok(tx.operations.get(id) !== undefined));
  if (!still.ok) return still;
  if (!still.value) return ok("ended");
  const recovered = await recover(deps, inFlight);
  return recovered.ok ? ok("ended") : recovered;
}

async function findInFlight(
  deps: EngineDeps,
  find: (tx: Transaction) => Endpoint | undefined,
): Promise<Result<InFlight | undefined, Problem>> {
  const endpoint = await deps.store.transact((tx) => ok(find(tx)));
  if (!endpoint.ok) return endpoint;
  // Almost always nothing is in flight, and then there is nothing to list.
  if (endpoint.value === undefined || endpoint.value.state === "attached") return ok(undefined);
  const all = await listInFlight(deps);
  if (!all.ok) return all;
  return ok(all.value.find((row) => row.endpoint.id === endpoint.value?.id));
}
