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

export const pluginFileRefused = defineProblem("LF-CNI-FILE", {
  title: "A file of the CNI plugins cannot be read or written",
  explanation:
    "The directories of plugins and their configurations belong to root, and may be read-only. " +
    "What was begun is undone.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { action: string; path: string; errno: string }) =>
    `Cannot ${f.action} ${f.path}: ${f.errno}.`,
  remedy: () =>
    "Run it as root (sudo), on a file system that can be written, or name other directories with " +
    "--bin-dir and --conf-dir.",
  command: (f) => `ls -ld ${f.path}`,
});

export const pluginSavedAlready = defineProblem("LF-CNI-SAVED-ALREADY", {
  title: "Two plugins of one name are there already",
  explanation:
    "What a plugin replaces is kept beside it, and uninstall puts it back. Here one was kept " +
    "before, and since then another took the plugin's place: an update of its package, for " +
    "instance. Only one can be kept. Nothing was changed.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string; saved: string }) =>
    `${f.path} is not Landfall's, and ${f.saved} is there from an earlier install.`,
  remedy: (f) => `Remove the one that is not wanted any more: most often ${f.saved}.`,
  command: (f) => `ls -l ${f.path} ${f.saved}`,
});

export const pluginPlaceTaken = defineProblem("LF-CNI-PLACE-TAKEN", {
  title: "A plugin cannot be put in this place",
  explanation:
    "There is a directory, a device or Landfall's own program. A plugin replaces files only, and " +
    "never the program that it starts. Nothing was changed.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string; what: string }) => `${f.path} is ${f.what}.`,
  remedy: () => "Name another directory with --bin-dir.",
  command: (f) => `ls -ld ${f.path}`,
});

export const pluginPathLong = defineProblem("LF-CNI-PATH-LONG", {
  title: "A path is too long for a plugin",
  explanation:
    "The plugins are small programs that carry the paths of the program, of the state and of the " +
    "sockets with them, and have room for about 250, 230 and 90 bytes. Nothing was changed.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { path: string }) => `${f.path} is too long for a plugin to carry it.`,
  remedy: () => "Move it to a shorter path, or give a shorter --state-dir or --run-dir.",
});

/** Every problem of this folder, for the generated docs. */
export const installProblems: readonly ProblemKind<never>[] = [
  systemdAbsent,
  unitRefused,
  systemctlFailed,
  daemonByHand,
  pluginSilent,
  pluginFileRefused,
  pluginSavedAlready,
  pluginPlaceTaken,
  pluginPathLong,
];
