import { observeStep, openAttachContext, permitAlways, undoPlan } from "../attach/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import type { EndpointOperation } from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import { recordAttached, recordGone, recordNotUpdated, recordUpdated } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import { isUpdated, undoLinks } from "./driver-side.ts";
import type { EndpointInFlight, InFlight, UpdateInFlight } from "./in-flight.ts";
import {
  confirmGone,
  endGone,
  findSandbox,
  isOfEarlierBoot,
  removeFiles,
  runInSandbox,
} from "./sandbox-side.ts";

/** What is to be done about an operation whose process died. */
export type Verdict =
  /** Every change is there: only the outcome was not recorded. */
  | { readonly kind: "complete" }
  /** Some of it is there, or nothing: the kernel is brought back to what it was. */
  | { readonly kind: "undo" };

/** How a dead process's operation is to end, by what the kernel shows; changes nothing. */
export function judge(deps: EngineDeps, inFlight: InFlight): Result<Verdict, Problem> {
  const { decided } = inFlight.operation;
  if (decided !== undefined) return ok({ kind: decided });
  if (inFlight.subject === "endpoint") return judgeEndpoint(deps, inFlight);
  return mapResult(isUpdated(deps, inFlight), (updated) => ({
    kind: updated ? "complete" : "undo",
  }));
}

function judgeEndpoint(
  deps: EngineDeps,
  { operation, endpoint }: EndpointInFlight,
): Result<Verdict, Problem> {
  if (operation.kind === "detach") return ok({ kind: "complete" });
  if (isOfEarlierBoot(deps, operation.sandbox)) return ok({ kind: "undo" });
  const found = findSandbox(deps, endpoint);
  if (!found.ok) return found;
  if (found.value.kind === "gone") return ok({ kind: "undo" });
  using netns = found.value.netns;
  return judgePlan(deps, netns, operation);
}

function judgePlan(
  deps: EngineDeps,
  netns: NetnsHandle,
  { plan }: EndpointOperation,
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
  const ended =
    inFlight.subject === "endpoint"
      ? await endEndpoint(deps, inFlight, verdict.value)
      : await endUpdate(deps, inFlight, verdict.value);
  return ended.ok ? verdict : ended;
}

async function endEndpoint(
  deps: EngineDeps,
  inFlight: EndpointInFlight,
  verdict: Verdict,
): Promise<Result<void, Problem>> {
  const { operation } = inFlight;
  const attached = operation.kind !== "detach" && verdict.kind === "complete";
  if (!attached) {
    const removed = await removeFromKernel(deps, inFlight);
    if (!removed.ok) return removed;
  }
  return await deps.store.transact((tx) => {
    // Somebody else may have ended it since it was listed.
    if (tx.operations.get(operation) === undefined) return ok();
    if (attached) recordAttached(tx, operation);
    else recordGone(deps, tx, operation);
    return ok();
  });
}

async function endUpdate(
  deps: EngineDeps,
  inFlight: UpdateInFlight,
  verdict: Verdict,
): Promise<Result<void, Problem>> {
  const { operation } = inFlight;
  const [trouble] = verdict.kind === "undo" ? undoLinks(deps, inFlight) : [];
  if (trouble !== undefined) return err(trouble);
  return await deps.store.transact((tx) => {
    if (tx.operations.get(operation) === undefined) return ok();
    if (verdict.kind === "complete") recordUpdated(tx, operation);
    else recordNotUpdated(tx, operation);
    return ok();
  });
}

/** Nothing of the endpoint is left in the kernel when this succeeds. */
async function removeFromKernel(
  deps: EngineDeps,
  { operation, endpoint, network }: EndpointInFlight,
): Promise<Result<void, Problem>> {
  if (isOfEarlierBoot(deps, operation.sandbox)) return await removeFiles(deps, endpoint);
  const found = findSandbox(deps, endpoint);
  if (!found.ok) return found;
  if (found.value.kind === "gone") {
    // Without its link it is in the book as before, and so are its files.
    const end = operation.kind === "restore" ? confirmGone : endGone;
    return await end(deps, endpoint, network);
  }
  using netns = found.value.netns;
  if (operation.kind === "detach")
    return await runInSandbox(deps, netns, operation.plan, permitAlways);
  return await undoInSandbox(deps, netns, operation);
}

async function undoInSandbox(
  deps: EngineDeps,
  netns: NetnsHandle,
  { plan }: EndpointOperation,
): Promise<Result<void, Problem>> {
  const opened = openAttachContext(deps.platform, deps.hostNamespace, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const [trouble] = await undoPlan(plan, context);
  return trouble === undefined ? ok() : err(trouble);
}
