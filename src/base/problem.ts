import type { ExitCode } from "./exit-code.ts";

/**
 * Stable, searchable name of a kind of failure; scripts and docs refer to it, so it is never
 * reused.
 */
export type ProblemCode = `LF-${string}`;

/** A fact about one occurrence; kept as data so that every surface can show it its own way. */
export type Fact = string | number | boolean | readonly string[] | undefined;

/** The facts of one occurrence. */
export type Facts = Readonly<Record<string, Fact>>;

/** An expected failure as data: what happened, why, and what to do about it. */
export interface Problem {
  readonly code: ProblemCode;
  /** The same words for every occurrence of this code. */
  readonly title: string;
  /** This occurrence, in one sentence or two. */
  readonly detail: string;
  /** What the reader can do now. */
  readonly remedy: string;
  /** The `ip` (or other) command that does the same or shows the cause. */
  readonly command?: string;
  /** The same request may succeed later without anything being changed in it. */
  readonly retryable: boolean;
  readonly exitCode: ExitCode;
  /**
   * Error code of the CNI specification's result, section "Error": below 100 reserved, above ours.
   */
  readonly cniCode: number;
  readonly facts: Facts;
  /** What went wrong while this was being undone, or what lies beneath it. */
  readonly causes?: readonly Problem[];
}

/** One row of the catalogue: everything about a code that does not depend on the occurrence. */
export interface ProblemSpec<F extends Facts> {
  readonly title: string;
  /** For the generated docs: what leads to this, in terms of the kernel, the LAN or the input. */
  readonly explanation: string;
  readonly exitCode: ExitCode;
  readonly cniCode: number;
  readonly retryable: boolean;
  readonly detail: (facts: F) => string;
  readonly remedy: (facts: F) => string;
  readonly command?: (facts: F) => string | undefined;
}

/** Makes Problems of one code; carries its catalogue row for the generated docs. */
export interface ProblemKind<F extends Facts> {
  (facts: F, causes?: readonly Problem[]): Problem;
  readonly code: ProblemCode;
  readonly title: string;
  readonly explanation: string;
  readonly exitCode: ExitCode;
  readonly retryable: boolean;
}

/** Adds a row to the catalogue. Each folder defines the problems that it can meet. */
export function defineProblem<F extends Facts>(
  code: ProblemCode,
  spec: ProblemSpec<F>,
): ProblemKind<F> {
  const make = (facts: F, causes: readonly Problem[] = []): Problem => {
    const command = spec.command?.(facts);
    return {
      code,
      title: spec.title,
      detail: spec.detail(facts),
      remedy: spec.remedy(facts),
      ...(command === undefined ? {} : { command }),
      retryable: spec.retryable,
      exitCode: spec.exitCode,
      cniCode: spec.cniCode,
      facts,
      ...(causes.length === 0 ? {} : { causes }),
    };
  };
  const { title, explanation, exitCode, retryable } = spec;
  return Object.assign(make, { code, title, explanation, exitCode, retryable });
}
