import { attribute, table } from "../attribute.ts";
import { be16, bytes, hardwareAddress, ip, reserved, s32, u8, u16, u32 } from "../field.ts";
import { headed, struct } from "../struct.ts";
import { bitset } from "../vocabulary.ts";

/** NUD_*: more than one bit only in filters. */
const neighbourStates = {
  incomplete: 0x1,
  reachable: 0x2,
  stale: 0x4,
  delay: 0x8,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;

export type NeighbourState = keyof typeof neighbourStates;

/** NTF_*; `bridge` is NTF_MASTER: the table of the bridge above the link. */
const neighbourFlags = {
  use: 0x1,
  self: 0x2,
  bridge: 0x4,
  proxy: 0x8,
  externLearn: 0x10,
  offloaded: 0x20,
  sticky: 0x40,
  router: 0x80,
} as const;

export type NeighbourFlag = keyof typeof neighbourFlags;

/** struct ndmsg and NDA_* (include/uapi/linux/neighbour.h), for neighbours and FDB entries. */
export const neighbourMessage = headed(
  struct({
    family: u8,
    pad: reserved(3),
    ifindex: s32,
    states: bitset(u16, neighbourStates),
    flags: bitset(u8, neighbourFlags),
    /** RTN_* */
    type: u8,
  }),
  table({
    ip: attribute(1, ip),
    address: attribute(2, hardwareAddress),
    cacheInfo: attribute(3, bytes),
    probes: attribute(4, u32),
    vlan: attribute(5, u16),
    port: attribute(6, be16),
    vni: attribute(7, u32),
    ifindex: attribute(8, u32),
    /** NDA_MASTER: the bridge. */
    upper: attribute(9, u32),
    linkNetnsid: attribute(10, s32),
    protocol: attribute(12, u8),
    extendedFlags: attribute(15, u32),
  }),
);
