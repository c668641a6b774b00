import { err, type Problem, type Result } from "../../base/index.ts";
import {
  kernelRefused,
  notPermitted,
  sandboxMissing,
  sandboxNotNetns,
} from "../../domain/index.ts";
import type { SandboxHandle } from "../../engine/index.ts";
import type { SysError } from "../../platform/index.ts";
import type { SandboxPath } from "../command.ts";
import type { Host } from "../ports.ts";

/**
 * Opens the sandbox for the time that `use` takes. Errors: LF-SANDBOX-MISSING,
 * LF-SANDBOX-NOT-NETNS, LF-NOT-PERMITTED, LF-KERNEL-REFUSED, and those of `use`.
 */
export async function withSandbox<T>(
  host: Host,
  path: SandboxPath,
  use: (sandbox: SandboxHandle) => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const opened = host.openNamespace(path);
  if (!opened.ok) return err(sandboxProblem(path, opened.error));
  using netns = opened.value;
  return await use({ netns, path });
}

function sandboxProblem(path: SandboxPath, { errno, call }: SysError): Problem {
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
