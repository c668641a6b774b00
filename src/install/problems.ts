import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const systemdAbsent = defineProblem("LF-INSTALL-NO-SYSTEMD", {
  title: "This machine is not run by systemd",
  explanation:
    "docker install hands the daemon to systemd. Where something else starts services, or " +
    "nothing does, as in a container, it has to be started otherwise. Nothing was changed.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { program: string }) =>
    `systemd does not run this machine, so ${f.program} cannot be made a service of it.`,
  remedy: () =>
    "Start the daemon yourself, before dockerd, with the command below or by what starts " +
    "services here. For an image that systemd will run: --root DIR.",
  command: (f) => `setsid -f ${f.program} daemon </dev/null >>/var/log/landfall.log 2>&1`,
});

export const unitRefused = defineProblem("LF-INSTALL-FILE", {
  title: "A unit file cannot be read or written",
  explanation:
    "systemd's directory belongs to root, and may be read-only. What was begun is undone.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { action: string; path: string; errno: string }) =>
    `Cannot ${f.action} ${f.path}: ${f.errno}.`,
  remedy: () => "Run it as root (sudo), on a file system that can be written.",
  command: (f) => `ls -ld ${f.path}`,
});

export const systemctlFailed = defineProblem("LF-INSTALL-SYSTEMCTL", {
  title: "A command of systemd failed",
  explanation:
    "systemctl is missing or ended with an error; a daemon that ends at once is one. What was " +
    "begun is undone.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { command: string; exitCode: number; words: string }) =>
    `${f.command} ended with ${f.exitCode}${f.words === "" ? "" : `: ${f.words}`}`,
  remedy: () => "See what the daemon said. What was begun is undone, so it can be tried again.",
  command: () => "journalctl -u landfall.service -n 20",
});

export const daemonByHand = defineProblem("LF-INSTALL-RUNNING", {
  title: "A daemon that systemd did not start serves Docker",
  explanation:
    "Something answers at the plugin socket that systemd is to listen at, and systemd has no " +
    "part in it: a daemon that was started by hand. Nothing was changed.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { socket: string }) => `Something that is not systemd's answers at ${f.socket}.`,
  remedy: () => "End it; endpoints outlive it. Then try again.",
  command: (f) => `ss -xlp src ${f.socket}`,
});

export const pluginSilent = defineProblem("LF-INSTALL-SILENT", {
  title: "The daemon runs, and does not answer Docker",
  explanation:
    "After the start the daemon is greeted as Docker would do it. Without an answer, or with one " +
    "that is no network driver's, the installation is undone.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { socket: string; reason: string }) =>
    `What listens at ${f.socket} is no network driver: ${f.reason}.`,
  remedy: () => "See what the daemon said. What was begun is undone, so it can be tried again.",
  command: () => "journalctl -u landfall.service -n 20",
});

/** Every problem of this folder, for the generated docs. */
export const installProblems: readonly ProblemKind<never>[] = [
  systemdAbsent,
  unitRefused,
  systemctlFailed,
  daemonByHand,
  pluginSilent,
];
