import { collect, err, mapResult, ok, type Result } from "../base/index.ts";
import type { NetnsHandle, Platform, Socket, SocketWatcher } from "../platform/index.ts";
import { type Address, readAddress } from "./address.ts";
import type { Decoded } from "./field.ts";
import { type Link, readLink, readLinkName } from "./link.ts";
import { type RawMessage, splitMessages } from "./message.ts";
import { type Neighbour, readNeighbour } from "./neighbour.ts";
import { type NetlinkRefusal, refusalOfCall } from "./refusal.ts";
import { MessageType } from "./request.ts";
import { type Route, readRoute } from "./route.ts";

/** Events that wait for a slow reader; beyond that it is cheaper to read everything again. */
const MAX_WAITING_EVENTS = 4096;

/** `set` is new or changed: the kernel does not tell which. */
type Change = "set" | "deleted";

/** What the kernel tells without being asked. */
export type KernelEvent =
  | { readonly kind: "link"; readonly change: Change; readonly link: Link }
  | { readonly kind: "address"; readonly change: Change; readonly address: Address }
  | { readonly kind: "route"; readonly change: Change; readonly route: Route }
  | { readonly kind: "neighbour"; readonly change: Change; readonly neighbour: Neighbour };

const monitoring = { command: "ip monitor", payload: { bytes: new Uint8Array(), marks: [] } };

/** Reads a notification; undefined for what we do not watch. */
export function readEvent(message: RawMessage): Decoded<KernelEvent | undefined> {
  switch (message.type) {
    case MessageType.newLink:
    case MessageType.deleteLink:
      return told(message, readLink, (link, change) => ({ kind: "link", change, link }));
    case MessageType.newAddress:
    case MessageType.deleteAddress:
      return told(message, readAddress, (address, change) => ({
        kind: "address",
        change,
        address,
      }));
    case MessageType.newRoute:
    case MessageType.deleteRoute:
      return told(message, readRoute, (route, change) => ({ kind: "route", change, route }));
    case MessageType.newNeighbour:
    case MessageType.deleteNeighbour:
      return told(message, readNeighbour, (neighbour, change) => ({
        kind: "neighbour",
        change,
        neighbour,
      }));
    default:
      return ok(undefined);
  }
}

function told<T>(
  message: RawMessage,
  read: (message: RawMessage) => Decoded<T | undefined>,
  event: (value: T, change: Change) => KernelEvent,
): Decoded<KernelEvent | undefined> {
  // RTM_DEL* is RTM_NEW* + 1 for every object (RTM_BASE and steps of four).
  const change = message.type % 4 === 1 ? "deleted" : "set";
  return mapResult(read(message), (value) =>
    value === undefined ? undefined : event(value, change),
  );
}

function isAboutLink({ type }: RawMessage): boolean {
  return type === MessageType.newLink || type === MessageType.deleteLink;
}

export interface FeedOptions {
  /** RTNLGRP_* numbers. */
  readonly groups: readonly number[];
  /** Changes of links of these names are passed over, unread. */
  readonly ignoreLink?: (name: string) => boolean;
}

/** The notifications of some multicast groups, in order, until one is lost. */
export class EventFeed implements Disposable {
  readonly #watcher: SocketWatcher;
  readonly #ignoreLink: ((name: string) => boolean) | undefined;
  readonly #waiting: KernelEvent[] = [];
  #lost = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, { ignoreLink }: FeedOptions) {
    this.#ignoreLink = ignoreLink;
    this.#watcher = socket.watch({
      onData: (datagram) => this.#take(datagram),
      onClose: () => this.#lose(),
    });
  }

  /** Starts to listen. */
  static open(
    platform: Platform,
    netns: NetnsHandle,
    options: FeedOptions,
  ): Result<EventFeed, NetlinkRefusal> {
    const socket = platform.sockets.open(netns, { kind: "rtnetlink" });
    if (!socket.ok) return err(refusalOfCall(monitoring, socket.error));
    const joined = collect(options.groups.map((group) => socket.value.joinGroup(group)));
    if (joined.ok) return ok(new EventFeed(socket.value, options));
    socket.value.close();
    return err(refusalOfCall(monitoring, joined.error));
  }

  /** The next event; undefined once one was lost, or when `signal` fires. */
  async next(signal?: AbortSignal): Promise<KernelEvent | undefined> {
    while (!this.#lost && signal?.aborted !== true) {
      const event = this.#waiting.shift();
      if (event !== undefined) return event;
      await this.#somethingHappens(signal);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  #somethingHappens(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = wake;
      signal?.addEventListener("abort", wake);
    });
  }

  #take(datagram: Uint8Array): void {
    if (this.#lost) return;
    const messages = splitMessages(datagram);
    const events = messages.ok
      ? collect(messages.value.filter((message) => !this.#isIgnored(message)).map(readEvent))
      : messages;
    // What cannot be read is lost; so is what nobody fetches in time.
    if (!events.ok || this.#waiting.length > MAX_WAITING_EVENTS) {
      this.#lose();
      return;
    }
    this.#waiting.push(...events.value.filter((event) => event !== undefined));
    this.#wake();
  }

  #isIgnored(message: RawMessage): boolean {
    if (this.#ignoreLink === undefined || !isAboutLink(message)) return false;
    const name = readLinkName(message.payload);
    return name !== undefined && this.#ignoreLink(name);
  }

  #lose(): void {
    this.#lost = true;
    this.#wake();
  }
}
