import { defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const dockerdUnavailable = defineProblem("LF-DOCKERD-UNAVAILABLE", {
  title: "No Docker engine can be started here",
  explanation:
    "A lab whose containers come through Docker starts an engine of its own. It needs root, the " +
    "engine's programs, and a static busybox for the image of its containers.",
  exitCode: ExitCode.notPermitted,
  cniCode: 100,
  retryable: false,
  detail: (f: { reason: string; remedy: string }) =>
    `No Docker engine can be started here: ${f.reason}.`,
  remedy: (f) => f.remedy,
});

export const dockerdFailed = defineProblem("LF-DOCKERD-FAILED", {
  title: "The Docker engine of a lab does not work",
  explanation: "The engine ended, did not answer, or its machine could not be made.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: false,
  detail: (f: { what: string; log: string }) => `${f.what}:\n${f.log}`,
  remedy: () => "The lines above are the end of what it said.",
});

/** Every problem of engines for labs, for the generated docs. */
export const dockerdProblems: readonly ProblemKind<never>[] = [dockerdUnavailable, dockerdFailed];
