/** EtherTypes (IEEE 802 numbers). */
export const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  dot1q: 0x8100,
  ipv6: 0x86dd,
  dot1ad: 0x88a8,
} as const;

/** Below this the field is the length of an 802.3 frame, e.g. of spanning tree (802.3 §3.2.6). */
export const ETHER_TYPE_MIN = 0x0600;

/** IP protocol numbers (IANA "Assigned Internet Protocol Numbers"). */
export const Protocol = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  icmp6: 58,
  destinationOptions: 60,
} as const;

/** What Linux uses where nobody asks for another limit (net.ipv4.ip_default_ttl, hop_limit). */
export const DEFAULT_HOP_LIMIT = 64;
