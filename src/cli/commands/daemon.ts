import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { Command } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandContext } from "./context.ts";

/** Serves until it is told to end. */
export async function serve(
  { interval, docker }: Extract<Command, { readonly kind: "daemon" }>,
  { ports, globals }: CommandContext,
): Promise<Result<Outcome, Problem>> {
  const logFormat = globals.format === "table" ? "text" : "json";
  const served = await ports.serve({ directories: globals, interval, docker, logFormat });
  return mapResult(served, () => ({ kind: "served" }));
}
