import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { RemoteDaemon } from "./client.ts";
import { daemonElsewhere, daemonOtherState } from "./problems.ts";

/** Where a daemon of this run directory listens. */
export function apiSocket(runDirectory: string): string {
  return join(runDirectory, "landfall.sock");
}

/** What whoever looks for a daemon expects of it. */
export interface DaemonQuest {
  readonly runDirectory: string;
  /** Absent: whatever the daemon of this run directory keeps. */
  readonly stateDirectory?: string;
  /** SO_NETNS_COOKIE of the namespace whose links are meant, in decimal. */
  readonly namespace: string;
}

/**
 * The daemon to forward to; undefined where none is alive. Errors: LF-DAEMON-ELSEWHERE,
 * LF-DAEMON-STATE, LF-DAEMON-SOCKET, LF-DAEMON-LOST, LF-DAEMON-ANSWER.
 */
export async function findDaemon(
  quest: DaemonQuest,
): Promise<Result<RemoteDaemon | undefined, Problem>> {
  const socket = apiSocket(quest.runDirectory);
  // Most machines have none; then nothing is loaded that speaks to one.
  if (!existsSync(socket)) return ok(undefined);
  const { openDaemon } = await import("./client.ts");
  const found = await openDaemon(socket);
  if (!found.ok || found.value === undefined) return found;
  const { info } = found.value;
  if (info.namespace !== quest.namespace) {
    return err(daemonElsewhere({ socket, pid: info.pid }));
  }
  const ours = quest.stateDirectory;
  if (ours !== undefined && realPath(ours) !== info.stateDirectory) {
    return err(daemonOtherState({ socket, theirs: info.stateDirectory, ours }));
  }
  return found;
}

/** The one name of a directory that may have several; as it is where there is no such directory. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
