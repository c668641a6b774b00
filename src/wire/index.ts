/**
 * Frames as values: Ethernet, VLAN tags, ARP, IPv4, IPv6, ICMP, neighbour discovery, TCP, UDP; and
 * the filters and one-line descriptions that captures need.
 *
 * Contract: decoding takes any bytes and never throws; a layer that cannot be read is an Err, or
 * inside a frame a "malformed" value that keeps its bytes. Encoding takes legal values, fills in
 * every length and checksum, and asserts that numbers fit. Decoding does not verify checksums: the
 * kernel hands out packets whose checksum the network card is still to fill in. Decoded byte fields
 * are views on the input, not copies. Must not do I/O, nor decide what a frame means.
 */

export {
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  BROADCAST_MAC,
  unsolicitedAdvertisement,
} from "./announce.ts";
export type { Arp } from "./arp.ts";
export { describeFrame } from "./describe.ts";
export { decodeEcho, encodeEcho, type ReceivedEcho } from "./echo.ts";
export { type FrameFilter, matchesFilter, type Side } from "./filter.ts";
export {
  decodeFrame,
  encodeFrame,
  type Frame,
  type MalformedPayload,
  type Payload,
  type UnknownPayload,
  type VlanTag,
} from "./frame.ts";
export { type Echo, type Icmp, icmpTypeName } from "./icmp.ts";
export { type Ipv4, ipv4 } from "./ipv4.ts";
export { type Fragment, type Ipv6, ipv6 } from "./ipv6.ts";
export type { Ndp, NdpAdvertisement, NdpSolicitation } from "./ndp.ts";
export { FILTER_PRIMITIVES, parseFilter } from "./parse-filter.ts";
export { filterInvalid, wireProblems } from "./problems.ts";
export { routerAdvertisement } from "./router-advertisement.ts";
export { TCP_FLAGS, type Tcp, type TcpFlag, tcpFlags } from "./tcp.ts";
export type {
  MalformedTransport,
  Transport4,
  Transport6,
  UnknownTransport,
} from "./transport.ts";
export type { Udp } from "./udp.ts";
export { formatWireError, type WireError } from "./wire-error.ts";
