import { assert, type Brand, defined, ok, type Problem, type Result } from "../base/index.ts";
import { type Grammar, parseWith, quote, type Refusal, refuse } from "./grammar.ts";
import { macInvalid } from "./problems.ts";

/** A 48-bit MAC address (EUI-48) in lower case with colons: "02:00:00:00:00:01". */
export type Mac = Brand<string, "Mac">;

const macGrammar: Grammar<Mac> = {
  what: "a MAC address",
  example: "02:00:00:00:00:01",
  problem: macInvalid,
  read: readMac,
};

/** Six pairs of hexadecimal digits, joined by ":" or all by "-". Error: LF-MAC-INVALID. */
export function parseMac(text: unknown): Result<Mac, Problem> {
  return parseWith(macGrammar, text);
}

const digits = "0123456789abcdef";
/** Two digits of each byte, as they are met: a list of links has three MACs for each. */
const pairs: string[] = [];

function pairOf(byte: number): string {
  pairs[byte] ??= digits.charAt(byte >> 4) + digits.charAt(byte & 15);
  return pairs[byte];
}

/** The six bytes in the order they go on the wire. */
export function macToBytes(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(":"), (group) => Number.parseInt(group, 16));
}

/** The MAC of six bytes in wire order; another length is a bug. */
export function macFromBytes(bytes: Uint8Array): Mac {
  assert(bytes.length === 6, `a MAC address has 6 bytes, not ${bytes.length}`);
  let text = "";
  for (const byte of bytes) text += `${text === "" ? "" : ":"}${pairOf(byte)}`;
  return text as Mac;
}

/** Group bit of IEEE 802 section 8.2: such a MAC (broadcast included) is never that of one link. */
export function isMulticastMac(mac: Mac): boolean {
  return (firstByte(mac) & 0x01) !== 0;
}

/** U/L bit of IEEE 802 section 8.2: chosen by software, not assigned to a manufacturer. */
export function isLocallyAdministeredMac(mac: Mac): boolean {
  return (firstByte(mac) & 0x02) !== 0;
}

function firstByte(mac: Mac): number {
  return defined(macToBytes(mac)[0], "first byte of a MAC address");
}

function readMac(text: string): Result<Mac, Refusal> {
  if (text.includes(":") && text.includes("-")) return refuse('it mixes ":" and "-"');
  const groups = text.split(text.includes("-") ? "-" : ":");
  if (groups.length !== 6) {
    return refuse(`six groups separated by ":" or "-" are needed, this has ${groups.length}`);
  }
  for (const [index, group] of groups.entries()) {
    if (!/^[0-9a-f]{2}$/i.test(group)) {
      return refuse(`group ${index + 1} ${quote(group)} is not two hexadecimal digits`);
    }
  }
  return ok(groups.join(":").toLowerCase() as Mac);
}
