import { spawnSync } from "node:child_process";
import { err, millis, ok, type Problem, type Result } from "../base/index.ts";
import type { Platform } from "../platform/index.ts";
import { userNamespacesForbidden } from "./lab-problems.ts";

/** util-linux; a threaded program cannot unshare its own user namespace (unshare(2), EINVAL). */
const UNSHARE = "/usr/bin/unshare";
const INTO_OWN = ["--user", "--map-root-user", "--net", "--mount"] as const;
/** Set for the program that was started again, so that it never does so twice. */
const MARKER = "LANDFALL_IN_USER_NAMESPACE";

/**
 * Makes sure that namespaces can be made. Root can; anybody else is started again in a user
 * namespace of their own, in which they can too, and which holds nothing of the machine's network.
 * Once `signal` has fired, that is left undone.
 */
export async function enterUserNamespace(
  platform: Platform,
  signal: AbortSignal,
): Promise<Result<void, Problem>> {
  const allowed = platform.namespaces.create();
  if (allowed.ok) {
    allowed.value.close();
    return ok();
  }
  const { errno, call } = allowed.error;
  if (process.env[MARKER] !== undefined) return forbidden(`${call}: ${errno}`);
  // Tried in a child first: after execve the words of a failure would be those of unshare.
  const tried = spawnSync(UNSHARE, [...INTO_OWN, "true"], { encoding: "utf8" });
  if (tried.error !== undefined) return forbidden(`${UNSHARE}: ${tried.error.message}`);
  if (tried.status !== 0) return forbidden(tried.stderr.trim());
  // A Unix signal that came meanwhile waits for the event loop, and would be lost by execve.
  await platform.clock.sleep(millis(1), signal);
  if (signal.aborted) return ok();
  const refused = platform.process.reexecute([UNSHARE, ...INTO_OWN, "--"], MARKER);
  return forbidden(`${refused.call}: ${refused.errno}`);
}

function forbidden(reason: string): Result<never, Problem> {
  return err(userNamespacesForbidden({ reason }));
}
