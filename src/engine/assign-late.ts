import type { Ip } from "../addr/index.ts";
import { err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointOperation,
  endpointMissing,
  formatAttachment,
  type Network,
  type OperationId,
} from "../domain/index.ts";
import { acquireGiven } from "../ipam/index.ts";
import type { Book, Transaction } from "../store/index.ts";
import { carryOut, type Made } from "./attach-endpoint.ts";
import type { AssignRequest } from "./attachments.ts";
import { parentForAttach } from "./check-parent.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import { operationOn, refuseDuringUpdate } from "./in-flight.ts";
import { assignOperation, attachmentFacts } from "./plan-endpoint.ts";
import { openContext } from "./sandbox-side.ts";
import { lockOperation, type Turn, takeTurn } from "./settle.ts";

interface Known {
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/** Gives an attachment that has no addresses those that somebody else chose for its link. */
export async function assignLate(
  deps: EngineDeps,
  request: AssignRequest,
): Promise<Result<Made, Problem>> {
  const known = await deps.store.read((book) => findBare(book, request));
  if (!known.ok) return known;
  const { network } = known.value;
  const id = deps.ids.operation();
  const lock = lockOperation(deps, id);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const opened = openContext(deps, network, request.sandbox.netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const turn: Turn = {
    find: (book) => operationOn(book, book.endpoints.get(known.value.endpoint.id)),
    signal: request.signal,
  };
  const begun = await takeTurn(deps, turn, async () => {
    const parent = parentForAttach(context.host, network);
    if (!parent.ok) return parent;
    const { hostAddresses } = parent.value;
    const intent = await commitIntent(deps, request, { id, hostAddresses });
    return mapResult(intent, (value) => ({ ...value, parent: parent.value }));
  });
  if (!begun.ok) return begun;
  const { operation, done, parent } = begun.value;
  const persisted = deps.store.persist();
  const ground = { context: { ...context, parent }, signal: request.signal, persisted, done };
  const outcome = await carryOut(deps, operation, ground);
  return mapResult(outcome, (view) => ({ view, network, parent }));
}

function findBare(book: Book, { key }: AssignRequest): Result<Known, Problem> {
  const endpoint = book.endpoints.byAttachment(key);
  const network = endpoint && book.networks.get(endpoint.network);
  // One that has addresses is not the one that was made without.
  const isBare = endpoint?.state === "attached" && endpoint.addresses.length === 0;
  if (isBare && network !== undefined) return ok({ endpoint, network });
  return err(endpointMissing({ endpoint: formatAttachment(key), nearest: undefined }));
}

interface Intent {
  readonly operation: EndpointOperation;
  /** Steps of its plan that were done when the link was made. */
  readonly done: number;
}

/** First commit: the addresses, and a plan that begins with what was done already. */
function commitIntent(
  deps: EngineDeps,
  request: AssignRequest,
  { id, hostAddresses }: { readonly id: OperationId; readonly hostAddresses: readonly Ip[] },
): Promise<Result<Intent, Problem>> {
  return deps.store.transact((tx) => {
    const known = findBare(tx, request);
    if (!known.ok) return known;
    const { endpoint: bare, network } = known.value;
    const busy = refuseDuringUpdate(tx, network);
    if (busy !== undefined) return err(busy);
    const given = give(deps, tx, request, { ...known.value, hostAddresses });
    if (!given.ok) return given;
    const { operation, done } = assignOperation(deps, id, { bare, given: given.value, network });
    tx.endpoints.replace(given.value);
    tx.operations.insert(operation);
    return ok({ operation, done });
  }, "once-persisted");
}

/** The endpoint as it is to be; its addresses are leased. */
function give(
  deps: EngineDeps,
  tx: Transaction,
  { addressing, routes, key }: AssignRequest,
  { endpoint, network, hostAddresses }: Known & { readonly hostAddresses: readonly Ip[] },
): Result<Endpoint, Problem> {
  const now = momentOf(deps);
  const promised = deps.claims.on(network.segment, now.boottime).map(({ address }) => address);
  const addresses = acquireGiven(
    tx,
    { network, endpoint: endpoint.id, hostAddresses, promised, now },
    addressing.addresses.map(({ address }) => address),
  );
  return mapResult(addresses, (value) => ({
    ...endpoint,
    addresses: value,
    routes: typeof routes === "function" ? routes(value) : routes,
    ...attachmentFacts({ key, addressing, routes }, value),
    state: "attaching",
  }));
}
