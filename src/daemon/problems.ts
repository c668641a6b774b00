import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const daemonRunning = defineProblem("LF-DAEMON-RUNNING", {
  title: "A daemon is running already",
  explanation: "One daemon serves a run directory, and one looks after a state directory.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string }) => `Another daemon holds ${f.path}.`,
  remedy: () => "Use the one that runs, or end it first. landfall daemon needs no second one.",
  command: (f) => `fuser -v ${f.path}`,
});

export const dockerSocketTaken = defineProblem("LF-DOCKER-SOCKET-TAKEN", {
  title: "Something else listens at Docker's plugin socket",
  explanation:
    "A socket's file name in Docker's plugin directory is the name of a driver, so a host has " +
    "one of a name. Another daemon serves it, or systemd holds it for landfall.service.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string }) => `Something takes connections at ${f.path} already.`,
  remedy: () =>
    "End it first (systemctl stop landfall.socket landfall.service), or give this daemon another " +
    "name in Docker with --docker-socket PATH, or none with --docker-socket none.",
  command: (f) => `ss -xlp src ${f.path}`,
});

export const sandboxOther = defineProblem("LF-SANDBOX-OTHER", {
  title: "The path means another namespace to the daemon",
  explanation:
    "The daemon opens the sandbox by its path, and found another namespace than the caller. " +
    "/proc/self is another directory to each process, and mounts may be others too.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string }) => `${f.path} is another namespace to the daemon than to you.`,
  remedy: () => "Name it by a path that means the same to both, or by a process: --pid PID.",
});

/** Every problem of this folder, for the generated docs. */
export const daemonProblems: readonly ProblemKind<never>[] = [
  daemonRunning,
  dockerSocketTaken,
  sandboxOther,
];
