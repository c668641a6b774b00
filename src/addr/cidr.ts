import { assert, ok, type Result } from "../base/index.ts";
import { quote, type Refusal, refuse } from "./grammar.ts";
import { type Ip, ipBits, ipVersion, readIp } from "./ip.ts";

/** The two halves of "10.0.0.2/24", the notation that prefixes and interface addresses share. */
export interface Cidr {
  readonly ip: Ip;
  readonly length: number;
}

/** Reads "address/length"; says nothing about host bits. */
export function readCidr(text: string): Result<Cidr, Refusal> {
  const slash = text.indexOf("/");
  if (slash < 0) return refuse('it has no prefix length, as in "/24"');
  const ip = readIp(text.slice(0, slash));
  if (!ip.ok) return ip;
  const digits = text.slice(slash + 1);
  const bits = ipBits(ipVersion(ip.value));
  const fault = lengthFault(digits, bits);
  return fault === undefined ? ok({ ip: ip.value, length: Number(digits) }) : refuse(fault);
}

/** The halves of a text that readCidr once accepted or formatCidr made. */
export function splitCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  return { ip: text.slice(0, slash) as Ip, length: Number(text.slice(slash + 1)) };
}

/** "address/length" of halves that fit. */
export function formatCidr({ ip, length }: Cidr): string {
  return `${ip}/${length}`;
}

/** A length that the version of `ip` does not have is a bug. */
export function assertLength(ip: Ip, length: number): void {
  const fits = Number.isInteger(length) && length >= 0 && length <= ipBits(ipVersion(ip));
  assert(fits, `${ip} has no prefix length ${length}`);
}

/** Number of bits below the network bits. */
export function hostBits({ ip, length }: Cidr): number {
  return ipBits(ipVersion(ip)) - length;
}

function lengthFault(digits: string, bits: number): string | undefined {
  if (digits === "") return "the prefix length is empty";
  if (!/^[0-9]+$/.test(digits)) return `prefix length ${quote(digits)} is not a decimal number`;
  if (digits.length > 1 && digits.startsWith("0")) {
    return `prefix length ${quote(digits)} has a leading zero`;
  }
  if (Number(digits) > bits) return `prefix length ${quote(digits)} is above ${bits}`;
  return undefined;
}
