import { type Ip4, type Ip6, ipFromBigint, type Mac, macFromBytes } from "../addr/index.ts";
import type { Arp } from "./arp.ts";
import type { Frame } from "./frame.ts";
import { ipv6 } from "./ipv6.ts";

/** Everyone on the segment. */
export const BROADCAST_MAC: Mac = macFromBytes(new Uint8Array(6).fill(0xff));

/** What ARP puts where a MAC is not known yet. */
const NO_MAC: Mac = macFromBytes(new Uint8Array(6));

const NO_IP4: Ip4 = ipFromBigint(4, 0n);

/** Every IPv6 node, and the MAC that RFC 2464 §7 maps it to. */
export const ALL_NODES: Ip6 = ipFromBigint(6, 0xff02_0000_0000_0000_0000_0000_0000_0001n);
/** The MAC of ff02::1. */
export const ALL_NODES_MAC: Mac = macFromBytes(new Uint8Array([0x33, 0x33, 0, 0, 0, 1]));

/** Neighbour discovery accepts only packets that no router has passed on (RFC 4861 §7.1). */
export const NDP_HOP_LIMIT = 255;

/** "Who has `target`? Tell `senderIp`", to everyone (RFC 826). */
export function arpRequest(mac: Mac, senderIp: Ip4, target: Ip4): Frame {
  return arpFrame(BROADCAST_MAC, {
    kind: "arp",
    operation: "request",
    senderMac: mac,
    senderIp,
    targetMac: NO_MAC,
    targetIp: target,
  });
}

/** The answer to `request`: its target address is at `mac` (RFC 826). */
export function arpReply(mac: Mac, request: Arp): Frame {
  return arpFrame(request.senderMac, {
    kind: "arp",
    operation: "reply",
    senderMac: mac,
    senderIp: request.targetIp,
    targetMac: request.senderMac,
    targetIp: request.senderIp,
  });
}

/** Asks whether anyone uses `ip`, without claiming it: the sender is 0.0.0.0 (RFC 5227 §2.1.1). */
export function arpProbe(mac: Mac, ip: Ip4): Frame {
  return arpRequest(mac, NO_IP4, ip);
}

/** Tells everyone that `ip` is at `mac`, by asking for the own address (RFC 5227 §2.3). */
export function arpAnnouncement(mac: Mac, ip: Ip4): Frame {
  return arpRequest(mac, ip, ip);
}

/** Tells everyone that `ip` is at `mac`, replacing what they know (RFC 4861 §7.2.6). */
export function unsolicitedAdvertisement(mac: Mac, ip: Ip6): Frame {
  const packet = ipv6(ip, ALL_NODES, {
    kind: "ndp-advertisement",
    target: ip,
    linkLayer: mac,
    router: false,
    solicited: false,
    override: true,
  });
  return {
    source: mac,
    destination: ALL_NODES_MAC,
    tags: [],
    payload: { ...packet, hopLimit: NDP_HOP_LIMIT },
  };
}

function arpFrame(destination: Mac, payload: Arp): Frame {
  return { source: payload.senderMac, destination, tags: [], payload };
}
