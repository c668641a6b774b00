import { type Permit, permitWithin } from "../attach/index.ts";
import { defined, err, nearest, ok, type Problem, type Result } from "../base/index.ts";
import {
  type AttachmentKey,
  type Endpoint,
  type EndpointOperation,
  endpointMissing,
  formatAttachment,
  type Network,
  type OperationId,
  ownerBusy,
} from "../domain/index.ts";
import type { Book, Transaction } from "../store/index.ts";
import { recordGone } from "./book-side.ts";
import { type EngineDeps, rememberedSandbox } from "./deps.ts";
import type { DetachOptions, EndpointSelector, EndpointView } from "./engine.ts";
import { operationOn, refuseDuringUpdate } from "./in-flight.ts";
import { detachOperation } from "./plan-endpoint.ts";
import { endGone, findSandbox, runInSandbox } from "./sandbox-side.ts";
import { type Found, lockOperation, type Turn, takeTurn } from "./settle.ts";

/** Which endpoint is meant: also by what its runtime calls it, and where the sandbox may be now. */
export type DetachSelector =
  | EndpointSelector
  | {
      readonly kind: "attachment";
      readonly key: AttachmentKey;
      readonly sandboxPath: string | undefined;
    };

/** `found` is what was in the way when the endpoint was looked up. */
export type DetachTurn = DetachOptions & { readonly found?: Found | undefined };

/** Takes a sandbox off a network: its link first, and when that is gone, its addresses. */
export async function detachEndpoint(
  deps: EngineDeps,
  selector: DetachSelector,
  { signal, found }: DetachTurn = {},
): Promise<Result<EndpointView, Problem>> {
  const id = deps.ids.operation();
  const lock = lockOperation(deps, id);
  if (!lock.ok) return lock;
  using _held = lock.value;
  // A runtime may ask for the end of what a timed-out attach is still making.
  const turn: Turn = {
    find: (book) => operationOn(book, findEndpoint(deps, book, selector)),
    signal,
    ...(found === undefined ? {} : { found }),
  };
  const intent = await takeTurn(deps, turn, () => commitIntent(deps, selector, id));
  if (!intent.ok) return intent;
  const permit = permitWithin(deps.platform.clock, { ...intent.value.operation, signal });
  const removed = await removeFromKernel(deps, selector, intent.value, permit);
  if (!removed.ok) {
    await takeBack(deps, intent.value);
    return err(removed.error);
  }
  const { operation } = intent.value;
  const gone = (tx: Transaction) => ok(recordGone(deps, tx, operation));
  return await deps.store.transact(gone, "process-end");
}

interface Intent {
  readonly endpoint: Endpoint;
  readonly network: Network;
  readonly operation: EndpointOperation;
}

/**
 * First commit: the endpoint is on its way out; its addresses stay taken. Nobody waits for the
 * disk: a power cut may take a detach back, but ends the boot as well, and with it every endpoint
 * that is left. Whoever is given one of its addresses has it on the disk together with this.
 */
function commitIntent(
  deps: EngineDeps,
  selector: DetachSelector,
  id: OperationId,
): Promise<Result<Intent, Problem>> {
  return deps.store.transact((tx) => {
    const endpoint = findEndpoint(deps, tx, selector);
    if (endpoint === undefined) return err(missingEndpoint(tx, selector));
    if (endpoint.state !== "attached") {
      const { sandbox, ifname, state } = endpoint;
      return err(ownerBusy({ sandbox: sandbox.path, ifname, operation: state }));
    }
    const network = defined(tx.networks.get(endpoint.network), "network of the endpoint");
    const busy = refuseDuringUpdate(tx, network);
    if (busy !== undefined) return err(busy);
    const operation = detachOperation(deps, id, endpoint);
    tx.endpoints.replace({ ...endpoint, state: "detaching" });
    tx.operations.insert(operation);
    return ok({ endpoint, network, operation });
  }, "once-persisted");
}

function findEndpoint(
  deps: EngineDeps,
  book: Book,
  selector: DetachSelector,
): Endpoint | undefined {
  if (selector.kind === "id") return book.endpoints.get(selector.id);
  if (selector.kind === "attachment") return book.endpoints.byAttachment(selector.key);
  const { id } = rememberedSandbox(deps, selector.sandbox);
  return book.endpoints.byOwner(id, selector.ifname);
}

function missingEndpoint(book: Book, selector: DetachSelector): Problem {
  if (selector.kind === "attachment") {
    return endpointMissing({ endpoint: formatAttachment(selector.key), nearest: undefined });
  }
  if (selector.kind === "owner") {
    const endpoint = `${selector.ifname} of ${selector.sandbox.path}`;
    return endpointMissing({ endpoint, nearest: undefined });
  }
  const known = book.endpoints.all().map((endpoint) => endpoint.id);
  return endpointMissing({ endpoint: selector.id, nearest: nearest(selector.id, known) });
}

/** Deletes the link, or makes sure that it went with its sandbox. */
async function removeFromKernel(
  deps: EngineDeps,
  selector: DetachSelector,
  { endpoint, network, operation }: Intent,
  permit: Permit,
): Promise<Result<void, Problem>> {
  if (selector.kind === "owner") {
    return runInSandbox(deps, selector.sandbox.netns, operation.plan, permit);
  }
  const elsewhere = selector.kind === "attachment" ? selector.sandboxPath : undefined;
  const found = findSandbox(deps, endpoint, elsewhere);
  if (!found.ok) return found;
  if (found.value.kind === "gone") return await endGone(deps, endpoint, network);
  using netns = found.value.netns;
  return await runInSandbox(deps, netns, operation.plan, permit);
}

/** The link is still there, so the endpoint is still attached. */
function takeBack(
  deps: EngineDeps,
  { endpoint, operation }: Intent,
): Promise<Result<void, Problem>> {
  return deps.store.transact((tx) => {
    tx.endpoints.replace(endpoint);
    tx.operations.remove(operation);
    return ok();
  });
}
