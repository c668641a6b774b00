import type { Problem, Result } from "../base/index.ts";
import type { LabReport, LabWish } from "../lab/index.ts";

/** What the command line asks of the lab; the composition root plugs the real one in. */
export interface LabPort {
  /** Runs scenario files one after the other; progress goes to `onProgress`. */
  run(files: readonly string[], options: LabWish): Promise<Result<LabReport, Problem>>;
  /** Runs the built-in scenario "first". */
  demo(options: LabWish): Promise<Result<LabReport, Problem>>;
}
