import { callInts } from "./native.ts";

/**
 * Ends this process with a status of 0 to 255, by exit_group(2): no handler runs and nothing is
 * closed. Bun's own ways out close SQLite's files, and whoever closes one last waits for the disk.
 */
export function endProcess(status: number): never {
  callInts("exit_group", status);
  throw new Error("exit_group returned");
}
