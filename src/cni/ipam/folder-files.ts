import type { Clock, FileLock, SysResult } from "../../platform/index.ts";

/** What a folder of `host-local` needs of the file system. */
export interface FolderFiles {
  /** Names of what is in a directory. */
  list(directory: string): SysResult<readonly string[]>;
  readText(path: string): SysResult<string>;
  /** EEXIST where it is there. */
  createText(path: string, text: string): SysResult<void>;
  writeText(path: string, text: string): SysResult<void>;
  removeFile(path: string): SysResult<void>;
  /** With those above it. */
  makeDirectory(path: string): SysResult<void>;
  tryLock(path: string): SysResult<FileLock>;
}

/** One folder: the addresses that `host-local` gave in one network. */
export interface Folder {
  readonly files: FolderFiles;
  readonly clock: Clock;
  /** `<dataDir>/<network>`. */
  readonly directory: string;
}

/** The folder at a path. */
export function folderAt(
  { files, clock }: { readonly files: FolderFiles; readonly clock: Clock },
  directory: string,
): Folder {
  return { files, clock, directory };
}
