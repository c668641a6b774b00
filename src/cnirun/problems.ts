import { CniCode, defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

export const cniNameWrong = defineProblem("LF-CNI-RUN-NAME", {
  title: "Not a name that CNI allows",
  explanation:
    "Names of networks and ids of containers begin with a letter or digit and have letters, " +
    "digits, dots, hyphens and underscores (CNI specification, parameters and configuration). " +
    "They become the name of a file, so they have at most 118 characters.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { what: string; text: string }) => `${JSON.stringify(f.text)} is no ${f.what}.`,
  remedy: () => "Use letters, digits, and . _ - after the first one.",
});

export const confWrong = defineProblem("LF-CNI-RUN-CONF", {
  title: "A CNI configuration is wrong",
  explanation:
    "A file of the configuration directory is no JSON, lacks a key that it must have, or a key " +
    "holds something else than the specification says.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { path: string; reason: string }) => `${f.path}: ${f.reason}.`,
  remedy: () => "Correct the file.",
  command: (f) => `cat ${f.path}`,
});

export const confMissing = defineProblem("LF-CNI-RUN-CONF-MISSING", {
  title: "No CNI configuration has that name",
  explanation:
    "The name is the one inside the file, not the file's. Files that end in .conflist are looked " +
    "at first, then .conf and .json.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { name: string; directory: string; known: readonly string[]; meant?: string }) => {
    const known = f.known.length === 0 ? "none at all" : f.known.join(", ");
    return `No file in ${f.directory} is the configuration of ${f.name}; there is ${known}.`;
  },
  remedy: (f) =>
    f.meant === undefined
      ? "Name one that is there, or another directory with --conf-dir."
      : `Did you mean ${f.meant}?`,
  command: (f) => `ls ${f.directory}`,
});

export const confUnreadable = defineProblem("LF-CNI-RUN-FILE", {
  title: "A file or directory of CNI cannot be read or written",
  explanation:
    "Configurations are read from the configuration directory, results are kept below the cache " +
    "directory; both usually belong to root.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.state,
  retryable: false,
  detail: (f: { action: string; path: string; errno: string }) =>
    `Cannot ${f.action} ${f.path}: ${f.errno}.`,
  remedy: () => "Run it as root (sudo), or name another directory.",
  command: (f) => `ls -ld ${f.path}`,
});

export const pluginMissing = defineProblem("LF-CNI-RUN-PLUGIN-MISSING", {
  title: "A CNI plugin is not installed",
  explanation:
    "The type of a plugin is the name of its program, which is looked for in the plugin " +
    "directories, in their order.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { type: string; directories: readonly string[] }) =>
    `There is no program ${f.type} in ${f.directories.join(", ")}.`,
  remedy: () => "Install it, or name the directory that has it with --plugin-dir.",
  command: (f) => `ls ${f.directories.join(" ")}`,
});

export const pluginRefused = defineProblem("LF-CNI-RUN-PLUGIN", {
  title: "A CNI plugin says that it failed",
  explanation:
    "The plugin's own code and words are told. What the plugins before it did for an ADD was " +
    "undone by a DEL; where that failed, too, it is told beside it.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { type: string; command: string; code: number; words: string }) =>
    `${f.type} refuses ${f.command} with code ${f.code}: ${f.words}`,
  remedy: () => "The words are the plugin's; its documentation knows them.",
});

export const pluginBroken = defineProblem("LF-CNI-RUN-ANSWER", {
  title: "A CNI plugin does not answer as the specification says",
  explanation:
    "It could not be started, was killed, did not end in time, or wrote something else than a " +
    "result or an error to its output.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { type: string; command: string; reason: string }) =>
    `${f.type} does not answer ${f.command}: ${f.reason}.`,
  remedy: () => "Is it a CNI plugin for this machine? Started alone it tells what it is.",
  command: (f) => f.type,
});

export const versionTooOld = defineProblem("LF-CNI-RUN-VERSION", {
  title: "The configuration's version of CNI does not have that command",
  explanation:
    "CHECK came with 0.4.0; a configuration says by its cniVersion what may be asked of its " +
    "plugins. A plugin may also not know the version that its configuration has.",
  exitCode: ExitCode.usage,
  cniCode: CniCode.invalidConfig,
  retryable: false,
  detail: (f: { network: string; reason: string }) => `${f.network}: ${f.reason}.`,
  remedy: () => "Set cniVersion in the configuration to one that has it and all plugins know.",
});

export const notAdded = defineProblem("LF-CNI-RUN-NOT-ADDED", {
  title: "Nothing is known of such an attachment",
  explanation:
    "CHECK compares with the result of the ADD, which is kept below the cache directory. There " +
    "is none for this network, container and interface.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { network: string; containerId: string; ifname: string; path: string }) =>
    `${f.containerId} has no result of ${f.network} for ${f.ifname} (${f.path}).`,
  remedy: () => "Was it added with this --cache-dir, --container-id and --ifname?",
  command: (f) => `ls ${f.path.replace(/\/[^/]*$/, "")}`,
});

export const alreadyAdded = defineProblem("LF-CNI-RUN-ADDED", {
  title: "The attachment is there already",
  explanation:
    "A second ADD of one container's interface is an error (CNI specification, ADD), and the DEL " +
    "after such an error would take the first one away. So no plugin was run.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { network: string; containerId: string; ifname: string }) =>
    `${f.containerId} has ${f.ifname} on ${f.network} already.`,
  remedy: () => "Take it away first.",
  command: (f) =>
    `landfall cni run del ${f.network} --container-id ${f.containerId} --ifname ${f.ifname}`,
});

export const calledOff = defineProblem("LF-CNI-RUN-INTERRUPTED", {
  title: "It was called off before its turn",
  explanation:
    "Operations on one attachment are done one after the other, and GC alone. Whoever waited for " +
    "another one was told to end; no plugin was run.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.tryAgainLater,
  retryable: true,
  detail: (f: { network: string }) => `Another operation on ${f.network} is at work.`,
  remedy: () => "Try again when it has ended.",
});

/** Every problem of this folder, for the generated docs. */
export const cniRunProblems: readonly ProblemKind<never>[] = [
  cniNameWrong,
  confWrong,
  confMissing,
  confUnreadable,
  pluginMissing,
  pluginRefused,
  pluginBroken,
  versionTooOld,
  notAdded,
  alreadyAdded,
  calledOff,
];
