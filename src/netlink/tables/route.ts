import { attribute, table } from "../attribute.ts";
import { bytes, ip, u8, u32 } from "../field.ts";
import { headed, struct } from "../struct.ts";
import { bitset, enumeration } from "../vocabulary.ts";
import { scope } from "./address.ts";

/** RTN_*. */
const routeTypes = {
  unspecified: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;

export type RouteType = keyof typeof routeTypes;

/** RTPROT_*: who made the route. */
const routeProtocols = {
  unspecified: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  dhcp: 16,
} as const;

export type RouteProtocol = keyof typeof routeProtocols;

/** RTNH_F_* and RTM_F_*. */
const routeFlags = {
  dead: 0x1,
  pervasive: 0x2,
  onlink: 0x4,
  offload: 0x8,
  linkdown: 0x10,
  unresolved: 0x20,
  trap: 0x40,
  cloned: 0x200,
  /** RTM_F_FIB_MATCH, in requests: the route as it stands in its table. */
  fibMatch: 0x2000,
} as const;

export type RouteFlag = keyof typeof routeFlags;

/** struct rtmsg and RTA_* (include/uapi/linux/rtnetlink.h). */
export const routeMessage = headed(
  struct({
    family: u8,
    toLength: u8,
    sourceLength: u8,
    tos: u8,
    /** The table when it is below 256; the attribute `table` has it always. */
    table: u8,
    protocol: enumeration(u8, routeProtocols),
    scope,
    type: enumeration(u8, routeTypes),
    flags: bitset(u32, routeFlags),
  }),
  table({
    to: attribute(1, ip),
    from: attribute(2, ip),
    iif: attribute(3, u32),
    oif: attribute(4, u32),
    gateway: attribute(5, ip),
    metric: attribute(6, u32),
    preferredSource: attribute(7, ip),
    metrics: attribute(8, bytes),
    multipath: attribute(9, bytes),
    flow: attribute(11, u32),
    cacheInfo: attribute(12, bytes),
    table: attribute(15, u32),
    mark: attribute(16, u32),
    /** A gateway of the other IP version: family u16, address. */
    via: attribute(18, bytes),
    preference: attribute(20, u8),
    expires: attribute(23, u32),
    nexthopId: attribute(30, u32),
  }),
);
