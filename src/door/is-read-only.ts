import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Whether nothing can be made at `path` because its file system is read-only to this process, as
 * systemd's ProtectSystem= makes it; of a path that is not there, its nearest folder says it.
 */
export function isReadOnly(path: string): boolean {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}
