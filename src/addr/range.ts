import { mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { hostBits, splitCidr } from "./cidr.ts";
import { explainRefusal, type Grammar, parseWith, quote, type Refusal, refuse } from "./grammar.ts";
import { type Ip, type IpVersion, ipFromBigint, ipToBigint, ipVersion, readIp } from "./ip.ts";
import { type Prefix, readPrefix } from "./prefix.ts";
import { rangeInvalid } from "./problems.ts";

/** The addresses from `first` to `last`, both included, as numbers; `first` is not above `last`. */
export interface IpRange {
  readonly version: IpVersion;
  readonly first: bigint;
  readonly last: bigint;
}

const rangeGrammar: Grammar<IpRange> = {
  what: "an address range",
  example: "192.168.1.100-192.168.1.200",
  problem: rangeInvalid,
  read: readRange,
};

/** "first-last", a prefix without host bits, or one address. Error: LF-RANGE-INVALID. */
export function parseRange(text: unknown): Result<IpRange, Problem> {
  return parseWith(rangeGrammar, text);
}

/** From `first` to `last`. Error: LF-RANGE-INVALID when out of order or of two versions. */
export function rangeOf(first: Ip, last: Ip): Result<IpRange, Problem> {
  return explainRefusal(rangeGrammar, quote(`${first}-${last}`), orderedRange(first, last));
}

/** Every address of the prefix, network and broadcast included. */
export function prefixRange(prefix: Prefix): IpRange {
  const cidr = splitCidr(prefix);
  const first = ipToBigint(cidr.ip);
  const last = first + (1n << BigInt(hostBits(cidr))) - 1n;
  return { version: ipVersion(cidr.ip), first, last };
}

/**
 * The addresses that links may have. IPv4: without the network and broadcast address, but both of
 * a /31 (RFC 3021) and the one of a /32. IPv6: without the subnet-router anycast address (RFC 4291
 * section 2.6.1), but both of a /127 (RFC 6164) and the one of a /128.
 */
export function usableRange(prefix: Prefix): IpRange {
  const all = prefixRange(prefix);
  if (hostBits(splitCidr(prefix)) < 2) return all;
  const first = all.first + 1n;
  return all.version === 4 ? { ...all, first, last: all.last - 1n } : { ...all, first };
}

/** "first-last", or the address alone when there is only one. */
export function formatRange({ version, first, last }: IpRange): string {
  const start = ipFromBigint(version, first);
  return first === last ? start : `${start}-${ipFromBigint(version, last)}`;
}

/** Whether `ip` lies in the range; never true across versions. */
export function rangeContains(range: IpRange, ip: Ip): boolean {
  if (ipVersion(ip) !== range.version) return false;
  const n = ipToBigint(ip);
  return range.first <= n && n <= range.last;
}

/** How many addresses the range has; at least one. */
export function rangeSize(range: IpRange): bigint {
  return range.last - range.first + 1n;
}

function readRange(text: string): Result<IpRange, Refusal> {
  if (text.includes("/")) return mapResult(readPrefix(text), prefixRange);
  const hyphen = text.indexOf("-");
  const first = readIp(hyphen < 0 ? text : text.slice(0, hyphen));
  if (!first.ok) return first;
  if (hyphen < 0) return orderedRange(first.value, first.value);
  const last = readIp(text.slice(hyphen + 1));
  if (!last.ok) return refuse(`after the hyphen, ${last.error.reason}`);
  return orderedRange(first.value, last.value);
}

function orderedRange(firstIp: Ip, lastIp: Ip): Result<IpRange, Refusal> {
  const version = ipVersion(firstIp);
  if (ipVersion(lastIp) !== version) return refuse("one end is IPv4 and the other IPv6");
  const first = ipToBigint(firstIp);
  const last = ipToBigint(lastIp);
  if (first > last) return refuse("the first address is above the last", `${lastIp}-${firstIp}`);
  return ok({ version, first, last });
}
