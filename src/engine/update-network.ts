import { type Permit, permitWithin } from "../attach/index.ts";
import { defined, err, millis, ok, type Problem, type Result } from "../base/index.ts";
import {
  type NetworkName,
  type NetworkUpdate,
  type OperationId,
  parseDriverChange,
} from "../domain/index.ts";
import type { Book } from "../store/index.ts";
import { recordNotUpdated, recordUpdated } from "./book-side.ts";
import { type EngineDeps, missingNetwork } from "./deps.ts";
import { changeLink, undoLinks } from "./driver-side.ts";
import type { NetworkChange, NetworkView, OperationOptions } from "./engine.ts";
import { refuseDuringUpdate, type UpdateInFlight, updateOf } from "./in-flight.ts";
import { newOperation } from "./new-operation.ts";
import { lockOperation, settle, takeTurn } from "./settle.ts";

/**
 * Changes the mode or the list of a network and of every link on it. From the intent on nobody may
 * attach to it or detach from it; those who had begun are waited for, so that a network in constant
 * use can be changed too.
 */
export async function updateNetwork(
  deps: EngineDeps,
  change: NetworkChange,
  { signal }: OperationOptions = {},
): Promise<Result<NetworkView, Problem>> {
  const id = deps.ids.operation();
  const lock = lockOperation(deps, id);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const turn = { find: (book: Book) => findUpdate(book, change.name), signal };
  const intent = await takeTurn(deps, turn, () => commitIntent(deps, change, id));
  if (!intent.ok) return intent;
  const operation = intent.value;
  const update = await waitForOthers(deps, operation, signal);
  if (!update.ok) return err(await takeBack(deps, operation, { why: update.error, troubles: [] }));
  const permit = permitWithin(deps.platform.clock, { ...operation, signal });
  const changed = await changeLinks(deps, update.value, permit);
  if (!changed.ok) return err(await takeBack(deps, operation, changed.error));
  const outcome = await deps.store.transact((tx) => ok(recordUpdated(tx, operation)));
  // Links that the book does not know as changed must not stay so; the intent still tells of them.
  if (!outcome.ok) undoLinks(deps, update.value);
  return outcome;
}

function findUpdate(book: Book, name: NetworkName): NetworkUpdate | undefined {
  return updateOf(book, book.networks.byName(name)?.id);
}

/** First commit: what the network is to become. */
function commitIntent(
  deps: EngineDeps,
  { name, ...change }: NetworkChange,
  id: OperationId,
): Promise<Result<NetworkUpdate, Problem>> {
  return deps.store.transact((tx) => {
    const network = tx.networks.byName(name);
    if (network === undefined) return err(missingNetwork(tx, name));
    const busy = refuseDuringUpdate(tx, network);
    if (busy !== undefined) return err(busy);
    const driver = parseDriverChange(network.driver, change);
    if (!driver.ok) return driver;
    const [before, after] = [network.driver, driver.value];
    const facts = newOperation(deps, id, network.id);
    const operation: NetworkUpdate = { kind: "update-network", ...facts, before, after };
    tx.operations.insert(operation);
    return ok(operation);
  });
}

/** The network and its endpoints, when all that began before have ended. */
async function waitForOthers(
  deps: EngineDeps,
  operation: NetworkUpdate,
  signal: AbortSignal | undefined,
): Promise<Result<UpdateInFlight, Problem>> {
  const settled = await settle(deps, {
    find: (tx) => tx.operations.byNetwork(operation.network).find(({ id }) => id !== operation.id),
    signal,
  });
  if (!settled.ok) return settled;
  return await deps.store.transact((tx) => {
    const network = defined(tx.networks.get(operation.network), "network of the operation");
    const endpoints = tx.endpoints.byNetwork(network.id);
    return ok({ subject: "network", operation, network, endpoints });
  });
}

/** Why it failed, and what went wrong when the links got their former driver back. */
interface UpdateFailure {
  readonly why: Problem;
  readonly troubles: readonly Problem[];
}

async function changeLinks(
  deps: EngineDeps,
  update: UpdateInFlight,
  permit: Permit,
): Promise<Result<void, UpdateFailure>> {
  const { operation, network, endpoints } = update;
  for (const [index, endpoint] of endpoints.entries()) {
    // Whoever asked may be heard between two links.
    await deps.platform.clock.sleep(millis(0));
    const done = changeLink(deps, { endpoint, network }, operation.after, permit);
    if (done.ok) continue;
    const touched = endpoints.slice(0, index + 1);
    return err({ why: done.error, troubles: undoLinks(deps, { ...update, endpoints: touched }) });
  }
  return ok();
}

/** The book as before; what could not be undone is recorded, to be undone later. */
async function takeBack(
  deps: EngineDeps,
  operation: NetworkUpdate,
  { why, troubles }: UpdateFailure,
): Promise<Problem> {
  const written = await deps.store.transact((tx) => {
    if (troubles.length === 0) recordNotUpdated(tx, operation);
    else tx.operations.replace({ ...operation, decided: "undo" });
    return ok();
  });
  const causes = written.ok ? troubles : [...troubles, written.error];
  return causes.length === 0 ? why : { ...why, causes };
}
