import { observeStep, openAttachContext, undoPlan } from "../attach/index.ts";
import { collect, err, ok, type Problem, type Result } from "../base/index.ts";
import type { Endpoint, Network, Operation } from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import { recordAttached, recordGone } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import { confirmGone, findSandbox, isOfEarlierBoot, runInSandbox } from "./sandbox-side.ts";

/** An operation in flight with the rows that it is about. */
export interface InFlight {
  readonly operation: Operation;
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/** What is to be done about an operation whose process died. */
export type Verdict =
  /** Every change is there: only the outcome was not recorded. */
  | { readonly kind: "complete" }
  /** Some of it is there, or nothing: the kernel is brought back to what it was. */
  | { readonly kind: "undo" };

/** Operations in flight, oldest id first. */
export function listInFlight(deps: EngineDeps): Promise<Result<readonly InFlight[], Problem>> {
  return deps.store.transact((tx) =>
    ok(
      tx.operations.all().flatMap((operation) => {
        const endpoint = tx.endpoints.get(operation.endpoint);
        const network = tx.networks.get(operation.network);
        return endpoint === undefined || network === undefined
          ? []
          : [{ operation, endpoint, network }];
      }),
    ),
  );
}

/** How a dead process's operation is to end, by what the kernel shows; changes nothing. */
export function judge(deps: EngineDeps, { operation }: InFlight): Result<Verdict, Problem> {
  if (operation.kind === "detach") return ok({ kind: "complete" });
  if (operation.decided !== undefined) return ok({ kind: operation.decided });
  if (isOfEarlierBoot(deps, operation.sandbox)) return ok({ kind: "undo" });
  const found = findSandbox(deps, operation.sandbox);
  if (!found.ok) return found;
  if (found.value.kind === "gone") return ok({ kind: "undo" });
  using netns = found.value.netns;
  return judgePlan(deps, netns, operation);
}

function judgePlan(
  deps: EngineDeps,
  netns: NetnsHandle,
  { plan }: Operation,
): Result<Verdict, Problem> {
  const opened = openAttachContext(deps.platform, deps.hostNamespace, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const states = collect(plan.map((step) => observeStep(step, context)));
  if (!states.ok) return states;
  return ok({ kind: states.value.every((state) => state === "done") ? "complete" : "undo" });
}

/** Ends a dead process's operation as `judge` says; the caller holds its lock. */
export async function recover(
  deps: EngineDeps,
  inFlight: InFlight,
): Promise<Result<Verdict, Problem>> {
  const verdict = judge(deps, inFlight);
  if (!verdict.ok) return verdict;
  const { operation } = inFlight;
  const attached = operation.kind === "attach" && verdict.value.kind === "complete";
  if (!attached) {
    const removed = await removeFromKernel(deps, inFlight);
    if (!removed.ok) return removed;
  }
  const recorded = await deps.store.transact((tx) => {
    // Somebody else may have ended it since it was listed.
    if (tx.operations.get(operation.id) === undefined) return ok();
    if (attached) recordAttached(tx, operation);
    else recordGone(deps, tx, operation);
    return ok();
  });
  return recorded.ok ? verdict : recorded;
}

/** Nothing of the endpoint is left in the kernel when this succeeds. */
async function removeFromKernel(
  deps: EngineDeps,
  { operation, endpoint, network }: InFlight,
): Promise<Result<void, Problem>> {
  if (isOfEarlierBoot(deps, operation.sandbox)) return ok();
  const found = findSandbox(deps, operation.sandbox);
  if (!found.ok) return found;
  if (found.value.kind === "gone") return confirmGone(deps, endpoint, network);
  using netns = found.value.netns;
  if (operation.kind === "detach") return await runInSandbox(deps, netns, operation.plan);
  return await undoInSandbox(deps, netns, operation);
}

async function undoInSandbox(
  deps: EngineDeps,
  netns: NetnsHandle,
  { plan }: Operation,
): Promise<Result<void, Problem>> {
  const opened = openAttachContext(deps.platform, deps.hostNamespace, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const [trouble] = await undoPlan(plan, context);
  return trouble === undefined ? ok() : err(trouble);
}
