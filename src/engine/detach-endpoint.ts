import {
  callProblem,
  observeAliveMacs,
  openAttachContext,
  openConversation,
  runPlan,
} from "../attach/index.ts";
import { defined, err, nearest, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointId,
  endpointMissing,
  type Network,
  type Operation,
  ownerBusy,
  sandboxId,
  sandboxUnreachable,
} from "../domain/index.ts";
import { restAddresses } from "../ipam/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, momentOf, rememberedSandbox } from "./deps.ts";
import type { EndpointSelector, EndpointView } from "./engine.ts";
import { detachOperation } from "./plan-endpoint.ts";

/** Takes a sandbox off a network: its link first, and when that is gone, its addresses. */
export async function detachEndpoint(
  deps: EngineDeps,
  selector: EndpointSelector,
): Promise<Result<EndpointView, Problem>> {
  const intent = await commitIntent(deps, selector);
  if (!intent.ok) return intent;
  const removed = await removeFromKernel(deps, selector, intent.value);
  if (removed.ok) return commitOutcome(deps, intent.value.operation);
  await takeBack(deps, intent.value);
  return err(removed.error);
}

interface Intent {
  readonly endpoint: Endpoint;
  readonly network: Network;
  readonly operation: Operation;
}

/** First commit: the endpoint is on its way out; its addresses stay taken. */
function commitIntent(
  deps: EngineDeps,
  selector: EndpointSelector,
): Promise<Result<Intent, Problem>> {
  return deps.store.transact((tx) => {
    const endpoint = findEndpoint(deps, tx, selector);
    if (endpoint === undefined) return err(missingEndpoint(tx, selector));
    if (endpoint.state !== "attached") {
      const { sandbox, ifname, state } = endpoint;
      return err(ownerBusy({ sandbox: sandbox.path, ifname, operation: state }));
    }
    const operation = detachOperation(deps, endpoint);
    tx.endpoints.replace({ ...endpoint, state: "detaching" });
    tx.operations.insert(operation);
    const network = defined(tx.networks.get(endpoint.network), "network of the endpoint");
    return ok({ endpoint, network, operation });
  });
}

function findEndpoint(
  deps: EngineDeps,
  tx: Transaction,
  selector: EndpointSelector,
): Endpoint | undefined {
  if (selector.kind === "id") return tx.endpoints.get(selector.id);
  const { id } = rememberedSandbox(deps, selector.sandbox);
  return tx.endpoints.byOwner(id, selector.ifname);
}

function missingEndpoint(tx: Transaction, selector: EndpointSelector): Problem {
  if (selector.kind === "owner") {
    const endpoint = `${selector.ifname} of ${selector.sandbox.path}`;
    return endpointMissing({ endpoint, nearest: undefined });
  }
  const known = tx.endpoints.all().map((endpoint: { id: EndpointId }) => endpoint.id);
  return endpointMissing({ endpoint: selector.id, nearest: nearest(selector.id, known) });
}

/** No such path, a process that ended, or what is no namespace: a file, a socket (ENXIO). */
const goneErrnos: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ESRCH", "EINVAL", "ENXIO"]);

/** Deletes the link, or makes sure that it went with its sandbox. */
async function removeFromKernel(
  deps: EngineDeps,
  selector: EndpointSelector,
  intent: Intent,
): Promise<Result<void, Problem>> {
  if (selector.kind === "owner") {
    return removeFromSandbox(deps, selector.sandbox.netns, intent);
  }
  const opened = deps.platform.namespaces.open(intent.endpoint.sandbox.path);
  if (!opened.ok) {
    // Only these say that nothing is there; EMFILE or EACCES say nothing about the sandbox.
    if (goneErrnos.has(opened.error.errno)) return confirmGone(deps, intent);
    return err(callProblem(opened.error, "enter the sandbox"));
  }
  using netns = opened.value;
  const id = sandboxId(deps.platform.process.bootId, netns.cookie);
  // Names and pids are used again: another namespace may stand at the same path now.
  if (id !== intent.endpoint.sandbox.id) return confirmGone(deps, intent);
  return await removeFromSandbox(deps, netns, intent);
}

async function removeFromSandbox(
  deps: EngineDeps,
  netns: NetnsHandle,
  { operation }: Intent,
): Promise<Result<void, Problem>> {
  const opened = openAttachContext(deps.platform, deps.hostNamespace, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const done = await runPlan(operation.plan, context);
  return done.ok ? ok() : err(done.error.problem);
}

/**
 * Two facts before an address is free: no namespace where it was, and no living link. A process may
 * still hold a namespace that has lost its name; the parent's filter then still lists the MAC.
 */
function confirmGone(deps: EngineDeps, { endpoint, network }: Intent): Result<void, Problem> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const alive = observeAliveMacs(host, network.parent);
  if (!alive.ok) return alive;
  const { path } = endpoint.sandbox;
  const { mac } = endpoint.link;
  return alive.value.has(mac)
    ? err(sandboxUnreachable({ path, mac, parent: network.parent }))
    : ok();
}

/** Second commit: nothing of the endpoint is left. */
function commitOutcome(
  deps: EngineDeps,
  operation: Operation,
): Promise<Result<EndpointView, Problem>> {
  return deps.store.transact((tx) => {
    const endpoint = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
    const network = defined(tx.networks.get(operation.network), "network of the operation");
    restAddresses(tx, endpoint, momentOf(deps));
    tx.operations.remove(operation.id);
    tx.endpoints.remove(endpoint.id);
    return ok({ endpoint: { ...endpoint, state: "detached" }, network: network.name });
  });
}

/** The link is still there, so the endpoint is still attached. */
function takeBack(
  deps: EngineDeps,
  { endpoint, operation }: Intent,
): Promise<Result<void, Problem>> {
  return deps.store.transact((tx) => {
    tx.endpoints.replace(endpoint);
    tx.operations.remove(operation.id);
    return ok();
  });
}
