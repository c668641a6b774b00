import { err, ok, type Problem, type Result } from "../base/index.ts";
import { kernelRefused, notPermitted, sandboxMissing, sandboxNotNetns } from "../domain/index.ts";
import type { NetnsHandle, SysError, SysResult } from "../platform/index.ts";
import type { SandboxHandle } from "./engine.ts";

/** A sandbox that somebody named, held open until it is disposed of. */
export interface OpenSandbox extends SandboxHandle, Disposable {}

/**
 * Opens what a path leads to. Errors: LF-SANDBOX-MISSING, LF-SANDBOX-NOT-NETNS, LF-NOT-PERMITTED,
 * LF-KERNEL-REFUSED.
 */
export function openSandbox(
  openNamespace: (path: string) => SysResult<NetnsHandle>,
  path: string,
): Result<OpenSandbox, Problem> {
  const opened = openNamespace(path);
  if (!opened.ok) return err(sandboxProblem(path, opened.error));
  const netns = opened.value;
  return ok({ netns, path, [Symbol.dispose]: () => netns.close() });
}

function sandboxProblem(path: string, { errno, call }: SysError): Problem {
  const action = `open ${path}`;
  switch (errno) {
    // A process that is gone leaves ESRCH where its directory is still held open.
    case "ENOENT":
    case "ENOTDIR":
    case "ESRCH":
      return sandboxMissing({ path });
    // ENXIO: a socket; what a descriptor's number stands for may have become one.
    case "EINVAL":
    case "ENXIO":
      return sandboxNotNetns({ path });
    case "EPERM":
    case "EACCES":
      return notPermitted({ action, errno, command: `nsenter --net=${path} ip link show` });
    default:
      return kernelRefused({
        action,
        errno,
        message: call,
        attribute: undefined,
        command: undefined,
      });
  }
}
