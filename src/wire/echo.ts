import type { Ip4, IpVersion } from "../addr/index.ts";
import { type Echo, encodeIcmp, sealIcmp } from "./icmp.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIcmp6 } from "./transport.ts";

/** An echo as a raw ICMP socket receives it. */
export interface ReceivedEcho extends Echo {
  /** Known for IPv4 only: the IPv6 socket hands out no header (ask recvfrom). */
  readonly source?: Ip4;
}

/**
 * An echo to send on a raw ICMP socket, without an IP header. The checksum is filled for IPv4; on
 * an ICMPv6 socket the kernel does it (RFC 3542 §3.1), who alone knows the source address.
 */
export function encodeEcho({
  version,
  ...echo
}: Echo & { readonly version: IpVersion }): Uint8Array {
  const bytes = encodeIcmp(version, echo);
  return version === 4 ? sealIcmp(bytes, 0) : bytes;
}

/**
 * Reads what a raw ICMP socket received: it begins with the IPv4 header for version 4 (raw(7)),
 * with the ICMPv6 message for version 6. Undefined for everything that is not an echo.
 */
export function decodeEcho(version: IpVersion, bytes: Uint8Array): ReceivedEcho | undefined {
  if (version === 6) {
    const message = decodeIcmp6(bytes);
    return message.ok && isEcho(message.value) ? message.value : undefined;
  }
  const packet = decodeIpv4(bytes);
  if (!packet.ok || !isEcho(packet.value.transport)) return undefined;
  return { ...packet.value.transport, source: packet.value.source };
}

function isEcho(message: { readonly kind: string }): message is Echo {
  return message.kind === "icmp-echo-request" || message.kind === "icmp-echo-reply";
}
