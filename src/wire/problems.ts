import { defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

/** Where and why a capture filter was refused. */
export type InvalidFilter = {
  readonly filter: string;
  /** The word that was refused; empty at the end of the filter. */
  readonly word: string;
  /** Where it begins, counted from 1. */
  readonly column: number;
  /** A clause: "is not something a filter can ask for". */
  readonly reason: string;
  /** What would be right there. */
  readonly expected: readonly string[];
  /** The one that was probably meant. */
  readonly meant: string | undefined;
};

/** A capture filter that cannot be read. */
export const filterInvalid = defineProblem<InvalidFilter>("LF-FILTER-INVALID", {
  title: "Not a capture filter",
  explanation:
    "A capture filter selects frames by words like those of tcpdump: protocols, addresses, ports " +
    "and VLANs, combined with and, or, not and parentheses. As in tcpdump, and and or bind " +
    "equally and are read from left to right.",
  exitCode: ExitCode.usage,
  // "Invalid network config" in the CNI specification.
  cniCode: 7,
  retryable: false,
  detail: ({ filter, word, column, reason }) =>
    word === ""
      ? `the filter "${filter}" ends too early: ${reason}.`
      : `"${word}" (column ${column} of the filter "${filter}") ${reason}.`,
  remedy: ({ expected, meant }) => {
    const possible = `Possible here: ${expected.join(", ")}.`;
    return meant === undefined ? possible : `Did you mean "${meant}"? ${possible}`;
  },
});

/** Everything that this folder can complain about, for the generated docs. */
export const wireProblems: readonly ProblemKind<InvalidFilter>[] = [filterInvalid];
