import { type Ip4, type Ip6, ipFromBytes, type Mac, macFromBytes } from "../addr/index.ts";
import { assert } from "../base/index.ts";

/** Where a field lies in its header: from byte `at`, up to but without byte `end`. */
export interface Field {
  readonly at: number;
  readonly end: number;
}

/** A fixed header: its fields by name, and its length in bytes. */
export interface Layout<Name extends string> {
  readonly field: Readonly<Record<Name, Field>>;
  readonly size: number;
}

/**
 * Lays out fields one after the other: each begins where the one before it ends, so that the widths
 * in bytes, copied from the standard's diagram, are the only numbers.
 */
export function layout<Name extends string>(widths: Readonly<Record<Name, number>>): Layout<Name> {
  const field: Partial<Record<Name, Field>> = {};
  let end = 0;
  for (const name in widths) {
    field[name] = { at: end, end: end + widths[name] };
    end += widths[name];
  }
  return { field: field as Record<Name, Field>, size: end };
}

/** The big-endian unsigned integer in `field`, which is at most four bytes wide. */
export function readUint(bytes: Uint8Array, field: Field): number {
  let value = 0;
  for (let at = field.at; at < field.end; at++) value = value * 256 + byteAt(bytes, at);
  return value;
}

/** Writes `value` big-endian into `field`. A value that does not fit is a bug of the caller. */
export function writeUint(bytes: Uint8Array, field: Field, value: number): void {
  const limit = 256 ** (field.end - field.at);
  assert(Number.isInteger(value) && value >= 0 && value < limit, `${value} is not below ${limit}`);
  let rest = value;
  for (let at = field.end - 1; at >= field.at; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** The bytes of `field`: a view, not a copy. */
export function readBytes(bytes: Uint8Array, field: Field): Uint8Array {
  return bytes.subarray(field.at, field.end);
}

/** Fills `field` with `value`, which has exactly its width. */
export function writeBytes(bytes: Uint8Array, field: Field, value: Uint8Array): void {
  assert(value.length === field.end - field.at, `${value.length} bytes do not fill the field`);
  bytes.set(value, field.at);
}

export function readMac(bytes: Uint8Array, field: Field): Mac {
  return macFromBytes(readBytes(bytes, field));
}

/** The address in a field of four bytes. */
export function readIp4(bytes: Uint8Array, field: Field): Ip4 {
  return ipFromBytes(readBytes(bytes, field)) as Ip4;
}

/** The address in a field of sixteen bytes. */
export function readIp6(bytes: Uint8Array, field: Field): Ip6 {
  return ipFromBytes(readBytes(bytes, field)) as Ip6;
}

/** All chunks, one after the other, in new memory. */
export function concatBytes(...chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** The byte at `at`; the caller has checked the length. */
export function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  assert(byte !== undefined, `byte ${at} of ${bytes.length} was read without a check`);
  return byte;
}
