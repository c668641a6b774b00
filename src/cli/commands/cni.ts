import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { RunRequest } from "../../cnirun/index.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandContext } from "./context.ts";

/** Does what a container runtime does with CNI's plugins. Errors: those of cnirun's runRequest. */
export async function runCni(
  request: RunRequest,
  { ports }: CommandContext,
): Promise<Result<Outcome, Problem>> {
  const done = await ports.runCni(request);
  return mapResult(done, (report) => ({ kind: "cni-run", report }));
}
