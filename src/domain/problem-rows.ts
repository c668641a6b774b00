import { defineProblem, ExitCode, type Facts, type ProblemKind } from "../base/index.ts";

/** "Invalid network config" in the CNI specification; our own codes begin at 100. */
const CNI_INVALID_CONFIG = 7;
/** "Try again later" in the CNI specification. */
const CNI_TRY_AGAIN = 11;
export const CNI_REFUSED = 100;

interface Row<F extends Facts> {
  readonly title: string;
  readonly explanation: string;
  readonly detail: (facts: F) => string;
  readonly remedy: (facts: F) => string;
  readonly command?: (facts: F) => string | undefined;
}

/** The input is wrong and stays wrong. */
export function usage<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.usage, cniCode: CNI_INVALID_CONFIG, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** The input is right and the state of things stands against it. */
export function refused<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.failed, cniCode: CNI_REFUSED, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** As `refused`, but time or somebody else may mend it. */
export function refusedForNow<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.failed, cniCode: CNI_TRY_AGAIN, retryable: true };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** Words in a sentence. */
export function listed(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(", ");
}
