import { defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

/** "Invalid network config" in the CNI specification; the command line never meets CNI. */
const CNI_INVALID_CONFIG = 7;

export const usageWrong = defineProblem("LF-USAGE", {
  title: "The command line is wrong",
  explanation: "A command, option or value is unknown, missing, or given together with its rival.",
  exitCode: ExitCode.usage,
  cniCode: CNI_INVALID_CONFIG,
  retryable: false,
  detail: (f: { reason: string; meant?: string | undefined; help: string }) => f.reason,
  remedy: (f) =>
    f.meant === undefined ? "See what it takes with --help." : `Did you mean ${f.meant}?`,
  command: (f) => f.help,
});

/** Every problem of this folder, for the generated docs. */
export const cliProblems: readonly ProblemKind<never>[] = [usageWrong];
