import { dirname } from "node:path";
import { CniCode, defineProblem, ExitCode, type Problem, type ProblemKind } from "../base/index.ts";

/** Where it happened, and the words of SQLite or the system. */
type StateFacts = { readonly path: string; readonly code: string; readonly message: string };

/** What SQLite's and the system's codes mean for the person who reads them. */
const meanings: readonly (readonly [RegExp, string, string])[] = [
  [
    /PERM|ACCES|AUTH/,
    "it may not be opened",
    "Run it as root (sudo), or name a directory of your own: --state-dir.",
  ],
  [/BUSY|LOCKED/, "another process holds it", "Try again when that process has ended."],
  [
    /CANTOPEN|ENOENT|ENOTDIR|EEXIST|EISDIR/,
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
  cniCode: CniCode.state,
  retryable: true,
  detail: (f: StateFacts) => `${f.path}: ${meaningOf(f.code)[1]} (${f.code}: ${f.message}).`,
  remedy: (f) => meaningOf(f.code)[2],
  command: (f) => `ls -l ${f.path}`,
});

function meaningOf(code: string): readonly [RegExp, string, string] {
  const unknown = [/./, "the disk or the database failed", "Look at the system's log."] as const;
  return meanings.find(([pattern]) => pattern.test(code)) ?? unknown;
}

export const stateFull = defineProblem("LF-STATE-FULL", {
  title: "No room for the state",
  explanation:
    "The disk (or the quota) under the state directory is full. What was to be written is not " +
    "there, not even in part; what was written before is.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.state,
  retryable: true,
  detail: (f: StateFacts) => `${f.path}: the disk is full (${f.code}: ${f.message}).`,
  remedy: () => "Free some space, then repeat the command; nothing was changed.",
  command: (f) => `df -h ${dirname(f.path)}`,
});

export const stateReadOnly = defineProblem("LF-STATE-READONLY", {
  title: "The state cannot be written",
  explanation:
    "The file system is mounted read-only, which it also becomes by itself after an error of the " +
    "disk, or the files are not writable for this user.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.state,
  retryable: true,
  detail: (f: StateFacts) => `${f.path}: it cannot be written (${f.code}: ${f.message}).`,
  remedy: () =>
    "Run it as root (sudo), mount the file system writable, or name another directory: " +
    "--state-dir.",
  command: (f) => `findmnt -T ${dirname(f.path)}`,
});

export const stateDamaged = defineProblem("LF-STATE-DAMAGED", {
  title: "The state is damaged",
  explanation:
    "The database is not as Landfall wrote it: cut short, overwritten, or not a database at all. " +
    "It is left as it is, because guessing could give one address to two containers.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.state,
  retryable: false,
  detail: (f: StateFacts) => `${f.path}: it is damaged (${f.code}: ${f.message}).`,
  remedy: () =>
    "Restore it from a backup, or move the directory away to begin anew; links made before then " +
    "belong to nobody.",
  command: (f) => `sqlite3 ${f.path} 'PRAGMA integrity_check'`,
});

export const stateUnsafe = defineProblem("LF-STATE-UNSAFE", {
  title: "Others could write the state",
  explanation:
    "The state tells Landfall, often root, which namespaces to enter and which links to delete. " +
    "So the directory and the database must belong to root or to the user who runs it, and be " +
    "writable for them alone, or for a group of theirs.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.state,
  retryable: false,
  detail: (f: { path: string; reason: string }) => `${f.path} ${f.reason}.`,
  remedy: () => "Give it to the user who runs Landfall and take it from others, if you trust it.",
  command: (f) => `ls -ld ${f.path}`,
});

export const storeNewer = defineProblem("LF-STORE-NEWER", {
  title: "The state was written by a newer version",
  explanation: "An older program does not know what a newer one wrote, so it leaves it alone.",
  exitCode: ExitCode.failed,
  cniCode: CniCode.state,
  retryable: false,
  detail: (f: { path: string; version: number; known: number }) =>
    `${f.path} has schema version ${f.version}; this program knows ${f.known}.`,
  remedy: () => "Use the newer program.",
  command: () => "landfall --version",
});

/** The problem that a code of SQLite or an errno stands for; each has its own way out. */
export function stateProblem(facts: StateFacts): Problem {
  // IOERR_SHMSIZE: no room for the index of the log (os_unix.c allocates it before it maps it).
  if (/FULL|ENOSPC|EDQUOT|SHMSIZE/.test(facts.code)) return stateFull(facts);
  if (/READONLY|EROFS/.test(facts.code)) return stateReadOnly(facts);
  if (/NOTADB|CORRUPT/.test(facts.code)) return stateDamaged(facts);
  return stateUnusable(facts);
}

/** Every problem of this folder, for the generated docs. */
export const storeProblems: readonly ProblemKind<never>[] = [
  stateUnusable,
  stateFull,
  stateReadOnly,
  stateDamaged,
  stateUnsafe,
  storeNewer,
];
