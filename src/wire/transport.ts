import { type Ip, type Ip4, type Ip6, type IpVersion, ipVersion } from "../addr/index.ts";
import { type Result, unreachable } from "../base/index.ts";
import { byteAt } from "./bytes.ts";
import { pseudoHeaderSum } from "./checksum.ts";
import { decodeIcmp, type Echo, encodeIcmp, type Icmp, sealIcmp } from "./icmp.ts";
import { decodeNdp, encodeNdp, NDP_TYPES, type Ndp } from "./ndp.ts";
import { Protocol } from "./numbers.ts";
import { decodeTcp, encodeTcp, type Tcp } from "./tcp.ts";
import { decodeUdp, encodeUdp, type Udp } from "./udp.ts";
import { formatWireError, type WireError } from "./wire-error.ts";

/** A protocol that Landfall does not read, or a later fragment of one that it does. */
export interface UnknownTransport {
  readonly kind: "unknown";
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

/** Bytes that are not what their protocol number says, kept so that a capture still shows them. */
export interface MalformedTransport {
  readonly kind: "malformed";
  readonly protocol: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** What an IPv4 packet carries. */
export type Transport4 = Echo | Icmp | Tcp | Udp | UnknownTransport | MalformedTransport;

/** What an IPv6 packet carries. */
export type Transport6 = Transport4 | Ndp;

/** From whom to whom, both of one version: part of what TCP, UDP and ICMPv6 checksums protect. */
export type Ends =
  | { readonly source: Ip4; readonly destination: Ip4 }
  | { readonly source: Ip6; readonly destination: Ip6 };

/** Reads the payload of an IPv4 packet. */
export function decodeTransport4(protocol: number, bytes: Uint8Array): Transport4 {
  if (protocol === Protocol.icmp) return orMalformed(protocol, bytes, decodeIcmp(4, bytes));
  return decodePorts(protocol, bytes);
}

/** Reads the payload of an IPv6 packet, behind its extension headers. */
export function decodeTransport6(protocol: number, bytes: Uint8Array): Transport6 {
  if (protocol === Protocol.icmp6) return orMalformed(protocol, bytes, decodeIcmp6(bytes));
  return decodePorts(protocol, bytes);
}

/** The protocol number that announces `transport` in a header of this IP version. */
export function transportProtocol(version: IpVersion, transport: Transport6): number {
  switch (transport.kind) {
    case "icmp-echo-request":
    case "icmp-echo-reply":
    case "icmp":
    case "ndp-solicitation":
    case "ndp-advertisement":
      return version === 4 ? Protocol.icmp : Protocol.icmp6;
    case "tcp":
      return Protocol.tcp;
    case "udp":
      return Protocol.udp;
    case "unknown":
    case "malformed":
      return transport.protocol;
    default:
      return unreachable(transport);
  }
}

/** The bytes of `transport` with their checksum. */
export function encodeTransport(transport: Transport6, ends: Ends): Uint8Array {
  const version = ipVersion(ends.source);
  const protocol = transportProtocol(version, transport);
  const sum = (length: number) => pseudoSum(ends.source, ends.destination, protocol, length);
  switch (transport.kind) {
    case "icmp-echo-request":
    case "icmp-echo-reply":
    case "icmp": {
      const bytes = encodeIcmp(version, transport);
      return sealIcmp(bytes, sum(bytes.length));
    }
    case "ndp-solicitation":
    case "ndp-advertisement": {
      const bytes = encodeNdp(transport);
      return sealIcmp(bytes, sum(bytes.length));
    }
    case "tcp":
      return encodeTcp(transport, sum);
    case "udp":
      return encodeUdp(transport, sum);
    case "unknown":
    case "malformed":
      return transport.bytes;
    default:
      return unreachable(transport);
  }
}

/** ICMP in IPv4 is the one that has no pseudo header. */
function pseudoSum(source: Ip, destination: Ip, protocol: number, length: number): number {
  return protocol === Protocol.icmp ? 0 : pseudoHeaderSum(source, destination, protocol, length);
}

function decodePorts(protocol: number, bytes: Uint8Array): Transport4 {
  if (protocol === Protocol.tcp) return orMalformed(protocol, bytes, decodeTcp(bytes));
  if (protocol === Protocol.udp) return orMalformed(protocol, bytes, decodeUdp(bytes));
  return { kind: "unknown", protocol, bytes };
}

/** Reads an ICMPv6 message; those of neighbour discovery have code 0 (RFC 4861 §7.1). */
export function decodeIcmp6(bytes: Uint8Array): Result<Echo | Icmp | Ndp, WireError> {
  if (bytes.length >= 2 && byteAt(bytes, 1) === 0) {
    const type = byteAt(bytes, 0);
    if (type === NDP_TYPES["ndp-solicitation"]) return decodeNdp("ndp-solicitation", bytes);
    if (type === NDP_TYPES["ndp-advertisement"]) return decodeNdp("ndp-advertisement", bytes);
  }
  return decodeIcmp(6, bytes);
}

function orMalformed<T>(
  protocol: number,
  bytes: Uint8Array,
  result: Result<T, WireError>,
): T | MalformedTransport {
  if (result.ok) return result.value;
  return { kind: "malformed", protocol, reason: formatWireError(result.error), bytes };
}
