import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { err, mapError, ok, type Problem, type Result } from "../base/index.ts";
import { confUnreadable } from "./problems.ts";

/** The names in a directory, sorted; none where there is no directory. Errors: LF-CNI-RUN-FILE. */
export function listNames(path: string): Result<readonly string[], Problem> {
  const names = attempt(() => readdirSync(path).toSorted());
  if (!names.ok && names.error === "ENOENT") return ok([]);
  return mapError(names, (errno) => confUnreadable({ action: "list", path, errno }));
}

/** The text of a file, undefined where there is none. Errors: LF-CNI-RUN-FILE. */
export function readText(path: string): Result<string | undefined, Problem> {
  const text = attempt(() => readFileSync(path, "utf8"));
  if (!text.ok && text.error === "ENOENT") return ok(undefined);
  return mapError(text, (errno) => confUnreadable({ action: "read", path, errno }));
}

/** Whether a path leads to a regular file. */
export function isFile(path: string): boolean {
  const seen = attempt(() => statSync(path).isFile());
  return seen.ok && seen.value;
}

/** NSFS_MAGIC of include/uapi/linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;

/**
 * Whether a path leads to a namespace. A plain file stays at the path of one that was deleted
 * (`ip netns del` in another mount namespace), and a path in /proc may by now be another file's.
 */
export function isNamespace(path: string): boolean {
  const seen = attempt(() => statfsSync(path).type);
  return seen.ok && seen.value === NSFS_MAGIC;
}

/**
 * Replaces a file in one step, for nobody but its owner to read (0600 in a 0700 directory), and
 * waits for the disk. Errors: LF-CNI-RUN-FILE.
 */
export function writePrivately(path: string, text: string): Result<void, Problem> {
  // The dot keeps it from those who look for the files of a network by how their names begin.
  const temporary = join(dirname(path), `.${crypto.randomUUID()}`);
  const written = attempt(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, text, { flag: "wx", mode: 0o600, flush: true });
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  });
  if (!written.ok) attempt(() => rmSync(temporary, { force: true }));
  return mapError(written, (errno) => confUnreadable({ action: "write", path, errno }));
}

/** Absent is a success. Errors: LF-CNI-RUN-FILE. */
export function removeFile(path: string): Result<void, Problem> {
  const removed = attempt(() => rmSync(path, { force: true }));
  return mapError(removed, (errno) => confUnreadable({ action: "remove", path, errno }));
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function attempt<T>(work: () => T): Result<T, string> {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Error && "code" in error) return err(String(error.code));
    throw error;
  }
}
