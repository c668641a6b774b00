import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { stateUnsafe } from "./problems.ts";

/** Addresses and names of a host's containers are nobody else's business. */
const STATE_DIRECTORY_MODE = 0o700;
const WRITABLE_FOR_ALL = 0o002;
const ROOT = 0;

/**
 * Makes the directory when it is missing, and refuses one, or a database in it, that others may
 * write: it would let them choose what a privileged process does. A group is the owner's own choice
 * and allowed. Throws the system's error when the directory cannot be made or looked at.
 */
export function prepareStateDirectory(directory: string, database: string): Result<void, Problem> {
  mkdirSync(directory, { recursive: true, mode: STATE_DIRECTORY_MODE });
  // SQLite would only say that it cannot open the file, whatever the reason is.
  accessSync(directory, constants.W_OK | constants.X_OK);
  for (const path of [directory, database]) {
    const reason = distrust(path);
    if (reason !== undefined) return err(stateUnsafe({ path, reason }));
  }
  return ok();
}

function distrust(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if ((stat.mode & WRITABLE_FOR_ALL) !== 0) return "is writable for everybody";
  const trusted = stat.uid === ROOT || stat.uid === process.geteuid?.();
  return trusted ? undefined : `belongs to the user with id ${stat.uid}`;
}
