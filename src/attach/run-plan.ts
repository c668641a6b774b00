import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import { describeStep, type Step } from "../domain/index.ts";
import { removeAllocations, writeAllocations } from "./allocation-files.ts";
import { assignAddresses } from "./assign-addresses.ts";
import { awaitAddresses } from "./await-addresses.ts";
import { configureLink } from "./configure-link.ts";
import type { AttachContext } from "./context.ts";
import { createLink } from "./create-link.ts";
import { markLink } from "./mark-link.ts";
import type { Permit } from "./permit.ts";
import { removeLink } from "./remove-link.ts";
import type { StepHandler, StepState } from "./step.ts";

/** Why a plan failed, and what of it is left in the kernel. */
export interface PlanFailure {
  readonly problem: Problem;
  /**
   * "nothing": as before the plan. "something": undoing failed too; the problem's causes say where.
   */
  readonly left: "nothing" | "something";
}

/**
 * Does every step in order, but for the first `done`, which an operation before did; when one fails
 * or is not permitted any more, undoes in reverse what was done, theirs included.
 */
export async function runPlan(
  plan: readonly Step[],
  context: AttachContext,
  permit: Permit,
  done = 0,
): Promise<Result<void, PlanFailure>> {
  for (const [index, step] of plan.entries()) {
    if (index < done) continue;
    const permitted = permit(describeStep(step));
    const outcome = permitted.ok ? await bound(step).do(context, permit) : permitted;
    if (outcome.ok) continue;
    const troubles = await undoPlan(plan.slice(0, index + 1), context);
    if (troubles.length === 0) return err({ problem: outcome.error, left: "nothing" });
    return err({ problem: { ...outcome.error, causes: troubles }, left: "something" });
  }
  return ok();
}

/** Undoes steps in reverse, goes on whatever happens, and returns all that went wrong. */
export async function undoPlan(
  plan: readonly Step[],
  context: AttachContext,
): Promise<readonly Problem[]> {
  const troubles: Problem[] = [];
  for (const step of plan.toReversed()) {
    const undone = await undoStep(step, context);
    if (!undone.ok) troubles.push(undone.error);
  }
  return troubles;
}

/** How far a step has come, as the kernel shows it now. */
export function observeStep(step: Step, context: AttachContext): Result<StepState, Problem> {
  return bound(step).observe(context);
}

function undoStep(step: Step, context: AttachContext): Promise<Result<void, Problem>> {
  return bound(step).undo(context);
}

/**
 * A step together with its handler; the one place that knows which handler goes with which kind.
 */
function bound(step: Step): BoundStep {
  switch (step.kind) {
    case "create-link":
      return bind(createLink, step);
    case "configure-link":
      return bind(configureLink, step);
    case "assign-addresses":
      return bind(assignAddresses, step);
    case "mark-link":
      return bind(markLink, step);
    case "remove-link":
      return bind(removeLink, step);
    case "await-addresses":
      return bind(awaitAddresses, step);
    case "write-allocations":
      return bind(writeAllocations, step);
    case "remove-allocations":
      return bind(removeAllocations, step);
    default:
      return unreachable(step);
  }
}

interface BoundStep {
  observe(context: AttachContext): Result<StepState, Problem>;
  do(context: AttachContext, permit: Permit): Promise<Result<void, Problem>>;
  undo(context: AttachContext): Promise<Result<void, Problem>>;
}

function bind<S extends Step>(handler: StepHandler<S>, step: S): BoundStep {
  return {
    observe: (context) => handler.observe(step, context),
    do: (context, permit) => handler.do(step, context, permit),
    undo: (context) => handler.undo(step, context),
  };
}
