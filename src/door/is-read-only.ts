import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";

/**
 * Whether nothing can be made at `path` because its file system is read-only to this process, as
 * systemd's ProtectSystem= makes it; of a path that is not there, its nearest folder says it.
 */
export function isReadOnly(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const refusal = refusalAt(folder);
    const isThere = refusal !== "ENOENT" && refusal !== "ENOTDIR";
    if (isThere || folder === dirname(folder)) return refusal === "EROFS";
  }
}

/** Why nothing can be written to a folder; undefined where it can. */
function refusalAt(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "EIO";
  }
}
