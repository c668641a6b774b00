import { type Brand, ok, type Problem, type Result } from "../base/index.ts";
import { type Grammar, parseWith, quote, type Refusal, refuse } from "./grammar.ts";
import { addressInvalid } from "./problems.ts";

/** An IPv4 address as four decimal octets: "10.0.0.2". */
export type Ip4 = Brand<string, "Ip4">;

const ip4Grammar: Grammar<Ip4> = {
  what: "an IPv4 address",
  example: "192.168.1.10",
  problem: addressInvalid,
  read: readIp4,
};

/** Four decimal octets without leading zeros; no short forms. Error: LF-ADDRESS-INVALID. */
export function parseIp4(text: unknown): Result<Ip4, Problem> {
  return parseWith(ip4Grammar, text);
}

/** Reader behind parseIp4, for texts that hold an address among other things. */
export function readIp4(text: string): Result<Ip4, Refusal> {
  const octets = text.split(".");
  if (octets.length !== 4) {
    return refuse(`four octets separated by dots are needed, this has ${octets.length}`);
  }
  for (const [index, octet] of octets.entries()) {
    const fault = octetFault(octet);
    if (fault !== undefined) return refuse(`octet ${index + 1} ${fault}`);
  }
  return ok(text as Ip4);
}

/** The address as an unsigned 32-bit number. */
export function ip4ToNumber(ip: Ip4): number {
  let total = 0;
  let octet = 0;
  for (let at = 0; at < ip.length; at++) {
    const code = ip.charCodeAt(at);
    if (code === dot) {
      total = total * 256 + octet;
      octet = 0;
    } else {
      octet = octet * 10 + code - digitZero;
    }
  }
  return total * 256 + octet;
}

/** The address of an unsigned 32-bit number. */
export function ip4FromNumber(n: number): Ip4 {
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}` as Ip4;
}

const dot = ".".charCodeAt(0);
const digitZero = "0".charCodeAt(0);

function octetFault(octet: string): string | undefined {
  if (octet === "") return "is empty";
  if (!/^[0-9]+$/.test(octet)) return `${quote(octet)} is not a decimal number`;
  if (octet.length > 1 && octet.startsWith("0")) return `${quote(octet)} has a leading zero`;
  if (Number(octet) > 255) return `${quote(octet)} is above 255`;
  return undefined;
}
