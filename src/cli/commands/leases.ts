import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { Engine, LeaseSelector } from "../../engine/index.ts";
import type { Outcome } from "../outcome.ts";

type Handled = Promise<Result<Outcome, Problem>>;

export async function listLeases(engine: Engine): Handled {
  const listed = await engine.listLeases();
  return mapResult(listed, (leases) => ({ kind: "leases", event: "listed", leases }));
}

export async function releaseLease(engine: Engine, selector: LeaseSelector): Handled {
  const released = await engine.releaseLease(selector);
  return mapResult(released, (leases) => ({ kind: "leases", event: "released", leases }));
}
