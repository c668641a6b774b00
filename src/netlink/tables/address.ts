import { attribute, table } from "../attribute.ts";
import { bytes, ip, s32, string, u8, u32 } from "../field.ts";
import { headed, struct } from "../struct.ts";
import { bitset, enumeration } from "../vocabulary.ts";

const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

export type ScopeName = keyof typeof scopes;

/** RT_SCOPE_*: how far an address or a destination reaches. */
export const scope = enumeration(u8, scopes);

/** IFA_F_*. `secondary` is called temporary for IPv6. */
const addressFlags = {
  secondary: 0x1,
  nodad: 0x2,
  optimistic: 0x4,
  dadfailed: 0x8,
  home: 0x10,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  mngtmpaddr: 0x100,
  noprefixroute: 0x200,
  autojoin: 0x400,
  stablePrivacy: 0x800,
} as const;

export type AddressFlag = keyof typeof addressFlags;

/** struct ifaddrmsg and IFA_* (include/uapi/linux/if_addr.h). */
export const addressMessage = headed(
  struct({
    family: u8,
    prefixLength: u8,
    /** The low byte of the attribute `flags`. */
    flags: u8,
    scope,
    ifindex: u32,
  }),
  table({
    /** The peer on a point-to-point link, otherwise the same as `local`. */
    address: attribute(1, ip),
    local: attribute(2, ip),
    label: attribute(3, string),
    broadcast: attribute(4, ip),
    anycast: attribute(5, ip),
    cacheInfo: attribute(6, bytes),
    multicast: attribute(7, ip),
    flags: attribute(8, bitset(u32, addressFlags)),
    prefixRouteMetric: attribute(9, u32),
    targetNetnsid: attribute(10, s32),
    /** IFAPROT_*: who set it. */
    proto: attribute(11, u8),
  }),
);
