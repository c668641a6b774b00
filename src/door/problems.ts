import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const listenRefused = defineProblem("LF-DAEMON-LISTEN", {
  title: "The daemon cannot listen",
  explanation: "The run directory cannot be made or written, or the socket's path is too long.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string; reason: string }) => `Cannot listen at ${f.path}: ${f.reason}.`,
  remedy: () => "Give a directory that can be written, and whose name is short, with --run-dir.",
  command: (f) => `ls -ld ${f.path}`,
});

/** Every problem of this folder, for the generated docs. */
export const doorProblems: readonly ProblemKind<never>[] = [listenRefused];
