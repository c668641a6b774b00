import { isMulticastMac } from "../addr/index.ts";
import {
  type AttachContext,
  observeDefaultRoutes,
  observeLink,
  observeParent,
  openAttachContext,
  runPlan,
  undoPlan,
} from "../attach/index.ts";
import { defined, err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  ifnameTaken,
  macUnusable,
  type Network,
  type Operation,
  ownerBusy,
  type Sandbox,
  sandboxIsHost,
} from "../domain/index.ts";
import { releaseAddresses } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, missingNetwork, rememberedSandbox } from "./deps.ts";
import type { AttachRequest, EndpointView } from "./engine.ts";
import { passthruWarnings } from "./passthru.ts";
import { attachOperation, planEndpoint, type Seen } from "./plan-endpoint.ts";

/**
 * Puts a sandbox on a network: observe, record the intent, change the kernel, record the outcome.
 */
export async function attachEndpoint(
  deps: EngineDeps,
  request: AttachRequest,
): Promise<Result<EndpointView, Problem>> {
  const refused = refusedInput(deps, request);
  if (refused !== undefined) return err(refused);
  const network = await findNetwork(deps, request);
  if (!network.ok) return network;
  const { platform, hostNamespace } = deps;
  const opened = openAttachContext(platform, hostNamespace, request.sandbox.netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const seen = observe(deps, request, { network: network.value, context });
  if (!seen.ok) return seen;
  const operation = await commitIntent(deps, request, seen.value);
  if (!operation.ok) return operation;
  const done = await runPlan(operation.value.plan, context);
  if (!done.ok) {
    // What could not be undone stays in the book, so that its address is not given to another.
    if (done.error.left === "nothing") await forget(deps, operation.value);
    return err(done.error.problem);
  }
  const outcome = await commitOutcome(deps, operation.value);
  // A link that the book does not know as attached must not stay; the intent still tells of it.
  if (!outcome.ok) await undoPlan(operation.value.plan, context);
  const warnings = passthruWarnings(network.value.driver, seen.value.parent);
  return outcome.ok && warnings.length > 0 ? ok({ ...outcome.value, warnings }) : outcome;
}

function refusedInput(deps: EngineDeps, { sandbox, mac }: AttachRequest): Problem | undefined {
  if (sandbox.netns.cookie === deps.hostNamespace.cookie) {
    return sandboxIsHost({ path: sandbox.path });
  }
  if (mac === undefined) return undefined;
  return isMulticastMac(mac) || mac === "00:00:00:00:00:00" ? macUnusable({ mac }) : undefined;
}

function findNetwork(
  deps: EngineDeps,
  { network }: AttachRequest,
): Promise<Result<Network, Problem>> {
  return deps.store.transact((tx) => {
    const found = tx.networks.byName(network);
    return found === undefined ? err(missingNetwork(tx, network)) : ok(found);
  });
}

function observe(
  deps: EngineDeps,
  { sandbox, ifname }: AttachRequest,
  { network, context }: { readonly network: Network; readonly context: AttachContext },
): Result<Seen, Problem> {
  const parent = observeParent(context.host, network.parent);
  if (!parent.ok) return parent;
  const present = observeLink(context.sandbox, { name: ifname });
  if (!present.ok) return present;
  if (present.value !== undefined) return err(ifnameTaken({ ifname, sandbox: sandbox.path }));
  const defaultRoutes = observeDefaultRoutes(context.sandbox);
  if (!defaultRoutes.ok) return defaultRoutes;
  return ok({
    parent: parent.value,
    sandbox: rememberedSandbox(deps, sandbox),
    defaultRoutes: defaultRoutes.value,
  });
}

/** First commit: the endpoint, its addresses and the whole plan, before the kernel is touched. */
function commitIntent(
  deps: EngineDeps,
  request: AttachRequest,
  seen: Seen,
): Promise<Result<Operation, Problem>> {
  return deps.store.transact((tx) => {
    // The network may have been removed since it was looked up.
    const network = tx.networks.byName(request.network);
    if (network === undefined) return err(missingNetwork(tx, request.network));
    const busy = ownerInUse(tx, request, seen.sandbox);
    if (busy !== undefined) return err(busy);
    const endpoint = planEndpoint(deps, tx, { request, network, seen });
    if (!endpoint.ok) return endpoint;
    tx.endpoints.insert(endpoint.value);
    const operation = attachOperation(deps, endpoint.value, network);
    tx.operations.insert(operation);
    return ok(operation);
  });
}

function ownerInUse(
  tx: Transaction,
  { ifname }: AttachRequest,
  sandbox: Sandbox,
): Problem | undefined {
  const holder = tx.endpoints.byOwner(sandbox.id, ifname);
  if (holder === undefined) return undefined;
  if (holder.state === "attached") return ifnameTaken({ ifname, sandbox: sandbox.path });
  return ownerBusy({ sandbox: sandbox.path, ifname, operation: holder.state });
}

/** Second commit: the endpoint is attached, the operation is over. */
function commitOutcome(
  deps: EngineDeps,
  operation: Operation,
): Promise<Result<EndpointView, Problem>> {
  return deps.store.transact((tx) => {
    const row = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
    const network = defined(tx.networks.get(operation.network), "network of the operation");
    const endpoint: Endpoint = { ...row, state: "attached" };
    tx.endpoints.replace(endpoint);
    tx.operations.remove(operation.id);
    return ok({ endpoint, network: network.name });
  });
}

/** After everything was undone: the book is as it was before. */
function forget(deps: EngineDeps, operation: Operation): Promise<Result<void, Problem>> {
  return deps.store.transact((tx) => {
    releaseAddresses(tx, operation.endpoint);
    tx.operations.remove(operation.id);
    tx.endpoints.remove(operation.endpoint);
    return ok();
  });
}
