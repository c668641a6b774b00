import type { Clock, Files } from "../../platform/index.ts";

/** What a folder of `host-local` needs of the file system. */
export type FolderFiles = Pick<
  Files,
  "list" | "readText" | "createText" | "writeText" | "removeFile" | "makeDirectory" | "tryLock"
>;

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
