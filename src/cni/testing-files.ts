import { err, millis, ok } from "../base/index.ts";
import type { SysError, SysResult } from "../platform/index.ts";
import type { Folder, FolderFiles } from "./ipam/folder-files.ts";

/** A file system in memory; only what folders of `host-local` do with one. */
export class MemoryFiles implements FolderFiles {
  /** Text by path. */
  readonly texts = new Map<string, string>();
  readonly directories = new Set<string>();
  readonly #locks = new Set<string>();
  /** Paths that refuse to be written. */
  readonly readOnly = new Set<string>();

  list(directory: string): SysResult<readonly string[]> {
    const within = [...this.texts.keys()].filter((path) => path.startsWith(`${directory}/`));
    if (within.length === 0 && !this.directories.has(directory)) return refusal("ENOENT");
    return ok(within.map((path) => path.slice(directory.length + 1)));
  }

  readText(path: string): SysResult<string> {
    const text = this.texts.get(path);
    return text === undefined ? refusal("ENOENT") : ok(text);
  }

  createText(path: string, text: string): SysResult<void> {
    return this.texts.has(path) ? refusal("EEXIST") : this.writeText(path, text);
  }

  writeText(path: string, text: string): SysResult<void> {
    if (this.readOnly.has(path)) return refusal("EROFS");
    this.texts.set(path, text);
    return ok();
  }

  removeFile(path: string): SysResult<void> {
    return this.texts.delete(path) ? ok() : refusal("ENOENT");
  }

  makeDirectory(path: string): SysResult<void> {
    this.directories.add(path);
    return ok();
  }

  tryLock(path: string) {
    if (this.#locks.has(path)) return refusal("EAGAIN");
    this.#locks.add(path);
    const release = () => void this.#locks.delete(path);
    return ok({ release, discard: release, [Symbol.dispose]: release });
  }
}

function refusal(errno: string): { readonly ok: false; readonly error: SysError } {
  return err({ errno, call: "fake" });
}

/** A folder in memory, and the files in it by their names. */
export function memoryFolder(files: MemoryFiles, directory = "/var/lib/cni/networks/net"): Folder {
  let now = 0;
  const clock = {
    boottime: () => millis(now),
    wall: () => new Date(now),
    sleep: (duration: number) => {
      now += duration;
      return Promise.resolve();
    },
  };
  return { files, clock, directory };
}
