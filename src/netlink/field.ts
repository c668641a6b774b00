import {
  type Ip,
  ipFromBytes,
  ipToBytes,
  type Mac,
  macFromBytes,
  macToBytes,
} from "../addr/index.ts";
import { assert, err, ok, type Result } from "../base/index.ts";
import type { Writer } from "./writer.ts";

/** Bytes that are not what their table says. */
export interface Malformed {
  /** "linkInfo.data.mode"; empty for the message itself. */
  readonly attribute: string;
  /** "2 bytes, not 4" */
  readonly reason: string;
}

export type Decoded<T> = Result<T, Malformed>;

export function malformed(reason: string, attribute = ""): Result<never, Malformed> {
  return err({ attribute, reason });
}

/** How the payload of one attribute, or one member of a struct, is read and written. */
export interface Field<T> {
  /** What it is, for people and for generated test data. */
  readonly kind: string;
  /**
   * Reads what lies between `from` and `to`, absent: all of `content`. In place, because a list of
   * links has some hundred fields for each, and a view of each would cost more than reading it.
   */
  read(content: Uint8Array, from?: number, to?: number): Decoded<T>;
  write(writer: Writer, value: T): void;
}

/** A field that always takes the same number of bytes. */
export interface Scalar<T> extends Field<T> {
  readonly width: number;
}

/**
 * The unsigned little-endian number of `width` (1 to 4) bytes at `from`, which the caller knows to
 * be there.
 */
export function numberAt(content: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = (value << 8) | (content[from + i] ?? 0);
  return value >>> 0;
}

/** The answer of a field whose payload has another size. */
export function wrongSize(from: number, to: number, width: number): Result<never, Malformed> {
  return malformed(`${to - from} bytes, not ${width}`);
}

function unsigned(kind: string, width: number): Scalar<number> {
  return {
    kind,
    width,
    read: (content, from = 0, to = content.length) =>
      to - from === width ? ok(numberAt(content, from, width)) : wrongSize(from, to, width),
    write: (writer, value) => writer.number(value, width),
  };
}

export const u8 = unsigned("u8", 1);
export const u16 = unsigned("u16", 2);
export const u32 = unsigned("u32", 4);

export const s32: Scalar<number> = {
  kind: "s32",
  width: 4,
  read: (content, from = 0, to = content.length) =>
    to - from === 4 ? ok(numberAt(content, from, 4) | 0) : wrongSize(from, to, 4),
  write: (writer, value) => writer.number(value, 4),
};

/** A 16-bit number in network order. */
export const be16: Scalar<number> = {
  kind: "be16",
  width: 2,
  read: (content, from = 0, to = content.length) =>
    to - from === 2
      ? ok(numberAt(content, from, 1) * 256 + numberAt(content, from + 1, 1))
      : wrongSize(from, to, 2),
  write: (writer, value) => {
    writer.number(value >> 8, 1);
    writer.number(value & 0xff, 1);
  },
};

/** A switch: 0 is off, anything else on. */
export const bool: Scalar<boolean> = {
  kind: "bool",
  width: 1,
  read: (content, from = 0, to = content.length) =>
    to - from === 1 ? ok(content[from] !== 0) : wrongSize(from, to, 1),
  write: (writer, value) => writer.number(value ? 1 : 0, 1),
};

/** Room in a struct: written as zeros, not read. */
export function reserved(width: number): Scalar<undefined> {
  return {
    kind: "reserved",
    width,
    read: () => ok(undefined),
    write: (writer) => writer.raw(new Uint8Array(width)),
  };
}

/** Bytes that we keep as they are. */
export const bytes: Field<Uint8Array> = {
  kind: "bytes",
  read: (content, from, to) => ok(content.slice(from, to)),
  write: (writer, value) => writer.raw(value),
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function readText(content: Uint8Array, from = 0, to = content.length): Decoded<string> {
  let letters = "";
  for (let at = from; at < to; at++) {
    const byte = content[at] ?? 0;
    if (byte === 0) break;
    // Names of links are short and ASCII; the decoder is for what is not.
    if (byte > 0x7f) return ok(decodeText(content.subarray(from, to)));
    letters += String.fromCharCode(byte);
  }
  return ok(letters);
}

function decodeText(content: Uint8Array): string {
  const end = content.indexOf(0);
  return decoder.decode(end < 0 ? content : content.subarray(0, end));
}

function writeText(writer: Writer, value: string): void {
  assert(!value.includes("\0"), "text with a NUL would be cut");
  writer.raw(encoder.encode(value));
}

/** Text that ends in NUL; read up to the first NUL, which may be missing. */
export const string: Field<string> = {
  kind: "string",
  read: readText,
  write: (writer, value) => {
    writeText(writer, value);
    writer.number(0, 1);
  },
};

/** Text whose length is that of the attribute. */
export const text: Field<string> = { kind: "text", read: readText, write: writeText };

const MAC_BYTES = 6;

export const mac: Scalar<Mac> = {
  kind: "mac",
  width: MAC_BYTES,
  read: (content, from = 0, to = content.length) =>
    to - from === MAC_BYTES
      ? ok(macFromBytes(content.subarray(from, to)))
      : wrongSize(from, to, MAC_BYTES),
  write: (writer, value) => writer.raw(macToBytes(value)),
};

/**
 * A link-layer address: a MAC, or the bytes of something that is not Ethernet (tunnels,
 * InfiniBand).
 */
export const hardwareAddress: Field<Mac | Uint8Array> = {
  kind: "hardwareAddress",
  read: (content, from = 0, to = content.length) => {
    if (to - from !== MAC_BYTES) return ok(content.slice(from, to));
    return ok(macFromBytes(content.subarray(from, to)));
  },
  write: (writer, value) => writer.raw(typeof value === "string" ? macToBytes(value) : value),
};

/** An IPv4 or IPv6 address, told apart by its length. */
export const ip: Field<Ip> = {
  kind: "ip",
  read: (content, from = 0, to = content.length) =>
    to - from === 4 || to - from === 16
      ? ok(ipFromBytes(content.subarray(from, to)))
      : malformed(`${to - from} bytes are no IP address`),
  write: (writer, value) => writer.raw(ipToBytes(value)),
};
