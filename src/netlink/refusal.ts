import { errnoName, type SysError } from "../platform/index.ts";
import type { Malformed } from "./field.ts";
import { type Ack, MESSAGE_HEADER } from "./message.ts";
import type { Encoded } from "./writer.ts";

/** The kernel's no, with everything it said; data only, Problems are made higher up. */
export interface NetlinkRefusal {
  /** "EBUSY"; "EBADMSG" when an answer could not be read. */
  readonly errno: string;
  /** The kernel's own words (NLMSGERR_ATTR_MSG), where it has any. */
  readonly message?: string;
  /** The attribute at fault, as "mtu" or "linkInfo.data.mode". */
  readonly attribute?: string;
  /** What would have asked the same. */
  readonly command: string;
  /** The same request may succeed when it is sent again. */
  readonly retryable: boolean;
}

/** ENOBUFS: an answer was lost. EINTR: a list changed while it was read. EAGAIN: no answer came. */
const retryable: ReadonlySet<string> = new Set(["ENOBUFS", "EINTR", "EAGAIN"]);

/** A request, as far as refusals speak of it. */
export interface Refused {
  readonly command: string;
  readonly payload: Encoded;
}

/** A refusal that has no more to say than its errno. */
export function refusal({ command }: Refused, errno: string): NetlinkRefusal {
  return { errno, command, retryable: retryable.has(errno) };
}

/** The refusal in an acknowledgement with a non-zero errno. */
export function refusalOfAck(request: Refused, { errno, extended }: Ack): NetlinkRefusal {
  const attribute = faultyAttribute(request.payload, extended);
  return {
    ...refusal(request, errnoName(errno)),
    ...(extended.message === undefined ? {} : { message: extended.message }),
    ...(attribute === undefined ? {} : { attribute }),
  };
}

/** The refusal when a system call failed. */
export function refusalOfCall(request: Refused, { errno, call }: SysError): NetlinkRefusal {
  return { ...refusal(request, errno), message: call };
}

/** The refusal when the answer makes no sense. */
export function refusalOfAnswer(
  request: Refused,
  { attribute, reason }: Malformed,
): NetlinkRefusal {
  return {
    ...refusal(request, "EBADMSG"),
    message: reason,
    ...(attribute === "" ? {} : { attribute }),
  };
}

/** The kernel counts from the start of the message header; marks count from the payload. */
function faultyAttribute({ marks, names }: Encoded, ack: Ack["extended"]): string | undefined {
  const { offset, missingType, missingNest } = ack;
  if (offset !== undefined) {
    return marks.find((mark) => mark.offset === offset - MESSAGE_HEADER)?.path;
  }
  if (missingType === undefined) return undefined;
  if (missingNest === undefined) return names?.nameOf(missingType) ?? `${missingType}`;
  const nest = marks.find((mark) => mark.offset === missingNest - MESSAGE_HEADER);
  const name = nest?.names?.nameOf(missingType) ?? `${missingType}`;
  return nest === undefined ? name : `${nest.path}.${name}`;
}
