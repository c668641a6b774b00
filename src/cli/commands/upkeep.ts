import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Outcome } from "../outcome.ts";

type Handled = Promise<Result<Outcome, Problem>>;

export async function status(engine: Engine): Handled {
  return mapResult(await engine.status(), (findings) => ({ kind: "findings", findings }));
}

export async function reconcile(engine: Engine): Handled {
  return mapResult(await engine.reconcile(), (reconciled) => ({ kind: "reconciled", reconciled }));
}
