import { type Ip, type IpVersion, isMulticastMac, type Mac } from "../addr/index.ts";
import { unreachable } from "../base/index.ts";
import { BROADCAST_MAC } from "./announce.ts";
import { type Frame, payloadEtherType } from "./frame.ts";
import { EtherType, Protocol } from "./numbers.ts";
import type { Tcp } from "./tcp.ts";
import { type Transport6, transportProtocol } from "./transport.ts";

/** Which frames of a capture are meant. Made by `parseFilter`. */
export type FrameFilter =
  | { readonly kind: "all" }
  | { readonly kind: "and" | "or"; readonly operands: readonly FrameFilter[] }
  | { readonly kind: "not"; readonly operand: FrameFilter }
  | { readonly kind: "arp"; readonly operation: "any" | "request" | "reply" }
  | { readonly kind: "ip"; readonly version: IpVersion }
  | { readonly kind: "icmp"; readonly version: IpVersion; readonly message: EchoMessage }
  | { readonly kind: "ndp" }
  | { readonly kind: "tcp"; readonly segment: TcpSegment }
  | { readonly kind: "udp" }
  | { readonly kind: "host"; readonly side: Side; readonly address: Ip }
  | { readonly kind: "ether"; readonly side: Side; readonly address: Mac }
  | { readonly kind: "broadcast" }
  | { readonly kind: "multicast" }
  | { readonly kind: "vlan"; readonly id: number | "any" }
  | { readonly kind: "port"; readonly side: Side; readonly port: number };

/** Which end of a frame an address or port is compared with. */
export type Side = "source" | "destination" | "either";

type EchoMessage = "any" | "echo-request" | "echo-reply";
type TcpSegment = "any" | "syn" | "synack" | "ack" | "rst";

/**
 * Whether `filter` lets `frame` through. As in tcpdump, "host" looks at the ARP sender and target
 * too, later fragments have a protocol but no ports, and "multicast" includes broadcast. Unlike
 * tcpdump, what lies behind VLAN tags and IPv6 extension headers is matched without being asked
 * for, and "vlan 7" finds the tag wherever it is in the stack.
 */
export function matchesFilter(filter: FrameFilter, frame: Frame): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "and":
      return filter.operands.every((operand) => matchesFilter(operand, frame));
    case "or":
      return filter.operands.some((operand) => matchesFilter(operand, frame));
    case "not":
      return !matchesFilter(filter.operand, frame);
    case "host":
    case "ether":
    case "port":
      return onSide(filter.side, (end) => isAt(end, filter, frame));
    case "broadcast":
      return frame.destination === BROADCAST_MAC;
    case "multicast":
      return isMulticastMac(frame.destination);
    case "vlan":
      return frame.tags.some((tag) => filter.id === "any" || tag.id === filter.id);
    default:
      return matchesProtocol(filter, frame);
  }
}

function matchesProtocol(
  filter: Extract<FrameFilter, { kind: "arp" | "ip" | "icmp" | "ndp" | "tcp" | "udp" }>,
  frame: Frame,
): boolean {
  const transport = transportOf(frame);
  switch (filter.kind) {
    case "arp":
      return matchesArp(filter.operation, frame);
    case "ip":
      return isIp(frame, filter.version);
    case "icmp":
      if (filter.message !== "any" && transport?.kind !== `icmp-${filter.message}`) return false;
      return (
        isIp(frame, filter.version) &&
        protocolOf(frame) === (filter.version === 4 ? Protocol.icmp : Protocol.icmp6)
      );
    case "ndp":
      return transport?.kind === "ndp-solicitation" || transport?.kind === "ndp-advertisement";
    case "tcp":
      if (filter.segment === "any") return protocolOf(frame) === Protocol.tcp;
      return transport?.kind === "tcp" && isSegment(filter.segment, transport);
    case "udp":
      return protocolOf(frame) === Protocol.udp;
    default:
      return unreachable(filter);
  }
}

function matchesArp(operation: "any" | "request" | "reply", { payload }: Frame): boolean {
  if (operation === "any") return payloadEtherType(payload) === EtherType.arp;
  return payload.kind === "arp" && payload.operation === operation;
}

function isSegment(segment: Exclude<TcpSegment, "any">, { flags }: Tcp): boolean {
  switch (segment) {
    case "syn":
      return flags.syn && !flags.ack;
    case "synack":
      return flags.syn && flags.ack;
    case "ack":
      return flags.ack;
    case "rst":
      return flags.rst;
    default:
      return unreachable(segment);
  }
}

function isIp({ payload }: Frame, version: IpVersion): boolean {
  return payloadEtherType(payload) === (version === 4 ? EtherType.ipv4 : EtherType.ipv6);
}

type End = Exclude<Side, "either">;

function onSide(side: Side, test: (end: End) => boolean): boolean {
  return side === "either" ? test("source") || test("destination") : test(side);
}

function isAt(
  end: End,
  filter: Extract<FrameFilter, { kind: "host" | "ether" | "port" }>,
  frame: Frame,
): boolean {
  switch (filter.kind) {
    case "host":
      return addressAt(end, frame) === filter.address;
    case "ether":
      return frame[end] === filter.address;
    case "port":
      return portAt(end, frame) === filter.port;
    default:
      return unreachable(filter);
  }
}

function addressAt(end: End, { payload }: Frame): Ip | undefined {
  if (payload.kind === "ipv4" || payload.kind === "ipv6") return payload[end];
  if (payload.kind !== "arp") return undefined;
  return end === "source" ? payload.senderIp : payload.targetIp;
}

function portAt(end: End, frame: Frame): number | undefined {
  const transport = transportOf(frame);
  if (transport?.kind !== "tcp" && transport?.kind !== "udp") return undefined;
  return end === "source" ? transport.sourcePort : transport.destinationPort;
}

function transportOf({ payload }: Frame): Transport6 | undefined {
  return payload.kind === "ipv4" || payload.kind === "ipv6" ? payload.transport : undefined;
}

function protocolOf({ payload }: Frame): number | undefined {
  if (payload.kind !== "ipv4" && payload.kind !== "ipv6") return undefined;
  return transportProtocol(payload.kind === "ipv4" ? 4 : 6, payload.transport);
}
