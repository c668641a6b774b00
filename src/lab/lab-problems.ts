import { defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const labUnsupported = defineProblem("LF-LAB-UNSUPPORTED", {
  title: "The scenario asks for something that this version does not drive",
  explanation: "The scenario format says more than every version of the engine can do.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: false,
  detail: (f: { what: string }) => `This version of Landfall does not drive ${f.what}.`,
  remedy: () => "Take it out of the scenario, or use a version that does.",
});

export const labNotReady = defineProblem("LF-LAB-NOT-READY", {
  title: "The lab did not come up",
  explanation: "Links need a moment until the kernel reports them as operational.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: true,
  detail: (f: { what: string; seconds: number }) =>
    `After ${f.seconds} s it was still so: ${f.what}.`,
  remedy: () => "Try again when the machine is less busy.",
});

export const labCommandFailed = defineProblem("LF-LAB-COMMAND-FAILED", {
  title: "A command of the scenario failed",
  explanation:
    "Commands under run: are the scenario's own; they run in the namespace of their node.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: false,
  detail: (f: { command: string; node: string; status: string; output: string }) =>
    `\`${f.command}\` on ${f.node} ended with ${f.status}: ${f.output}`,
  remedy: () => "Correct the command in the scenario.",
  command: (f) => f.command,
});

export const userNamespacesForbidden = defineProblem("LF-USERNS-FORBIDDEN", {
  title: "User namespaces are forbidden here",
  explanation:
    "Without root, a lab lives in a user namespace of its own. Some systems forbid them to " +
    "ordinary users: by a limit of 0, by AppArmor, or inside a container.",
  exitCode: ExitCode.notPermitted,
  cniCode: 100,
  retryable: false,
  detail: (f: { reason: string }) =>
    `This user may not make a user namespace, so a lab needs root here (${f.reason}).`,
  remedy: () =>
    "Run it as root (sudo), or allow them: sysctl -w user.max_user_namespaces=10000 " +
    "kernel.apparmor_restrict_unprivileged_userns=0 (the second where it exists).",
  command: () => "unshare --user --map-root-user --net true",
});

export const actionRefused = defineProblem("LF-LAB-ACTION-INVALID", {
  title: "An action of the scenario cannot be done",
  explanation: "The action names something that is not in the state that it needs.",
  exitCode: ExitCode.usage,
  cniCode: 100,
  retryable: false,
  detail: (f: { action: string; reason: string }) => `"${f.action}": ${f.reason}.`,
  remedy: () => "Correct the scenario.",
});

export const nodeHasNo = defineProblem("LF-LAB-NODE-LACKS", {
  title: "A node lacks what a check asks of it",
  explanation: "A check can only use addresses and links that the node has when it is done.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: false,
  detail: (f: { node: string; what: string; on: string | undefined }) =>
    `${f.node} has no ${f.what}${f.on === undefined ? "" : ` on ${f.on}`}.`,
  remedy: () => "Correct the check, or the node.",
});

export const fileUnreadable = defineProblem("LF-FILE-UNREADABLE", {
  title: "The file cannot be read",
  explanation: "A scenario is a YAML file; docs/scenarios.md describes it.",
  exitCode: ExitCode.usage,
  cniCode: 100,
  retryable: false,
  detail: (f: { file: string; reason: string }) => `${f.file}: ${f.reason}.`,
  remedy: () => "Give the path of a scenario file, such as scenarios/first.yaml.",
  command: (f) => `ls -l ${f.file}`,
});

export const guestEnded = defineProblem("LF-LAB-GUEST-ENDED", {
  title: "The user-mode kernel of a lab ended early",
  explanation:
    "A user-mode kernel is a process. It can crash, be ended by somebody, or take longer than a " +
    "scenario should.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: true,
  detail: (f: { how: string; said: string }) => `The user-mode kernel ${f.how}:\n${f.said}`,
  remedy: () => "The lines above are the end of what it said.",
});

export const dockerRefused = defineProblem("LF-LAB-DOCKER-REFUSED", {
  title: "Docker did not do what the scenario asks",
  explanation:
    "The scenario's networks and containers are made with Docker's own command. Where Landfall " +
    "itself refused something to Docker, that is told instead of this.",
  exitCode: ExitCode.failed,
  cniCode: 100,
  retryable: false,
  detail: (f: { command: string; host: string; output: string }) =>
    `\`${f.command}\` on ${f.host}: ${f.output}`,
  remedy: () => "Correct the scenario.",
  command: (f) => f.command,
});

/** Every problem of running labs, for the generated docs. */
export const labProblems: readonly ProblemKind<never>[] = [
  labUnsupported,
  labNotReady,
  labCommandFailed,
  dockerRefused,
  userNamespacesForbidden,
  actionRefused,
  nodeHasNo,
  fileUnreadable,
  guestEnded,
];
