/**
 * Addresses as values: MAC, IPv4, IPv6, prefixes, ranges, range sets. Every value is canonical text
 * (branded) or plain numbers, made only here: `===` is equality, and no one checks it again.
 * Contract: parse functions take anything and never throw; the rest takes legal values and asserts.
 * Range arithmetic never expands. Must not do I/O, or know what an address is used for.
 */
export {
  type InterfaceAddress,
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressLength,
  interfaceAddressPrefix,
  parseInterfaceAddress,
} from "./interface-address.ts";
export {
  type Ip,
  type IpVersion,
  ipFromBigint,
  ipFromBytes,
  ipToBigint,
  ipToBytes,
  ipVersion,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseIp,
} from "./ip.ts";
export { type Ip4, parseIp4 } from "./ip4.ts";
export { type Ip6, parseIp6 } from "./ip6.ts";
export {
  isLocallyAdministeredMac,
  isMulticastMac,
  type Mac,
  macFromBytes,
  macToBytes,
  parseMac,
} from "./mac.ts";
export {
  broadcastAddress,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixContainsPrefix,
  prefixesOverlap,
  prefixIp,
  prefixLength,
  prefixOf,
  prefixVersion,
} from "./prefix.ts";
export {
  addressInvalid,
  addrProblems,
  macInvalid,
  prefixInvalid,
  rangeInvalid,
} from "./problems.ts";
export {
  formatRange,
  type IpRange,
  parseRange,
  prefixRange,
  rangeContains,
  rangeOf,
  rangeSize,
  usableRange,
} from "./range.ts";
export {
  intersect,
  nextIn,
  type RangeSet,
  rangeSet,
  rangeSetContains,
  rangeSetSize,
  subtract,
  union,
} from "./range-set.ts";
