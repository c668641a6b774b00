import { defineProblem, ExitCode, type ProblemKind } from "../base/index.ts";

/** "Internal error" range of ours in the CNI result; the specification reserves those below 100. */
const CNI_STATE = 101;

/** What SQLite's and the system's codes mean for the person who reads them. */
const meanings: readonly (readonly [RegExp, string, string])[] = [
  [
    /PERM|ACCES|AUTH/,
    "it may not be opened",
    "Run it as root (sudo), or name a directory of your own: --state-dir.",
  ],
  [
    /READONLY|EROFS/,
    "it cannot be written",
    "Run it as root (sudo), or name a writable directory: --state-dir.",
  ],
  [/FULL|ENOSPC/, "the disk is full", "Free some space; nothing was changed."],
  [
    /NOTADB|CORRUPT/,
    "it is damaged",
    "Move the file away to begin anew, or restore it from a backup.",
  ],
  [/BUSY|LOCKED/, "another process holds it", "Try again when that process has ended."],
  [
    /CANTOPEN|ENOENT|ENOTDIR|EEXIST/,
    "it cannot be opened",
    "Name another directory with --state-dir, or run it as root (sudo).",
  ],
];

export const stateUnusable = defineProblem("LF-STATE-UNUSABLE", {
  title: "The state cannot be used",
  explanation:
    "Networks, endpoints and leases live in a database, by default " +
    "/var/lib/landfall/landfall.db. Nothing is changed while it cannot be read and written.",
  exitCode: ExitCode.notPermitted,
  cniCode: CNI_STATE,
  retryable: true,
  detail: (f: { path: string; code: string; message: string }) =>
    `${f.path}: ${meaningOf(f.code)[1]} (${f.code}: ${f.message}).`,
  remedy: (f) => meaningOf(f.code)[2],
  command: (f) => `ls -l ${f.path}`,
});

function meaningOf(code: string): readonly [RegExp, string, string] {
  const unknown = [/./, "the disk or the database failed", "Look at the system's log."] as const;
  return meanings.find(([pattern]) => pattern.test(code)) ?? unknown;
}

export const storeNewer = defineProblem("LF-STORE-NEWER", {
  title: "The state was written by a newer version",
  explanation: "An older program does not know what a newer one wrote, so it leaves it alone.",
  exitCode: ExitCode.failed,
  cniCode: CNI_STATE,
  retryable: false,
  detail: (f: { path: string; version: number; known: number }) =>
    `${f.path} has schema version ${f.version}; this program knows ${f.known}.`,
  remedy: () => "Use the newer program.",
  command: () => "landfall --version",
});

/** Every problem of this folder, for the generated docs. */
export const storeProblems: readonly ProblemKind<never>[] = [stateUnusable, storeNewer];
