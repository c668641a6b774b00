import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const usageWrong = defineProblem("LF-USAGE", {
  title: "The command line is wrong",
  explanation: "A command, option or value is unknown, missing, or given together with its rival.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { reason: string; meant?: string | undefined; help: string }) => f.reason,
  remedy: (f) =>
    f.meant === undefined ? "See what it takes with --help." : `Did you mean ${f.meant}?`,
  command: (f) => f.help,
});

/** Every problem of this folder, for the generated docs. */
export const cliProblems: readonly ProblemKind<never>[] = [usageWrong];
