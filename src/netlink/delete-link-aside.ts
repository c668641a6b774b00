import { err, ok, type Result } from "../base/index.ts";
import type { NetnsHandle, Platform, Socket } from "../platform/index.ts";
import type { LinkRef } from "./command.ts";
import { deleteLink, readLink } from "./link.ts";
import { encodeMessages, MessageFlag, type RawMessage, splitMessages } from "./message.ts";
import { type NetlinkRefusal, refusal, refusalOfCall } from "./refusal.ts";
import { MessageType, type Request } from "./request.ts";
import { outgoingMessage, takeAnswer } from "./rtnetlink.ts";
import { Turns } from "./turns.ts";

/**
 * Deletions that may want the RTNL at once. It is one mutex for the whole machine: each request of
 * this thread queues behind them, and more of them delete no faster.
 */
const turns = new Turns(4);

/**
 * Removes a link as `deleteLink` does, without making this thread wait for the grace period. Done
 * as soon as the kernel tells that the link is gone; kernels before 6.2 tell when they have waited.
 * The link's addresses, routes and filter entries are gone by then.
 */
export async function deleteLinkAside(
  platform: Platform,
  netns: NetnsHandle,
  link: LinkRef,
): Promise<Result<void, NetlinkRefusal>> {
  using _turn = await turns.take();
  const request = deleteLink(link);
  // A socket of its own: the answers come while others may be waiting for theirs.
  const socket = platform.sockets.open(netns, { kind: "rtnetlink" });
  if (!socket.ok) return err(refusalOfCall(request, socket.error));
  return await new Deletion(socket.value, request, link).run();
}

const SEQUENCE = 1;

/** One RTM_DELLINK under way. */
class Deletion {
  readonly #socket: Socket;
  readonly #request: Request;
  readonly #link: LinkRef;
  readonly #ended = Promise.withResolvers<Result<void, NetlinkRefusal>>();
  /** "closed" when nothing more can be received: datagrams were lost. */
  #state: "listening" | "closed" | "ended" = "listening";

  constructor(socket: Socket, request: Request, link: LinkRef) {
    this.#socket = socket;
    this.#request = request;
    this.#link = link;
  }

  async run(): Promise<Result<void, NetlinkRefusal>> {
    // With NLM_F_ECHO the kernel tells us what it tells all: the link is gone. That is under the
    // RTNL (rtnl_delete_link); its acknowledgement comes after the grace period.
    const flags = MessageFlag.ack | MessageFlag.echo;
    const bytes = encodeMessages([outgoingMessage(this.#request, SEQUENCE, flags)]);
    using _watcher = this.#socket.watch({
      onData: (datagram) => this.#take(datagram),
      onClose: () => {
        if (this.#state === "listening") this.#state = "closed";
      },
    });
    this.#socket.sendAside(bytes).then((sent) => {
      if (sent.ok) this.#takeRest();
      else this.#end(err(refusalOfCall(this.#request, sent.error)));
    });
    return await this.#ended.promise;
  }

  #end(end: Result<void, NetlinkRefusal>): void {
    this.#state = "ended";
    this.#ended.resolve(end);
  }

  #refuse(errno: string): void {
    this.#end(err(refusal(this.#request, errno)));
  }

  #take(datagram: Uint8Array): void {
    const messages = splitMessages(datagram);
    if (!messages.ok) this.#refuse("EBADMSG");
    else this.#takeMessages(messages.value);
  }

  #takeMessages(messages: readonly RawMessage[]): void {
    for (const message of messages) {
      if (message.sequence !== SEQUENCE || this.#state === "ended") continue;
      const end = this.#isGone(message) ? ok() : takeAnswer(this.#request, [], message);
      if (end !== undefined) this.#end(end);
    }
  }

  #isGone(message: RawMessage): boolean {
    if (message.type !== MessageType.deleteLink) return false;
    const link = readLink(message);
    return link.ok && link.value?.ifindex === this.#link.ifindex;
  }

  /** The kernel queued its answer before the send returned: what is not there is lost. */
  #takeRest(): void {
    while (this.#state === "listening") {
      const datagram = this.#socket.receive();
      if (datagram.ok) this.#take(datagram.value);
      else this.#refuse(datagram.error.errno);
    }
    if (this.#state === "closed") this.#refuse("ENOBUFS");
  }
}
