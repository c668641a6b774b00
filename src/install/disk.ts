import { closeSync, fsyncSync, openSync } from "node:fs";
import { err, ok, type Result } from "../base/index.ts";
import type { Errno } from "./ports.ts";

/** What the system refuses is a value; a bug of ours throws. */
export function attempt<T>(work: () => T): Result<T, Errno> {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Error && "code" in error) return err(String(error.code));
    throw error;
  }
}

/** Returns when the names in a directory survive a power cut; throws the system's error. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
