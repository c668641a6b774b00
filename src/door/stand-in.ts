import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { type Millis, millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import { CALLERS_HOME, CALLERS_MOUNTS, inodeOf, type PluginCall } from "../forward/index.ts";
import type { Platform } from "../platform/index.ts";
import { type CniDoor, openCniDoor } from "./cni-door.ts";
import { drain } from "./drain.ts";

/** Everything that a stand-in is made of. */
export interface StandInOptions {
  readonly platform: Pick<Platform, "process" | "files" | "clock">;
  readonly stateDirectory: string;
  readonly cni: Pick<CniDoor, "run" | "folderOf">;
  /** Whoever started it waits until it is told that there is somebody to talk to. */
  readonly ready: () => void;
  /** Fires when it is to end. */
  readonly signal: AbortSignal;
  readonly timing?: StandInTiming;
}

/** How long a stand-in waits. */
export interface StandInTiming {
  /** For another call. */
  readonly idle: Millis;
  /** Between two looks at whether it is still wanted. */
  readonly look: Millis;
}

const usual: StandInTiming = { idle: seconds(10), look: seconds(1) };
/** Somebody who starts a stand-in has the lock no longer than it takes to say hello. */
const LOCK_RETRY = millis(10);

/** Names below the state directory; native/daemon-sockets.h has them too. */
const SOCKET = "stand-in.sock";
const LOCK = "stand-in.lock";

/** What happens at the door, as far as it says whether anybody still comes. */
interface Traffic {
  underWay: number;
  lastEnd: Millis;
}

/**
 * Does the calls of CNI plugins where no daemon runs, until none came for a while, its socket is
 * gone, its program was replaced or `signal` fires. A node that boots starts all of its containers
 * at once: then one process works, and not one for each of them. It keeps nothing that the next
 * process would miss. Errors: LF-DAEMON-LISTEN.
 */
export async function runStandIn(options: StandInOptions): Promise<Result<void, Problem>> {
  const { platform, stateDirectory, signal, timing = usual } = options;
  const { clock, files } = platform;
  const traffic: Traffic = { underWay: 0, lastEnd: clock.boottime() };
  const socket = join(stateDirectory, SOCKET);
  const ending = new AbortController();
  const opened = openCniDoor(doorOf(options, traffic), socket, ending.signal);
  if (!opened.ok) return opened;
  const identity = inodeOf(socket);
  options.ready();
  const isFound = (): boolean => inodeOf(socket) === identity;
  const isIdle = (): boolean =>
    traffic.underWay === 0 && clock.boottime() - traffic.lastEnd >= timing.idle;
  for (;;) {
    await (signal.aborted ? clock.sleep(LOCK_RETRY) : clock.sleep(timing.look, signal));
    if (!signal.aborted && isFound() && !isIdle() && !isReplaced()) continue;
    const lock = files.tryLock(join(stateDirectory, LOCK));
    // Somebody is about to come.
    if (!lock.ok && lock.error.errno === "EAGAIN") continue;
    const { stop, abandon } = opened.value;
    const drained = drain(clock, { stop: isFound() ? stop : abandon }, ending);
    if (lock.ok) lock.value.release();
    await drained;
    return ok();
  }
}

function doorOf({ platform, cni }: StandInOptions, traffic: Traffic): CniDoor {
  const { peerOf, uid } = platform.process;
  const run: CniDoor["run"] = async (call, signal) => {
    traffic.underWay += 1;
    try {
      return await cni.run(call, signal);
    } finally {
      traffic.underWay -= 1;
      traffic.lastEnd = platform.clock.boottime();
    }
  };
  // What went wrong is told to whoever called; nobody reads what a process for seconds writes.
  const listener = { bug: () => undefined, turnedAway: () => undefined };
  return { ...cni, run, peerOf, uid, listener, declines: elsewhere };
}

/** It was started by one of the callers, and another may be in another container. */
function elsewhere({ env }: PluginCall): string | undefined {
  if (env[CALLERS_HOME] !== inodeOf("/proc/self/ns/net")) return "the caller has another network";
  if (env[CALLERS_MOUNTS] !== inodeOf("/proc/self/ns/mnt")) return "the caller has other mounts";
  return undefined;
}

/** Whether another version was installed over this one. */
function isReplaced(): boolean {
  return readlinkSync("/proc/self/exe").endsWith(" (deleted)");
}
