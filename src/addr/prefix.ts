import { type Brand, ok, type Problem, type Result } from "../base/index.ts";
import { assertLength, formatCidr, hostBits, readCidr, splitCidr } from "./cidr.ts";
import { type Grammar, parseWith, type Refusal, refuse } from "./grammar.ts";
import { type Ip, type IpVersion, ipFromBigint, ipToBigint, ipVersion } from "./ip.ts";
import type { Ip4 } from "./ip4.ts";
import { prefixInvalid } from "./problems.ts";

/** A network without host bits: "10.0.0.0/24". */
export type Prefix = Brand<string, "Prefix">;

const prefixGrammar: Grammar<Prefix> = {
  what: "a prefix",
  example: "192.168.1.0/24",
  problem: prefixInvalid,
  read: readPrefix,
};

/** "network/length"; host bits are refused, naming the network. Error: LF-PREFIX-INVALID. */
export function parsePrefix(text: unknown): Result<Prefix, Problem> {
  return parseWith(prefixGrammar, text);
}

/** Reader behind parsePrefix, for texts that may hold a prefix. */
export function readPrefix(text: string): Result<Prefix, Refusal> {
  const cidr = readCidr(text);
  if (!cidr.ok) return cidr;
  const prefix = prefixOf(cidr.value.ip, cidr.value.length);
  if (prefixIp(prefix) === cidr.value.ip) return ok(prefix);
  return refuse(`host bits are set, the network is ${prefix}`, prefix);
}

/** The network of `length` bits that holds `ip`. A length above 32 or 128 is a bug. */
export function prefixOf(ip: Ip, length: number): Prefix {
  assertLength(ip, length);
  const shift = BigInt(hostBits({ ip, length }));
  const network = (ipToBigint(ip) >> shift) << shift;
  return formatCidr({ ip: ipFromBigint(ipVersion(ip), network), length }) as Prefix;
}

/** The network address: all host bits zero. */
export function prefixIp(prefix: Prefix): Ip {
  return splitCidr(prefix).ip;
}

/** Number of network bits. */
export function prefixLength(prefix: Prefix): number {
  return splitCidr(prefix).length;
}

/** 4 or 6, by how the value is written. */
export function prefixVersion(prefix: Prefix): IpVersion {
  return ipVersion(prefixIp(prefix));
}

/** Whether `ip` lies in `prefix`; never true across versions. */
export function prefixContains(prefix: Prefix, ip: Ip): boolean {
  const cidr = splitCidr(prefix);
  if (ipVersion(ip) !== ipVersion(cidr.ip)) return false;
  return (ipToBigint(ip) ^ ipToBigint(cidr.ip)) >> BigInt(hostBits(cidr)) === 0n;
}

/** Whether every address of `inner` lies in `outer`; a prefix contains itself. */
export function prefixContainsPrefix(outer: Prefix, inner: Prefix): boolean {
  return prefixLength(outer) <= prefixLength(inner) && prefixContains(outer, prefixIp(inner));
}

/** Whether some address lies in both; two prefixes overlap only when one contains the other. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixContainsPrefix(a, b) || prefixContainsPrefix(b, a);
}

/** The IPv4 address with all host bits one; /31 (RFC 3021), /32 and IPv6 have no broadcast. */
export function broadcastAddress(prefix: Prefix): Ip4 | undefined {
  const cidr = splitCidr(prefix);
  if (ipVersion(cidr.ip) === 6 || hostBits(cidr) < 2) return undefined;
  return ipFromBigint(4, ipToBigint(cidr.ip) + (1n << BigInt(hostBits(cidr))) - 1n);
}
