import { observeLink } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointId,
  type EndpointOperation,
  ifnameTaken,
  type Network,
  type OperationId,
} from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { Transaction } from "../store/index.ts";
import { carryOut } from "./attach-endpoint.ts";
import { parentForAttach } from "./check-parent.ts";
import type { EngineDeps } from "./deps.ts";
import { operationOn, refuseDuringUpdate } from "./in-flight.ts";
import { ensureMadeParent } from "./made-parent.ts";
import { attachOperation } from "./plan-endpoint.ts";
import { findSandbox, openContext } from "./sandbox-side.ts";
import { lockOperation, type Turn, takeTurn } from "./settle.ts";

/** An endpoint that is attached, as the book says. */
interface Known {
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/**
 * Makes the link of an endpoint anew in its sandbox, as it was: the kernel deletes links together
 * with their parent. "left" where the endpoint is not, or not like that, any more.
 */
export async function restoreEndpoint(
  deps: EngineDeps,
  id: EndpointId,
): Promise<Result<"done" | "left", Problem>> {
  const known = await deps.store.transact((tx) => ok(findAttached(tx, id)));
  if (!known.ok || known.value === undefined) return known.ok ? ok("left") : known;
  const found = findSandbox(deps, known.value.endpoint);
  if (!found.ok || found.value.kind === "gone") return found.ok ? ok("left") : found;
  using netns = found.value.netns;
  return await restoreIn(deps, netns, known.value);
}

async function restoreIn(
  deps: EngineDeps,
  netns: NetnsHandle,
  known: Known,
): Promise<Result<"done" | "left", Problem>> {
  const id = deps.ids.operation();
  const lock = lockOperation(deps, id);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const opened = openContext(deps, known.network, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const turn: Turn = {
    find: (tx) => operationOn(tx, tx.endpoints.get(known.endpoint.id)),
    signal: undefined,
  };
  const begun = await takeTurn(deps, turn, async () => {
    const made = await ensureMadeParent(deps, known.network);
    if (!made.ok) return made;
    const parent = parentForAttach(context.host, known.network);
    if (!parent.ok) return parent;
    const { ifname, sandbox } = known.endpoint;
    const present = observeLink(context.sandbox, { name: ifname });
    if (!present.ok) return present;
    if (present.value !== undefined) return err(ifnameTaken({ ifname, sandbox: sandbox.path }));
    return await commitIntent(deps, known.endpoint.id, id);
  });
  if (!begun.ok || begun.value === undefined) return begun.ok ? ok("left") : begun;
  // The endpoint itself was recorded for good when it was attached.
  const done = await carryOut(deps, begun.value, { context, signal: undefined });
  return done.ok ? ok("done") : done;
}

function findAttached(tx: Transaction, id: EndpointId): Known | undefined {
  const endpoint = tx.endpoints.get(id);
  if (endpoint?.state !== "attached" || endpoint.sandbox.mover !== undefined) return undefined;
  const network = tx.networks.get(endpoint.network);
  return network === undefined ? undefined : { endpoint, network };
}

/** Undefined where somebody ended it since it was looked at. */
function commitIntent(
  deps: EngineDeps,
  endpointId: EndpointId,
  id: OperationId,
): Promise<Result<EndpointOperation | undefined, Problem>> {
  return deps.store.transact((tx) => {
    const known = findAttached(tx, endpointId);
    if (known === undefined) return ok(undefined);
    const busy = refuseDuringUpdate(tx, known.network);
    if (busy !== undefined) return err(busy);
    tx.endpoints.replace({ ...known.endpoint, state: "attaching" });
    const operation = attachOperation(deps, id, { kind: "restore", ...known });
    tx.operations.insert(operation);
    return ok(operation);
  }, "process-end");
}
