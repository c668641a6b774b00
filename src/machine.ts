import { join } from "node:path";
import { err, ok, type Problem, type Result } from "./base/index.ts";
import { kernelRefused } from "./domain/index.ts";
import { fileLocks, type LocalEngine, openEngine } from "./engine/index.ts";
import { type NetnsHandle, openPlatform, type Platform, type SysError } from "./platform/index.ts";
import { openSqliteStore } from "./store/index.ts";

/** This machine, and the namespace that the program was started in. */
export interface Machine extends Disposable {
  readonly platform: Platform;
  readonly home: NetnsHandle;
}

/** Opens this machine. Errors: LF-KERNEL-REFUSED. */
export function openMachine(): Result<Machine, Problem> {
  const opened = openPlatform();
  if (!opened.ok) return err(platformProblem("look at this machine", opened.error));
  const platform = opened.value;
  const home = platform.namespaces.home();
  if (!home.ok) return err(platformProblem("open the host's network namespace", home.error));
  return ok({ platform, home: home.value, [Symbol.dispose]: home.value.close });
}

/** An engine on the state of this machine. */
export interface OpenEngine extends Disposable {
  readonly engine: LocalEngine;
}

/** Where a book is, and what for it is opened. */
export interface LocalEngineOptions {
  readonly stateDirectory: string;
  /**
   * "one call": for a process that ends without closing it; "many calls": for one that serves
   * others; absent: for one command.
   */
  readonly life?: keyof typeof logPages;
}

/**
 * Pages of the log that are put into the book together. Whoever closes the book last does that with
 * all of them and waits for the disk twice, and the next one twice more to begin a log. A process
 * that ends without closing leaves them to the next one, which reads the whole log when it opens.
 */
const LOG_OF_ONE_CALL_PAGES = 100;
/**
 * 16 MB. Whoever fills the log puts it into the book, and waits for the disk: an attach that the
 * others behind it wait for as well. Most of its pages are the same ones again and again.
 */
const LOG_OF_MANY_CALLS_PAGES = 4000;

const logPages = {
  "one call": LOG_OF_ONE_CALL_PAGES,
  "many calls": LOG_OF_MANY_CALLS_PAGES,
} as const;

/** Opens the book of this machine in a directory. Errors: those of `openSqliteStore`. */
export function openLocalEngine(
  { platform, home }: Machine,
  { stateDirectory, life }: LocalEngineOptions,
): Result<OpenEngine, Problem> {
  const store = openSqliteStore({
    stateDirectory,
    randomBytes: platform.random.bytes,
    wall: platform.clock.wall,
    ...(life === undefined ? {} : { logPages: logPages[life] }),
  });
  if (!store.ok) return store;
  // Beside the store, so that whoever has the one has the other.
  const locks = fileLocks(platform.files, join(stateDirectory, "operations.lock"));
  const engine = openEngine({
    platform,
    hostNamespace: home,
    store: store.value,
    locks,
  });
  const close = (): void => {
    locks[Symbol.dispose]();
    store.value.close();
  };
  return ok({ engine, [Symbol.dispose]: close });
}

function platformProblem(action: string, { errno, call }: SysError): Problem {
  return kernelRefused({ action, errno, message: call, attribute: undefined, command: undefined });
}
