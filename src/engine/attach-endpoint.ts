import { isMulticastMac, prefixVersion } from "../addr/index.ts";
import {
  type AttachContext,
  observeDefaultRoutes,
  observeLink,
  type Parent,
  permitWithin,
  runPlan,
  undoPlan,
} from "../attach/index.ts";
import { err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  attachmentExists,
  type Endpoint,
  type EndpointOperation,
  formatAttachment,
  ifnameTaken,
  macUnusable,
  type Network,
  type OperationId,
  ownerBusy,
  type Sandbox,
  sandboxIsHost,
} from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { Book, Transaction } from "../store/index.ts";
import { collectEndpoint, recordAttached, recordGone } from "./book-side.ts";
import { parentForAttach, parentWarnings } from "./check-parent.ts";
import { type EngineDeps, missingNetwork, rememberedSandbox } from "./deps.ts";
import type { TellEarly } from "./early-answers.ts";
import type { AttachRequest, EndpointView } from "./engine.ts";
import { operationOn, refuseDuringUpdate, updateOf } from "./in-flight.ts";
import { ensureMadeParent } from "./made-parent.ts";
import { type AttachmentWish, attachOperation, planEndpoint, type Seen } from "./plan-endpoint.ts";
import { openContext } from "./sandbox-side.ts";
import { type Found, findInFlight, lockOperation, type Turn, takeTurn } from "./settle.ts";

/** Puts a sandbox on a network. */
export async function attachEndpoint(
  deps: EngineDeps,
  request: AttachRequest,
): Promise<Result<EndpointView, Problem>> {
  const { netns, path } = request.sandbox;
  if (netns.cookie === deps.hostNamespace.cookie) return err(sandboxIsHost({ path }));
  const wish = { ...request, sandbox: rememberedSandbox(deps, request.sandbox), netns };
  const outset = await deps.store.read((book) => lookUp(book, wish));
  return outset.ok ? await makeEndpoint(deps, wish, outset.value) : outset;
}

/** What is to be made: what was asked for, for whom, and the namespace that its link is made in. */
export interface EndpointWish extends Omit<AttachRequest, "sandbox"> {
  readonly sandbox: Sandbox;
  readonly netns: NetnsHandle;
  /** Where a runtime names it, and may say more about it. */
  readonly attachment?: AttachmentWish;
}

/** What the book says of a wish before anything is begun. */
export interface Outset extends Found {
  readonly network: Network;
}

/** Looks up what a wish is about; an Err says why it cannot be granted. */
export function lookUp(book: Book, wish: EndpointWish): Result<Outset, Problem> {
  const refused = refusedMac(wish);
  if (refused !== undefined) return err(refused);
  const network = book.networks.byName(wish.network);
  if (network === undefined) return err(missingNetwork(book, wish.network));
  return ok({ network, ...findInFlight(book, () => inTheWay(book, wish)) });
}

/** What changes the endpoint that is wished for, or its network. */
function inTheWay(book: Book, wish: EndpointWish) {
  const { sandbox, ifname, network } = wish;
  return (
    operationOn(book, namesake(book, wish)) ??
    operationOn(book, book.endpoints.byOwner(sandbox.id, ifname)) ??
    updateOf(book, book.networks.byName(network)?.id)
  );
}

/**
 * Makes an endpoint: observe, record the intent, change the kernel, record the outcome. `tell` is
 * told of it before that last step.
 */
export async function makeEndpoint(
  deps: EngineDeps,
  request: EndpointWish,
  outset: Outset,
  tell?: TellEarly<EndpointView>,
): Promise<Result<EndpointView, Problem>> {
  return mapResult(await makeEndpointOn(deps, request, outset, tell), ({ view }) => view);
}

