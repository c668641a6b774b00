import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { ok, type Result } from "../base/index.ts";
import { attempt, syncDirectory } from "./disk.ts";
import type { Errno } from "./ports.ts";

/** What is at a path. */
export type Found =
  | { readonly kind: "nothing" }
  /** `bytes` only of files that may be ours: of small ones. */
  | { readonly kind: "file"; readonly bytes?: Uint8Array }
  | { readonly kind: "link" }
  | { readonly kind: "other" };

/** A file as it is to be. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** Files, changed in single steps that survive a power cut. */
export interface PluginFiles {
  look(path: string): Result<Found, Errno>;
  /** Replaces what is there in one step. */
  put(path: string, content: Content): Result<void, Errno>;
  /** A second name for the same file, or symbolic link. EEXIST where the name is in use. */
  name(path: string, second: string): Result<void, Errno>;
  /** Replaces what is at `to` in one step. */
  move(path: string, to: string): Result<void, Errno>;
  /** Absent is a success. */
  remove(path: string): Result<void, Errno>;
  makeDirectory(path: string): Result<void, Errno>;
  /** One that is not empty stays, which is a success. */
  removeDirectory(path: string): Result<void, Errno>;
}

/** More than any plugin or configuration of ours. */
const OURS_BYTES_MAX = 64 * 1024;

/** The files of this machine. */
export const pluginFiles: PluginFiles = {
  look: (path) => attempt(() => look(path)),
  put: (path, { bytes, mode }) => {
    // Hidden, and no name that a runtime looks for.
    const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
    const done = attempt(() => {
      writeFileSync(temporary, bytes, { flag: "wx", mode, flush: true });
      renameSync(temporary, path);
      syncDirectory(dirname(path));
    });
    if (!done.ok) attempt(() => rmSync(temporary, { force: true }));
    return done;
  },
  name: (path, second) =>
    attempt(() => {
      linkSync(path, second);
      syncDirectory(dirname(second));
    }),
  move: (path, to) =>
    attempt(() => {
      renameSync(path, to);
      syncDirectory(dirname(to));
    }),
  remove: (path) => attempt(() => rmSync(path, { force: true })),
  makeDirectory: (path) => attempt(() => mkdirSync(path, { mode: 0o755 })),
  removeDirectory: (path) => {
    const done = attempt(() => rmdirSync(path));
    return done.ok || !["ENOTEMPTY", "ENOENT"].includes(done.error) ? done : ok();
  },
};

function look(path: string): Found {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { kind: "nothing" };
  if (stat.isSymbolicLink()) return { kind: "link" };
  if (!stat.isFile()) return { kind: "other" };
  if (stat.size > OURS_BYTES_MAX) return { kind: "file" };
  return { kind: "file", bytes: readFileSync(path) };
}

/** The directories on the way to `path` that are missing, outermost first. */
export function missingDirectories(path: string): readonly string[] {
  if (existsSync(path)) return [];
  return [...missingDirectories(dirname(path)), path];
}

/** The path without the symbolic links of its directory, where that is there. */
export function placeOf(path: string): string {
  const place = attempt(() => realpathSync(dirname(path)));
  return place.ok ? join(place.value, basename(path)) : path;
}
