import type { Problem, Result } from "../base/index.ts";
import type { AttachContext } from "./context.ts";
import type { Permit } from "./permit.ts";

/** How far a step has come, as the kernel shows it now. */
export type StepState =
  /** Nothing of it is there. */
  | "undone"
  /** Some of it is there, as after a crash. */
  | "partial"
  | "done"
  /** Something that is not ours stands in its place. */
  | "foreign";

/** How one kind of step is done, undone and recognised. All three may be repeated. */
export interface StepHandler<S> {
  observe(step: S, context: AttachContext): Result<StepState, Problem>;
  do(step: S, context: AttachContext, permit: Permit): Promise<Result<void, Problem>>;
  undo(step: S, context: AttachContext): Promise<Result<void, Problem>>;
}

/** How far a step has come of which these things are there, or are not. */
export function stateOf(facts: readonly boolean[]): StepState {
  if (facts.every((fact) => fact)) return "done";
  return facts.some((fact) => fact) ? "partial" : "undone";
}
