import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { listenRefused } from "./problems.ts";

/** Whoever may write to the socket may do what root may: attach any namespace. */
const SOCKET_UMASK = 0o177;
const DIRECTORY_MODE = 0o755;
/** sun_path of sockaddr_un (unix(7)), without the closing zero byte. */
const PATH_BYTES_MAX = 107;
const BODY_BYTES_MAX = 1024 * 1024;

/** An open socket of the daemon. */
export interface Listener {
  /** Takes no more connections, removes the socket, and waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Serves HTTP on a socket that only its owner may use. The caller holds the run directory's lock,
 * or knows that nobody listens, so a socket that is there is left from a daemon that died.
 * Errors: LF-DAEMON-LISTEN.
 */
export function listen(
  path: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Result<Listener, Problem> {
  const options = {
    unix: path,
    // Alone: Bun would hand over its server as well.
    fetch: (request: Request) => fetch(request),
    // Ten seconds by default, which would cut off whoever waits for a slow operation.
    idleTimeout: 0,
    // Otherwise what a bug throws is answered with a page for developers.
    development: false,
    maxRequestBodySize: BODY_BYTES_MAX,
  };
  // The types know no idle timeout of a unix socket; the server does (api.kernel.test.ts).
  const server = listenAt(path, () =>
    Bun.serve(options as unknown as Parameters<typeof Bun.serve>[0]),
  );
  return mapResult(server, (opened) => ({ stop: () => opened.stop() }));
}

/**
 * What `open` opens at this path, as a socket that only its owner may use. A socket that is there
 * is removed: it is nobody's, or the caller's. Errors: LF-DAEMON-LISTEN.
 */
export function listenAt<Server>(path: string, open: () => Server): Result<Server, Problem> {
  const length = new TextEncoder().encode(path).length;
  if (length > PATH_BYTES_MAX) {
    const reason = `its ${length} bytes are more than the ${PATH_BYTES_MAX} that a socket may have`;
    return err(listenRefused({ path, reason }));
  }
  const umask = process.umask(SOCKET_UMASK);
  try {
    rmSync(path, { force: true });
    return ok(open());
  } catch (error) {
    return err(listenRefused({ path, reason: wordsOf(error) }));
  } finally {
    process.umask(umask);
  }
}

/** Whether somebody takes connections at this socket: a file alone says nothing. */
export async function isTaken(path: string): Promise<"taken" | "free"> {
  try {
    const connection = await Bun.connect({ unix: path, socket: { data: () => undefined } });
    connection.end();
    return "taken";
  } catch {
    return "free";
  }
}

/** Makes a directory of sockets and locks. Errors: LF-DAEMON-LISTEN. */
export function prepareDirectory(path: string): Result<void, Problem> {
  try {
    if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, DIRECTORY_MODE);
    return ok();
  } catch (error) {
    return err(listenRefused({ path: dirname(path), reason: wordsOf(error) }));
  }
}

/** What was thrown, in its own words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
