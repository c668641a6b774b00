import { assert, err, mapError, ok, type Result } from "../base/index.ts";
import type { NetnsHandle, Platform, Socket } from "../platform/index.ts";
import {
  ControlType,
  encodeMessages,
  MessageFlag,
  type RawMessage,
  readAck,
  readDone,
  splitMessages,
} from "./message.ts";
import {
  type NetlinkRefusal,
  type Refused,
  refusal,
  refusalOfAck,
  refusalOfAnswer,
  refusalOfCall,
} from "./refusal.ts";
import type { DumpRequest, Request } from "./request.ts";
import { align } from "./writer.ts";

/**
 * Requests in one send: their answers (up to 4 KiB of socket memory each) must fit the receive
 * buffer.
 */
const MAX_BATCH = 32;
/**
 * Bytes in one send: stays below the kernel's default send buffer (net.core.wmem_default, 208
 * KiB).
 */
const MAX_SEND_BYTES = 64 * 1024;
/** Datagrams read for one send or one dump; a dump of 100 000 routes has about 2000. */
const MAX_DATAGRAMS = 65_536;
/** Times that a dump is begun again because the list changed meanwhile. */
const MAX_DUMP_ATTEMPTS = 8;

/**
 * A conversation with the kernel about one namespace; close it soon: it keeps the namespace
 * alive.
 */
export interface Rtnetlink extends Disposable {
  /**
   * Sends all requests at once, in order, and reads each one's answer: a refused one does not stop
   * those after it, and nothing is undone. One result for each request.
   */
  execute<Answer>(requests: readonly Request<Answer>[]): readonly Result<Answer, NetlinkRefusal>[];
  /** Sends one request. */
  request<Answer>(request: Request<Answer>): Result<Answer, NetlinkRefusal>;
  /**
   * Reads a list. A list that changes while it is read is read again, a bounded number of times;
   * then the refusal is EINTR, which is retryable.
   */
  dump<Item>(request: DumpRequest<Item>): Result<readonly Item[], NetlinkRefusal>;
  close(): void;
}

/**
 * Opens a conversation with the kernel about `netns`. The refusal has the errno of opening the
 * socket.
 */
export function openRtnetlink(
  platform: Platform,
  netns: NetnsHandle,
): Result<Rtnetlink, NetlinkRefusal> {
  const socket = platform.sockets.open(netns, { kind: "rtnetlink" });
  if (!socket.ok) return mapError(socket, (error) => refusalOfCall(opening, error));
  return ok(new Conversation(socket.value));
}

const opening: Refused = {
  command: "ip link show",
  payload: { bytes: new Uint8Array(), marks: [] },
};

/** What came for one request: the messages before its end, and how it ended. */
interface Answered {
  readonly messages: RawMessage[];
  end: Result<void, NetlinkRefusal> | undefined;
}

class Conversation implements Rtnetlink {
  readonly #socket: Socket;
  #sequence = 0;
  /**
   * The kernel's name for our socket: learned from the first answer, then expected in every one.
   */
  #portId: number | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  execute<Answer>(requests: readonly Request<Answer>[]): readonly Result<Answer, NetlinkRefusal>[] {
    return batches(requests).flatMap((batch) => this.#exchange(batch));
  }

  request<Answer>(request: Request<Answer>): Result<Answer, NetlinkRefusal> {
    const [result] = this.#exchange([request]);
    return result ?? err(refusal(request, "EAGAIN"));
  }

  dump<Item>(request: DumpRequest<Item>): Result<readonly Item[], NetlinkRefusal> {
    for (let attempt = 1; attempt <= MAX_DUMP_ATTEMPTS; attempt++) {
      const messages = this.#dumpOnce(request);
      if (!messages.ok) return messages;
      if (messages.value !== "interrupted") return readItems(request, messages.value);
    }
    return err(refusal(request, "EINTR"));
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #exchange<Answer>(batch: readonly Request<Answer>[]): Result<Answer, NetlinkRefusal>[] {
    const pending = new Map<number, { request: Request<Answer>; answered: Answered }>();
    const outgoing = batch.map((request) => {
      const sequence = this.#nextSequence();
      pending.set(sequence, { request, answered: { messages: [], end: undefined } });
      return outgoingMessage(request, sequence, MessageFlag.ack);
    });
    const sent = this.#socket.send(encodeMessages(outgoing));
    if (!sent.ok) return batch.map((request) => err(refusalOfCall(request, sent.error)));
    const errno = this.#collect(pending);
    return [...pending.values()].map(({ request, answered: { messages, end } }) => {
      if (end === undefined) return err(refusal(request, errno));
      if (!end.ok) return end;
      return mapError(request.read(messages), (wrong) => refusalOfAnswer(request, wrong));
    });
  }

