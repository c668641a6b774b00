import { type Ip, ipToBytes } from "../addr/index.ts";

/**
 * The Internet checksum of `bytes` (RFC 1071 §1): the complement of the one's-complement sum of its
 * 16-bit words, an odd last byte counting as the high half of a word. `seed` is a sum to start
 * from, e.g. that of a pseudo header. Over bytes that hold their right checksum it is 0.
 */
export function internetChecksum(bytes: Uint8Array, seed = 0): number {
  return ~fold(sumWords(bytes, seed)) & 0xffff;
}

/**
 * The sum over the pseudo header that TCP, UDP and ICMPv6 protect as well (RFC 793 §3.1,
 * RFC 8200 §8.1). `length` is that of the upper-layer packet in bytes, `protocol` its number.
 */
export function pseudoHeaderSum(
  source: Ip,
  destination: Ip,
  protocol: number,
  length: number,
): number {
  const addresses = sumWords(ipToBytes(destination), sumWords(ipToBytes(source), 0));
  return fold(addresses + (length >>> 16) + (length & 0xffff) + protocol);
}

/** Plain sum of the words; stays exact for any packet (65,535 bytes sum up to less than 2^32). */
function sumWords(bytes: Uint8Array, seed: number): number {
  let sum = seed;
  let high = true;
  for (const byte of bytes) {
    sum += high ? byte * 256 : byte;
    high = !high;
  }
  return sum;
}

/** Adds the carries back in until 16 bits remain. */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}
