import { type Ip, type IpVersion, ipVersion, isUnspecified } from "../addr/index.ts";
import { unreachable } from "../base/index.ts";
import type { Arp } from "./arp.ts";
import type { Frame, Payload, VlanTag } from "./frame.ts";
import { icmpTypeName } from "./icmp.ts";
import type { Ipv4 } from "./ipv4.ts";
import type { Ipv6 } from "./ipv6.ts";
import type { NdpAdvertisement, NdpSolicitation } from "./ndp.ts";
import { ETHER_TYPE_MIN } from "./numbers.ts";
import { TCP_FLAGS, type Tcp } from "./tcp.ts";
import type { Transport6 } from "./transport.ts";

/**
 * One line that shows a frame to people, as evidence:
 * "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff ARP who-has 10.0.0.2 tell 10.0.0.1".
 */
export function describeFrame(frame: Frame): string {
  const tags = frame.tags.map((tag) => `${describeTag(tag)} `).join("");
  return `${frame.source} > ${frame.destination} ${tags}${describePayload(frame.payload)}`;
}

function describeTag({ protocol, id }: VlanTag): string {
  return protocol === "802.1Q" ? `vlan ${id}` : `vlan ${id} (${protocol})`;
}

function describePayload(payload: Payload): string {
  switch (payload.kind) {
    case "arp":
      return `ARP ${describeArp(payload)}`;
    case "ipv4":
    case "ipv6":
      return `${describeIp(payload)}${describeFragment(payload)}`;
    case "unknown":
      return payload.etherType < ETHER_TYPE_MIN
        ? `802.3 frame, ${payload.bytes.length} bytes`
        : `EtherType 0x${hex4(payload.etherType)}, ${payload.bytes.length} bytes`;
    case "malformed":
      return `malformed ${payload.reason}`;
    default:
      return unreachable(payload);
  }
}

function describeArp({ operation, senderMac, senderIp, targetIp }: Arp): string {
  if (operation === "reply") return `${senderIp} is-at ${senderMac}`;
  const question = `who-has ${targetIp} tell ${senderIp}`;
  if (isUnspecified(senderIp)) return `${question} (probe)`;
  return senderIp === targetIp ? `${question} (announcement)` : question;
}

function describeIp({ source, destination, transport }: Ipv4 | Ipv6): string {
  const version = ipVersion(source);
  if (transport.kind === "tcp" || transport.kind === "udp") {
    const from = withPort(source, transport.sourcePort);
    const to = withPort(destination, transport.destinationPort);
    const what = transport.kind === "tcp" ? describeTcp(transport) : "UDP";
    return `${from} > ${to} ${what}, ${transport.data.length} bytes`;
  }
  return `${source} > ${destination} ${describeTransport(version, transport)}`;
}

function describeTransport(
  version: IpVersion,
  transport: Exclude<Transport6, { kind: "tcp" | "udp" }>,
): string {
  const icmp = version === 4 ? "ICMP" : "ICMPv6";
  switch (transport.kind) {
    case "icmp-echo-request":
      return `${icmp} echo request id ${transport.identifier} seq ${transport.sequence}`;
    case "icmp-echo-reply":
      return `${icmp} echo reply id ${transport.identifier} seq ${transport.sequence}`;
    case "icmp":
      return `${icmp} ${icmpTypeName(version, transport.type)}, code ${transport.code}`;
    case "ndp-solicitation":
      return describeSolicitation(transport);
    case "ndp-advertisement":
      return describeAdvertisement(transport);
    case "unknown":
      return `protocol ${transport.protocol}, ${transport.bytes.length} bytes`;
    case "malformed":
      return `malformed ${transport.reason}`;
    default:
      return unreachable(transport);
  }
}

function describeTcp({ flags, sequence, acknowledgement }: Tcp): string {
  const set = TCP_FLAGS.filter((flag) => flags[flag]).join(" ");
  const acknowledged = flags.ack ? ` ack ${acknowledgement}` : "";
  return `TCP [${set}] seq ${sequence}${acknowledged}`;
}

function describeSolicitation({ target, linkLayer }: NdpSolicitation): string {
  return `NDP who-has ${target}${linkLayer === undefined ? "" : ` tell ${linkLayer}`}`;
}

function describeAdvertisement(advertisement: NdpAdvertisement): string {
  const flags = (["router", "solicited", "override"] as const).filter(
    (name) => advertisement[name],
  );
  const place = advertisement.linkLayer ?? "the sender's MAC";
  return `NDP ${advertisement.target} is-at ${place} [${flags.join(" ")}]`;
}

function describeFragment(packet: Ipv4 | Ipv6): string {
  const offset = packet.kind === "ipv4" ? packet.fragmentOffset : packet.fragment?.offset;
  const more = packet.kind === "ipv4" ? packet.moreFragments : packet.fragment?.moreFragments;
  if (!offset && !more) return "";
  return ` (fragment from byte ${offset}${more ? "" : ", the last"})`;
}

function withPort(ip: Ip, port: number): string {
  return ipVersion(ip) === 4 ? `${ip}:${port}` : `[${ip}]:${port}`;
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, "0");
}
