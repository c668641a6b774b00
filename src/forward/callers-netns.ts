import { statSync } from "node:fs";

/** The variable in a request by which the caller says what CNI_NETNS is to him: its inode. */
export const CALLERS_NETNS = "LANDFALL_NETNS";

/** The inode at a path, which identifies a living namespace; "0" where nothing is. */
export function inodeOf(path: string): string {
  try {
    return String(statSync(path, { bigint: true }).ino);
  } catch {
    return "0";
  }
}