  /** Reads until every pending request has its end; otherwise returns why the others have none. */
  #collect(
    pending: ReadonlyMap<number, { readonly request: Refused; readonly answered: Answered }>,
  ): string {
    let missing = pending.size;
    let errno = "EAGAIN";
    for (let read = 0; missing > 0 && read < MAX_DATAGRAMS; read++) {
      const messages = this.#receive();
      if (!messages.ok) {
        // The kernel had queued every answer before send() returned: nothing left means lost.
        // After ENOBUFS, those that were not lost are still there.
        if (messages.error !== "ENOBUFS") return errno === "EAGAIN" ? messages.error : errno;
        errno = "ENOBUFS";
        continue;
      }
      for (const message of messages.value) {
        const waiting = pending.get(message.sequence);
        if (waiting === undefined || waiting.answered.end !== undefined) continue;
        waiting.answered.end = takeAnswer(waiting.request, waiting.answered.messages, message);
        if (waiting.answered.end !== undefined) missing--;
      }
    }
    return errno;
  }

  #dumpOnce<Item>(
    request: DumpRequest<Item>,
  ): Result<readonly RawMessage[] | "interrupted", NetlinkRefusal> {
    const sequence = this.#nextSequence();
    const sent = this.#socket.send(encodeMessages([outgoingMessage(request, sequence, 0)]));
    if (!sent.ok) return err(refusalOfCall(request, sent.error));
    const found: RawMessage[] = [];
    let interrupted = false;
    for (let read = 0; read < MAX_DATAGRAMS; read++) {
      const messages = this.#receive();
      if (!messages.ok) return err(refusal(request, messages.error));
      for (const message of messages.value) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & MessageFlag.dumpInterrupted) !== 0) interrupted = true;
        const end = takePart(request, found, message);
        if (end === undefined) continue;
        if (!end.ok) return end;
        return ok(interrupted ? "interrupted" : found);
      }
    }
    return err(refusal(request, "EMSGSIZE"));
  }

  /** The messages of one datagram that are meant for us, or the errno of why there are none. */
  #receive(): Result<readonly RawMessage[], string> {
    const datagram = this.#socket.receive();
    if (!datagram.ok) return err(datagram.error.errno);
    const messages = splitMessages(datagram.value);
    if (!messages.ok) return err("EBADMSG");
    this.#portId ??= messages.value[0]?.portId;
    return ok(messages.value.filter((message) => message.portId === this.#portId));
  }

  #nextSequence(): number {
    // Not 0: the kernel uses it for notifications.
    this.#sequence = (this.#sequence % (2 ** 32 - 1)) + 1;
    return this.#sequence;
  }
}

/** A request as it goes out, with the flags that the transport adds. */
export function outgoingMessage(
  request: Request<unknown> | DumpRequest<unknown>,
  sequence: number,
  flags: number,
): RawMessage {
  return {
    type: request.type,
    flags: MessageFlag.request | request.flags | flags,
    sequence,
    portId: 0,
    payload: request.payload.bytes,
  };
}

/** Requests in groups that fit into one send, in order. */
function batches<Answer>(requests: readonly Request<Answer>[]): Request<Answer>[][] {
  const groups: Request<Answer>[][] = [];
  let bytes = 0;
  for (const request of requests) {
    const size = align(request.payload.bytes.length) + 16;
    assert(size <= MAX_SEND_BYTES, "one request is larger than a send");
    const last = groups.at(-1);
    if (last === undefined || last.length === MAX_BATCH || bytes + size > MAX_SEND_BYTES) {
      groups.push([request]);
      bytes = size;
    } else {
      last.push(request);
      bytes += size;
    }
  }
  return groups;
}

/** Keeps a message that answers a request; returns how the request ended when this says so. */
export function takeAnswer(
  request: Refused,
  found: RawMessage[],
  message: RawMessage,
): Result<void, NetlinkRefusal> | undefined {
  if (message.type === ControlType.error) {
    const ack = mapError(readAck(message), (wrong) => refusalOfAnswer(request, wrong));
    if (!ack.ok) return ack;
    return ack.value.errno === 0 ? ok() : err(refusalOfAck(request, ack.value));
  }
  if (message.type === ControlType.overrun) return err(refusal(request, "ENOBUFS"));
  if (message.type !== ControlType.noop) found.push(message);
  return undefined;
}

/** As `takeAnswer`, for a list: NLMSG_DONE ends it, with an errno of its own. */
function takePart(
  request: Refused,
  found: RawMessage[],
  message: RawMessage,
): Result<void, NetlinkRefusal> | undefined {
  if (message.type !== ControlType.done) return takeAnswer(request, found, message);
  const done = mapError(readDone(message), (wrong) => refusalOfAnswer(request, wrong));
  if (!done.ok) return done;
  return done.value.errno === 0 ? ok() : err(refusalOfAck(request, done.value));
}

function readItems<Item>(
  request: DumpRequest<Item>,
  messages: readonly RawMessage[],
): Result<readonly Item[], NetlinkRefusal> {
  const items: Item[] = [];
  for (const message of messages) {
    const item = request.read(message);
    if (!item.ok) return err(refusalOfAnswer(request, item.error));
    if (item.value !== undefined) items.push(item.value);
  }
  return ok(items);
}
