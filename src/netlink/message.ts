import { mapResult, ok } from "../base/index.ts";
import { attribute, readAttributes, table, type ValuesOf } from "./attribute.ts";
import { type Decoded, malformed, s32, string, u16, u32 } from "./field.ts";
import { struct } from "./struct.ts";
import { ALIGNMENT, align, Writer } from "./writer.ts";

/** NLM_F_*. */
export const MessageFlag = {
  request: 0x1,
  ack: 0x4,
  echo: 0x8,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** The error does not repeat the request after its header. */
  capped: 0x100,
  /** Extended acknowledgement attributes follow. */
  ackAttributes: 0x200,
} as const;

/** NLMSG_*: numbers below 16 belong to netlink itself. */
export const ControlType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

const messageHeader = struct({ length: u32, type: u16, flags: u16, sequence: u32, portId: u32 });

/** Size of struct nlmsghdr: what lies before the payload. */
export const MESSAGE_HEADER = messageHeader.width;

/** One netlink message, not looked into. */
export interface RawMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  readonly payload: Uint8Array;
}

/** Appends one message, with its header and padding. */
export function writeMessage(writer: Writer, message: RawMessage): void {
  const { type, flags, sequence, portId, payload } = message;
  const length = MESSAGE_HEADER + payload.length;
  messageHeader.write(writer, { length, type, flags, sequence, portId });
  writer.raw(payload);
  writer.raw(new Uint8Array(align(length) - length));
}

/** The bytes of messages that go out, or came, in one datagram. */
export function encodeMessages(messages: readonly RawMessage[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) writeMessage(writer, message);
  return writer.finish().bytes;
}

/** Cuts a datagram into messages, whose payloads are views of it. */
export function splitMessages(datagram: Uint8Array): Decoded<readonly RawMessage[]> {
  const messages: RawMessage[] = [];
  let at = 0;
  while (at < datagram.length) {
    const body = Math.min(at + MESSAGE_HEADER, datagram.length);
    const header = messageHeader.read(datagram, at, body);
    if (!header.ok) return malformed("a message header is cut short");
    const { length, ...rest } = header.value;
    if (length < MESSAGE_HEADER || at + length > datagram.length) {
      return malformed(`a message claims ${length} bytes`);
    }
    messages.push({ ...rest, payload: datagram.subarray(body, at + length) });
    at += align(length);
  }
  return ok(messages);
}

const extendedAck = table({
  message: attribute(1, string),
  /** Of the attribute at fault, from the start of the request's header. */
  offset: attribute(2, u32),
  missingType: attribute(5, u32),
  missingNest: attribute(6, u32),
});

/** What the kernel adds to a refusal: NLMSGERR_ATTR_* (include/uapi/linux/netlink.h). */
export type ExtendedAck = ValuesOf<typeof extendedAck>;

/** The end of one request: 0 or a positive errno, and the kernel's comment. */
export interface Ack {
  readonly errno: number;
  readonly extended: ExtendedAck;
}

/** Reads NLMSG_ERROR: struct nlmsgerr, possibly the whole request, possibly attributes. */
export function readAck({ flags, payload }: RawMessage): Decoded<Ack> {
  const error = s32.read(payload.subarray(0, 4));
  const request = messageHeader.read(payload.subarray(4, 4 + MESSAGE_HEADER));
  if (!error.ok || !request.ok) return malformed("an acknowledgement is cut short");
  // A refusal repeats the request unless it is capped; an agreement never does.
  const repeated = error.value !== 0 && (flags & MessageFlag.capped) === 0;
  const skipped = repeated ? request.value.length : MESSAGE_HEADER;
  return withExtended(Math.abs(error.value), flags, payload.subarray(4 + align(skipped)));
}

/** Reads NLMSG_DONE: an error that ended the dump, 0 for none. */
export function readDone({ flags, payload }: RawMessage): Decoded<Ack> {
  // Older kernels send nothing at all.
  if (payload.length < ALIGNMENT) return ok({ errno: 0, extended: {} });
  const error = s32.read(payload.subarray(0, ALIGNMENT));
  if (!error.ok) return error;
  return withExtended(Math.max(0, -error.value), flags, payload.subarray(ALIGNMENT));
}

function withExtended(errno: number, flags: number, rest: Uint8Array): Decoded<Ack> {
  if ((flags & MessageFlag.ackAttributes) === 0) return ok({ errno, extended: {} });
  return mapResult(readAttributes(extendedAck, rest), (extended) => ({ errno, extended }));
}
