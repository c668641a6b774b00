import { assert, type Problem, type Result } from "../base/index.ts";
import { type Grammar, parseWith, type Refusal, refuse } from "./grammar.ts";
import { type Ip4, ip4FromNumber, ip4ToNumber, readIp4 } from "./ip4.ts";
import { type Ip6, ip6FromGroups, ip6ToGroups, readIp6 } from "./ip6.ts";
import { addressInvalid } from "./problems.ts";

/** An address of either version. An IPv4-mapped IPv6 address is an IPv6 address everywhere. */
export type Ip = Ip4 | Ip6;

export type IpVersion = 4 | 6;

const ipGrammar: Grammar<Ip> = {
  what: "an IP address",
  example: "192.168.1.10",
  problem: addressInvalid,
  read: readIp,
};

/** An address of either version, as strict as parseIp4 and parseIp6. Error: LF-ADDRESS-INVALID. */
export function parseIp(text: unknown): Result<Ip, Problem> {
  return parseWith(ipGrammar, text);
}

/** Reader behind parseIp, for texts that hold an address among other things. */
export function readIp(text: string): Result<Ip, Refusal> {
  if (text.includes(":")) return readIp6(text);
  if (text.includes(".")) return readIp4(text);
  return refuse("it has neither the dots of IPv4 nor the colons of IPv6");
}

/** 4 or 6, by how the value is written. */
export function ipVersion(ip: Ip): IpVersion {
  return isIp4(ip) ? 4 : 6;
}

/** Bits in an address of this version. */
export function ipBits(version: IpVersion): 32 | 128 {
  return version === 4 ? 32 : 128;
}

/** The address as an unsigned number; addresses of one version sort by it. */
export function ipToBigint(ip: Ip): bigint {
  if (isIp4(ip)) return BigInt(ip4ToNumber(ip));
  let n = 0n;
  for (const group of ip6ToGroups(ip)) n = (n << 16n) | BigInt(group);
  return n;
}

/** The address of an unsigned number; a number that does not fit the version is a bug. */
export function ipFromBigint(version: 4, n: bigint): Ip4;
export function ipFromBigint(version: 6, n: bigint): Ip6;
export function ipFromBigint(version: IpVersion, n: bigint): Ip;
export function ipFromBigint(version: IpVersion, n: bigint): Ip {
  assert(n >> BigInt(ipBits(version)) === 0n, `a number outside IPv${version}`);
  if (version === 4) return ip4FromNumber(Number(n));
  return ip6FromGroups(groupShifts.map((shift) => Number((n >> shift) & 0xffffn)));
}

/** The address in network byte order: 4 or 16 bytes. */
export function ipToBytes(ip: Ip): Uint8Array {
  if (isIp4(ip)) {
    const n = ip4ToNumber(ip);
    return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
  }
  return Uint8Array.from(ip6ToGroups(ip).flatMap((group) => [group >>> 8, group]));
}

/** The address of 4 or 16 bytes in network byte order; another length is a bug. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  assert(bytes.length === 4 || bytes.length === 16, `no IP address has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return ip4FromNumber(view.getUint32(0));
  return ip6FromGroups(groupOffsets.map((offset) => view.getUint16(offset)));
}

// Canonical text makes the tests below exact: each network they ask for is one textual prefix.

/** 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 section 2.5.6). */
export function isLinkLocal(ip: Ip): boolean {
  return isIp4(ip) ? ip.startsWith("169.254.") : /^fe[89ab][0-9a-f]:/.test(ip);
}

/** 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7); the IPv4 broadcast address is not. */
export function isMulticast(ip: Ip): boolean {
  return isIp4(ip) ? /^(22[4-9]|23\d)\./.test(ip) : /^ff[0-9a-f]{2}:/.test(ip);
}

/** 0.0.0.0 or ::, "no address". */
export function isUnspecified(ip: Ip): boolean {
  return isIp4(ip) ? ip === ("0.0.0.0" as Ip4) : ip === ("::" as Ip6);
}

/** 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1. */
export function isLoopback(ip: Ip): boolean {
  return isIp4(ip) ? ip.startsWith("127.") : ip === ("::1" as Ip6);
}

const groupShifts = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n] as const;
const groupOffsets = [0, 2, 4, 6, 8, 10, 12, 14] as const;

function isIp4(ip: Ip): ip is Ip4 {
  return !ip.includes(":");
}
