import { CniCode, defineProblem, ExitCode, type Facts, type ProblemKind } from "../base/index.ts";

interface Row<F extends Facts> {
  readonly title: string;
  readonly explanation: string;
  readonly detail: (facts: F) => string;
  readonly remedy: (facts: F) => string;
  readonly command?: (facts: F) => string | undefined;
}

/** The input is wrong and stays wrong. */
export function usage<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.usage, cniCode: CniCode.invalidConfig, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** The input is right and the state of things stands against it. */
export function refused<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.failed, cniCode: CniCode.refused, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** As `refused`, but time or somebody else may mend it. */
export function refusedForNow<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.failed, cniCode: CniCode.tryAgainLater, retryable: true };
  return defineProblem<F>(code, { ...row, ...fixed });
}

/** Words in a sentence. */
export function listed(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(", ");
}
