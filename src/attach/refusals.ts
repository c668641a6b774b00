import type { Problem } from "../base/index.ts";
import { kernelLacks, kernelRefused, notPermitted } from "../domain/index.ts";
import type { NetlinkRefusal } from "../netlink/index.ts";
import type { SysError } from "../platform/index.ts";

/** A refusal of the kernel as a Problem; `action` completes "the kernel refused to". */
export function refusalProblem(refusal: NetlinkRefusal, action: string): Problem {
  const { errno, message = "", attribute, command } = refusal;
  if (errno === "EPERM" || errno === "EACCES") return notPermitted({ action, errno, command });
  return kernelRefused({ action, errno, message, attribute, command });
}

/** As `refusalProblem`, for making a link: EOPNOTSUPP then means that the driver is missing. */
export function creationProblem(refusal: NetlinkRefusal, kind: string, action: string): Problem {
  const { errno, message = "", command } = refusal;
  if (errno !== "EOPNOTSUPP") return refusalProblem(refusal, action);
  return kernelLacks({ feature: kind, errno, message, command });
}

/** A refused system call as a Problem. */
export function callProblem(error: SysError, action: string): Problem {
  const { errno, call } = error;
  const facts = { action: `${action}: ${call}`, errno };
  if (errno === "EPERM" || errno === "EACCES")
    return notPermitted({ ...facts, command: undefined });
  return kernelRefused({ ...facts, message: "", attribute: undefined, command: undefined });
}
