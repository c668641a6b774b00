import { statSync } from "node:fs";

/** The variable in a request by which the caller says what CNI_NETNS is to him: its inode. */
export const CALLERS_NETNS = "LANDFALL_NETNS";

/** The same of the namespaces that the caller is in. */
export const CALLERS_HOME = "LANDFALL_HOME";
export const CALLERS_MOUNTS = "LANDFALL_MOUNTS";

/** The inode at a path, which identifies a living namespace; "0" where nothing is. */
export function inodeOf(path: string): string {
  try {
    return String(statSync(path, { bigint: true }).ino);
  } catch {
    return "0";
  }
}
