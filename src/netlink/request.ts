import type { IpVersion } from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { type Decoded, type Field, malformed } from "./field.ts";
import type { RawMessage } from "./message.ts";
import { type Encoded, Writer } from "./writer.ts";

/** RTM_* (include/uapi/linux/rtnetlink.h). */
export const MessageType = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
} as const;

/** AF_*. */
export const Family = { unspecified: 0, inet: 2, bridge: 7, inet6: 10 } as const;

/** The address family of an IP version. */
export function familyOf(version: IpVersion): number {
  return version === 4 ? Family.inet : Family.inet6;
}

/** The IP version of an address family; undefined for families other than IP. */
export function versionOf(family: number | undefined): IpVersion | undefined {
  if (family === Family.inet) return 4;
  return family === Family.inet6 ? 6 : undefined;
}

/** What every request is, before it is sent. */
interface Outgoing {
  /** RTM_*. */
  readonly type: number;
  /** NLM_F_* beyond those that the transport adds. */
  readonly flags: number;
  readonly payload: Encoded;
  /** The `ip` or `bridge` command that asks the same of the same namespace. */
  readonly command: string;
}

/** One message to the kernel and how its answer is read; most answer nothing but yes or no. */
export interface Request<Answer = void> extends Outgoing {
  readonly kind: "request";
  readonly read: (messages: readonly RawMessage[]) => Decoded<Answer>;
}

/** A question with a list as its answer; items that are none of ours read as undefined. */
export interface DumpRequest<Item> extends Outgoing {
  readonly kind: "dump";
  readonly read: (message: RawMessage) => Decoded<Item | undefined>;
}

/** The payload of a request. */
export function encode<T>(field: Field<T>, value: T): Encoded {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}

/** The answer of a request that only changes something. */
export function nothing(): Decoded<void> {
  return ok();
}

/** The answer of a request that asks for one thing. */
export function single<T>(
  read: (message: RawMessage) => Decoded<T | undefined>,
): (messages: readonly RawMessage[]) => Decoded<T> {
  return (messages) => {
    const [first] = messages;
    if (first === undefined) return malformed("no answer");
    const item = read(first);
    if (!item.ok) return item;
    return item.value === undefined ? malformed("another kind of answer") : ok(item.value);
  };
}
