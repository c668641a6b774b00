import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const umlUnavailable = defineProblem("LF-UML-UNAVAILABLE", {
  title: "No user-mode kernel can be started here",
  explanation:
    "User-mode Linux is a kernel that runs as an ordinary process. Debian builds it for x86-64, " +
    "and it needs its modules and modprobe.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { reason: string; remedy: string }) =>
    `No user-mode kernel can be started here: ${f.reason}.`,
  remedy: (f) => f.remedy,
});

/** Every problem of user-mode kernels, for the generated docs. */
export const umlProblems: readonly ProblemKind<never>[] = [umlUnavailable];
