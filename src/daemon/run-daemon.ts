import { join } from "node:path";
import { apiSocket, type DaemonInfo, loadRoutes, realPath } from "../api/index.ts";
import { err, type Millis, ok, type Problem, type Result } from "../base/index.ts";
import type { Collector } from "../docker/index.ts";
import { lockRefused } from "../domain/index.ts";
import {
  type CniDoor,
  drain,
  type Listener,
  listen,
  openCniDoor,
  prepareDirectory,
} from "../door/index.ts";
import { type Engine, type HostEvent, watchHost } from "../engine/index.ts";
import { cniSocket } from "../forward/index.ts";
import type { FileLock, NetnsHandle, Platform, SysResult } from "../platform/index.ts";
import { apiServer } from "./api-server.ts";
import { takeCare } from "./caretaker.ts";
import { collectForDocker } from "./docker-caretaker.ts";
import { type DockerDoor, openDockerDoor } from "./docker-door.ts";
import { type Logger, type LogSink, openLog } from "./log.ts";
import { daemonRunning } from "./problems.ts";

export type { LogFormat } from "./log.ts";

/** What a daemon does for Docker. */
export interface DockerService {
  readonly door: DockerDoor;
  /** Withdraws what Docker lost; asked at the interval. */
  readonly collector: Collector;
}

/** Everything that a daemon is made of. */
export interface DaemonOptions {
  readonly platform: Platform;
  /** The namespace whose links it manages. */
  readonly hostNamespace: NetnsHandle;
  readonly engine: Engine;
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly version: string;
  /** How often book and kernel are compared when nothing happens. */
  readonly interval: Millis;
  readonly log: LogSink;
  /** Absent: this daemon does not serve Docker. */
  readonly docker?: DockerService;
  /** Does the calls of CNI plugins; absent: this daemon does not take them. */
  readonly cni?: Pick<CniDoor, "run" | "folderOf">;
  /** Tells the service manager; absent where there is none that wants to know. */
  readonly notify?: (state: "READY=1" | "STOPPING=1") => SysResult<void>;
  /** Fires when the daemon is to end. */
  readonly signal: AbortSignal;
}

/**
 * Serves until `signal` fires; then takes no more requests, waits for those that are under way, and
 * ends. Endpoints stay as they are.
 * Errors: LF-DAEMON-RUNNING, LF-DAEMON-LISTEN, LF-LOCK-REFUSED.
 */
export async function runDaemon(options: DaemonOptions): Promise<Result<void, Problem>> {
  const { platform, stateDirectory, runDirectory, signal } = options;
  const prepared = prepareDirectory(runDirectory);
  if (!prepared.ok) return prepared;
  const state = lock(platform, stateDirectory, "daemon.lock");
  if (!state.ok) return state;
  using _state = state.value;
  const run = lock(platform, runDirectory, "socket.lock");
  if (!run.ok) return run;
  using _run = run.value;
  await using log = await openLog(options.log);
  const ending = new AbortController();
  const listener = await openDoors(options, log.logger, ending.signal);
  if (!listener.ok) return listener;
  const { pid } = process;
  log.logger.info("Ready at {socket}", { socket: apiSocket(runDirectory), pid });
  notify(options, log.logger, "READY=1");
  const care = { ...options, clock: platform.clock, logger: log.logger };
  const { docker } = options;
  await Promise.all([
    takeCare({ ...care, events: eventsOf(options) }),
    ...(docker === undefined ? [] : [collectForDocker({ ...care, collector: docker.collector })]),
  ]);
  log.logger.info("Ending; endpoints stay as they are", { reason: String(signal.reason) });
  notify(options, log.logger, "STOPPING=1");
  await drain(platform.clock, listener.value, ending);
  return ok();
}

/** All that are to be served; what was opened is closed when one is refused. */
async function openDoors(
  options: DaemonOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<Result<Listener, Problem>> {
  const doors: Listener[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(doors.map((door) => door.stop()));
  };
  // Docker's last: it waits for nobody once its socket is there.
  for (const open of [openApi, openCni, openDocker]) {
    const opened = await open(options, logger, signal);
    if (!opened.ok) {
      await stop();
      return opened;
    }
    if (opened.value !== undefined) doors.push(opened.value);
  }
  return ok({ stop });
}

/** A door, or undefined where it is not served. */
type Opened = Result<Listener | undefined, Problem>;

async function openDocker(
  { docker, runDirectory }: DaemonOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<Opened> {
  if (docker === undefined) return ok(undefined);
  const opened = await openDockerDoor(docker.door, runDirectory, signal);
  const { socket, demand } = docker.door;
  if (opened.ok) {
    logger.info("Docker's plugin socket is {socket}", { socket });
  } else if (demand === "wanted") {
    const { code, detail } = opened.error;
    logger.warn("Docker is not served: {detail}", { socket, code, detail });
    return ok(undefined);
  }
  return opened;
}

async function openCni(
  { cni, platform, runDirectory }: DaemonOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<Opened> {
  if (cni === undefined) return ok(undefined);
  const { peerOf, uid } = platform.process;
  const log = logger.getChild("cni");
  const door: CniDoor = {
    ...{ ...cni, peerOf, uid },
    listener: {
      bug: ({ stack, message }, call) =>
        log.error("A bug in {call}: {stack}", { call, stack: stack ?? message }),
      turnedAway: (reason) => log.warn("Somebody was turned away: {reason}", { reason }),
    },
  };
  return openCniDoor(door, cniSocket(runDirectory), signal);
}

function notify(options: DaemonOptions, logger: Logger, state: "READY=1" | "STOPPING=1"): void {
  const told = options.notify?.(state) ?? ok();
  if (told.ok) return;
  const { errno } = told.error;
  logger.warn("The service manager could not be told {state}: {errno}", { state, errno });
}

async function openApi(
  { engine, platform, hostNamespace, stateDirectory, runDirectory, version }: DaemonOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<Opened> {
  const info: DaemonInfo = {
    version,
    pid: process.pid,
    stateDirectory: realPath(stateDirectory),
    namespace: String(hostNamespace.cookie),
  };
  const server = apiServer({
    engine,
    openNamespace: platform.namespaces.open,
    info,
    api: await loadRoutes(),
    signal,
    onBug: (bug, where) => logger.error("A bug in {where}: {stack}", { where, stack: bug.stack }),
  });
  return listen(apiSocket(runDirectory), server.fetch);
}

function eventsOf({ platform, hostNamespace, signal }: DaemonOptions): AsyncIterable<HostEvent> {
  return watchHost({ platform, hostNamespace }, signal);
}

/**
 * One daemon for a directory; the lock goes with the process, however it ends. State and sockets
 * may be in one directory, so their locks have different names.
 */
function lock({ files }: Platform, directory: string, name: string): Result<FileLock, Problem> {
  const path = join(directory, name);
  const taken = files.tryLock(path);
  if (taken.ok) return taken;
  if (taken.error.errno === "EAGAIN") return err(daemonRunning({ path }));
  return err(lockRefused({ path, errno: taken.error.errno }));
}
