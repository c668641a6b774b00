import { type Err, err } from "../base/index.ts";

/** Why bytes are not what their place says they are. */
export interface WireError {
  readonly layer: "ethernet" | "vlan" | "arp" | "ipv4" | "ipv6" | "icmp" | "ndp" | "tcp" | "udp";
  /** A clause for people: "the header needs 20 bytes, 12 are there". */
  readonly reason: string;
}

/** A failed decode of one layer. */
export function wireError(layer: WireError["layer"], reason: string): Err<WireError> {
  return err({ layer, reason });
}

/** `what` ends before its `needed` bytes. */
export function truncated(
  layer: WireError["layer"],
  what: string,
  needed: number,
  available: number,
): Err<WireError> {
  return wireError(layer, `the ${what} needs ${needed} bytes, ${available} are there`);
}

/** One line: "ipv4: the header needs 20 bytes, 12 are there". */
export function formatWireError({ layer, reason }: WireError): string {
  return `${layer}: ${reason}`;
}