/** As `makeEndpoint`, with the network and the parent that it is on. */
export async function makeEndpointOn(
  deps: EngineDeps,
  request: EndpointWish,
  outset: Outset,
  tell?: TellEarly<EndpointView>,
): Promise<Result<Made, Problem>> {
  const { network } = outset;
  const id = deps.ids.operation();
  const lock = lockOperation(deps, id);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const opened = openContext(deps, network, request.netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const begun = await begin(deps, request, { id, outset, context });
  if (!begun.ok) return begun;
  const { operation, parent } = begun.value;
  const onDisk = deps.store.persist();
  // Nobody waits where a runtime moves the link: the disk has it long before the sandbox lives.
  const persisted = request.sandbox.mover === undefined ? onDisk : undefined;
  const warnings = parentWarnings(network, parent);
  const warned = (row: EndpointView) => (warnings.length > 0 ? { ...row, warnings } : row);
  const endpoint: Endpoint = { ...begun.value.endpoint, state: "attached" };
  const outcome = await carryOut(deps, operation, {
    ...{ context: { ...context, parent }, signal: request.signal, persisted },
    beforeOutcome: () => tell?.(warned({ endpoint, network: network.name })),
  });
  return mapResult(outcome, (row) => ({ view: warned(row), network, parent }));
}

/** An endpoint that was just made. */
export interface Made {
  readonly view: EndpointView;
  readonly network: Network;
  readonly parent: Seen["parent"];
}

interface Intent {
  readonly operation: EndpointOperation;
  readonly endpoint: Endpoint;
}

/** A recorded intent, and the parent as it was then. */
interface Begun extends Intent {
  readonly parent: Seen["parent"];
}

/** Waits for others on the same endpoint or network, observes, and records the intent. */
function begin(
  deps: EngineDeps,
  request: EndpointWish,
  ground: {
    readonly id: OperationId;
    readonly outset: Outset;
    readonly context: AttachContext;
  },
): Promise<Result<Begun, Problem>> {
  const { network } = ground.outset;
  const turn: Turn = {
    find: (book) => inTheWay(book, request),
    signal: request.signal,
    found: ground.outset,
  };
  return takeTurn(deps, turn, async () => {
    const made = await ensureMadeParent(deps, network);
    if (!made.ok) return made;
    const seen = observe(deps, request, { network, context: ground.context });
    if (!seen.ok) return seen;
    const intent = await commitIntent(deps, request, { id: ground.id, seen: seen.value });
    return mapResult(intent, (recorded) => ({ ...recorded, parent: seen.value.parent }));
  });
}

/** What an operation is carried out with. */
export interface Ground {
  readonly context: AttachContext;
  readonly signal: AbortSignal | undefined;
  /** When the intent survives a power cut, where the answer has to wait for it. */
  readonly persisted?: Promise<Result<void, Problem>> | undefined;
  /** Steps of the plan that an operation before did; absent: none. */
  readonly done?: number;
  /** What is to happen when all is done and only the outcome is to be recorded. */
  readonly beforeOutcome?: () => Promise<void> | undefined;
}

/** Carries out the plan of a recorded intent, and records the outcome. */
export async function carryOut(
  deps: EngineDeps,
  operation: EndpointOperation,
  { context, signal, persisted, done: before = 0, beforeOutcome }: Ground,
): Promise<Result<EndpointView, Problem>> {
  const permit = permitWithin(deps.platform.clock, { ...operation, signal });
  const done = await runPlan(operation.plan, context, permit, before);
  if (!done.ok) {
    const { left, problem } = done.error;
    await deps.store.transact((tx) => {
      if (left === "nothing") recordGone(deps, tx, operation);
      // What could not be undone stays in the book, so that its address is not given to another.
      else tx.operations.replace({ ...operation, decided: "undo" });
      return ok();
    });
    return err(problem);
  }
  await beforeOutcome?.();
  // Beside the disk, which is on its way since the intent.
  const outcome = await recordOutcome(deps, operation);
  const safe = (await persisted) ?? ok();
  if (outcome.ok && safe.ok) return outcome;
  // A link that the book does not know as attached must not stay; the intent still tells of it.
  await undoPlan(operation.plan, context);
  if (!outcome.ok || safe.ok) return outcome;
  const { endpoint } = outcome.value;
  await deps.store.transact((tx) => {
    // Its operation is over, so somebody may have detached it meanwhile.
    if (tx.endpoints.get(endpoint.id) !== undefined) collectEndpoint(deps, tx, endpoint);
    return ok();
  });
  return safe;
}

/** Last commit. A power cut takes the link along, and then the intent tells what was given. */
function recordOutcome(
  deps: EngineDeps,
  operation: EndpointOperation,
): Promise<Result<EndpointView, Problem>> {
  return deps.store.transact((tx) => ok(recordAttached(tx, operation)), "process-end");
}

function refusedMac({ mac }: EndpointWish): Problem | undefined {
  if (mac === undefined) return undefined;
  return isMulticastMac(mac) || mac === "00:00:00:00:00:00" ? macUnusable({ mac }) : undefined;
}

function observe(
  deps: EngineDeps,
  wish: EndpointWish,
  { network, context }: { readonly network: Network; readonly context: AttachContext },
): Result<Seen, Problem> {
  const { sandbox, ifname, attachment } = wish;
  const parent = seenParent(deps, wish, { network, context });
  if (!parent.ok) return parent;
  // What becomes of the sandbox is the runtime's business.
  if (sandbox.mover !== undefined) return ok({ parent: parent.value, sandbox, defaultRoutes: [] });
  const present = observeLink(context.sandbox, { name: ifname });
  if (!present.ok) return present;
  if (present.value !== undefined) return err(ifnameTaken({ ifname, sandbox: sandbox.path }));
  // Nothing depends on them where the routes are given.
  if (attachment?.routes !== undefined) {
    return ok({ parent: parent.value, sandbox, defaultRoutes: [] });
  }
  const defaultRoutes = observeDefaultRoutes(
    context.sandbox,
    network.subnets.map(({ prefix }) => prefixVersion(prefix)),
  );
  if (!defaultRoutes.ok) return defaultRoutes;
  return ok({ parent: parent.value, sandbox, defaultRoutes: defaultRoutes.value });
}

/** Runtimes start containers by the dozen, and need not have the parent looked at each time. */
function seenParent(
  deps: EngineDeps,
  { sandbox, attachment }: EndpointWish,
  { network, context }: { readonly network: Network; readonly context: AttachContext },
): Result<Parent, Problem> {
  const isByRuntime = sandbox.mover !== undefined || attachment !== undefined;
  const look = () => parentForAttach(context.host, network);
  return isByRuntime ? deps.parents.orLook(network, deps.platform.clock.boottime(), look) : look();
}

/** First commit: the endpoint, its addresses and the whole plan, before the kernel is touched. */
function commitIntent(
  deps: EngineDeps,
  request: EndpointWish,
  { id, seen }: { readonly id: OperationId; readonly seen: Seen },
): Promise<Result<Intent, Problem>> {
  return deps.store.transact((tx) => {
    // The network may have been removed since it was looked up.
    const network = tx.networks.byName(request.network);
    if (network === undefined) return err(missingNetwork(tx, request.network));
    const busy = refuseDuringUpdate(tx, network) ?? ownerInUse(tx, request, seen.sandbox);
    if (busy !== undefined) return err(busy);
    const endpoint = planEndpoint(deps, tx, { request, network, seen });
    if (!endpoint.ok) return endpoint;
    tx.endpoints.insert(endpoint.value);
    const operation = attachOperation(deps, id, {
      kind: "attach",
      endpoint: endpoint.value,
      network,
    });
    tx.operations.insert(operation);
    return ok({ operation, endpoint: endpoint.value });
  }, "once-persisted");
}

/** What its runtime calls by the same name. */
function namesake(book: Book, { attachment }: EndpointWish): Endpoint | undefined {
  return attachment && book.endpoints.byAttachment(attachment.key);
}

function ownerInUse(tx: Transaction, request: EndpointWish, sandbox: Sandbox): Problem | undefined {
  const { ifname, attachment } = request;
  const known = namesake(tx, request);
  if (attachment !== undefined && known?.state === "attached") {
    const { path } = known.sandbox;
    return attachmentExists({ attachment: formatAttachment(attachment.key), sandbox: path });
  }
  if (known !== undefined) {
    return ownerBusy({ sandbox: known.sandbox.path, ifname, operation: known.state });
  }
  const holder = tx.endpoints.byOwner(sandbox.id, ifname);
  if (holder === undefined) return undefined;
  if (holder.state === "attached") return ifnameTaken({ ifname, sandbox: sandbox.path });
  return ownerBusy({ sandbox: sandbox.path, ifname, operation: holder.state });
}
