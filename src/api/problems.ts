import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const requestWrong = defineProblem("LF-API-REQUEST", {
  title: "The request is wrong",
  explanation:
    "A request to the daemon has a key, a value or a form that schemas/openapi.json does not have.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { where: string; reason: string }) => `${f.where}: ${f.reason}.`,
  remedy: () => "Compare it with the description that GET /v1/openapi.json gives.",
});

export const pathUnknown = defineProblem("LF-API-PATH", {
  title: "The daemon has no such path",
  explanation: "The API has no operation with this method and path.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { method: string; path: string }) => `There is no ${f.method} ${f.path}.`,
  remedy: () => "GET /v1/openapi.json lists what there is.",
});

export const internalError = defineProblem("LF-DAEMON-BUG", {
  title: "A bug in the daemon",
  explanation: "Something happened in the daemon that nobody foresaw; its log has the details.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { method: string; path: string }) => `${f.method} ${f.path} met a bug.`,
  remedy: () => "See the daemon's log, and report it. landfall status shows what was interrupted.",
  command: () => "landfall status",
});

export const daemonLost = defineProblem("LF-DAEMON-LOST", {
  title: "The daemon ended before it answered",
  explanation:
    "The request had been sent, so it may have been done, in part or in full; it is never sent a " +
    "second time. What was begun is completed or undone by reconcile, or by the next daemon.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.tryAgainLater,
  retryable: true,
  detail: (f: { socket: string; reason: string }) =>
    `The daemon at ${f.socket} was asked and did not answer (${f.reason}).`,
  remedy: () => "See what was done: landfall status. Finish it: landfall reconcile.",
  command: () => "landfall status",
});

export const daemonUnreadable = defineProblem("LF-DAEMON-ANSWER", {
  title: "The daemon's answer makes no sense",
  explanation:
    "What answers on the daemon's socket speaks another language: a daemon of another version, " +
    "or another program.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { socket: string; reason: string }) =>
    `What answers at ${f.socket} cannot be understood: ${f.reason}.`,
  remedy: () => "Restart the daemon, so that it is of the version that is installed.",
});

export const daemonElsewhere = defineProblem("LF-DAEMON-ELSEWHERE", {
  title: "The daemon is in another network namespace",
  explanation:
    "A daemon manages the links of the network namespace that it was started in. A command in " +
    "another namespace would mean other links by the same names.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { socket: string; pid: number }) =>
    `The daemon at ${f.socket} (process ${f.pid}) is in another network namespace.`,
  remedy: () => "Run the command where the daemon runs, or give another --run-dir and --state-dir.",
  command: (f) => `nsenter --net=/proc/${f.pid}/ns/net landfall …`,
});

export const daemonOtherState = defineProblem("LF-DAEMON-STATE", {
  title: "The daemon keeps its state elsewhere",
  explanation:
    "A daemon serves this run directory, and its state is not in the directory that was given.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { socket: string; theirs: string; ours: string }) =>
    `The daemon at ${f.socket} keeps its state in ${f.theirs}, not in ${f.ours}.`,
  remedy: () => "Leave --state-dir out to ask that daemon, or give a --run-dir of its own too.",
});

export const socketRefused = defineProblem("LF-DAEMON-SOCKET", {
  title: "The daemon's socket cannot be opened",
  explanation:
    "There is a socket in the run directory, and nothing can be sent to it: it belongs to " +
    "another user, or the daemon has just ended. The request was not sent.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { socket: string; errno: string }) => `${f.socket} cannot be opened (${f.errno}).`,
  remedy: () => "Run it as root (sudo), or again if the daemon has just ended.",
  command: (f) => `ls -l ${f.socket}`,
});

/** Every problem of this folder, for the generated docs. */
export const apiProblems: readonly ProblemKind<never>[] = [
  requestWrong,
  pathUnknown,
  internalError,
  daemonLost,
  daemonUnreadable,
  daemonElsewhere,
  daemonOtherState,
  socketRefused,
];
