import { attribute, nestList, table } from "../attribute.ts";
import {
  bool,
  bytes,
  hardwareAddress,
  reserved,
  s32,
  string,
  text,
  u8,
  u16,
  u32,
} from "../field.ts";
import { struct, type ValueOf } from "../struct.ts";
import { bitset, enumeration } from "../vocabulary.ts";

/** IFF_* (include/uapi/linux/if.h); what only bonding uses stays a number. */
const linkFlags = {
  up: 0x1,
  broadcast: 0x2,
  debug: 0x4,
  loopback: 0x8,
  pointToPoint: 0x10,
  noTrailers: 0x20,
  running: 0x40,
  noArp: 0x80,
  promiscuous: 0x100,
  allMulticast: 0x200,
  multicast: 0x1000,
  dynamic: 0x8000,
  lowerUp: 0x10000,
  dormant: 0x20000,
  echo: 0x40000,
} as const;

export type LinkFlag = keyof typeof linkFlags;

/** struct ifinfomsg. `change` says which flags a request means. */
export const linkHeader = struct({
  family: u8,
  pad: reserved(1),
  /** ARPHRD_*: 1 is Ethernet, 772 loopback. */
  hardware: u16,
  ifindex: s32,
  flags: bitset(u32, linkFlags),
  change: bitset(u32, linkFlags),
});

/** The header of a request that creates a link or means none in particular. */
export const newLinkHeader: ValueOf<typeof linkHeader> = {
  family: 0,
  hardware: 0,
  ifindex: 0,
  flags: [],
  change: [],
};

const operState = enumeration(u8, {
  unknown: 0,
  notPresent: 1,
  down: 2,
  lowerLayerDown: 3,
  testing: 4,
  dormant: 5,
  up: 6,
});

const IFLA_ALT_IFNAME = 53;

/** IFLA_* that mean the same in requests, in answers and for the peer of a veth. */
export const commonLinkRows = {
  address: attribute(1, hardwareAddress),
  broadcast: attribute(2, hardwareAddress),
  name: attribute(3, string),
  mtu: attribute(4, u32),
  /**
   * IFLA_LINK: the ifindex of the parent, or of a veth's other end, in the namespace
   * `linkNetnsid`.
   */
  link: attribute(5, u32),
  qdisc: attribute(6, string),
  /** IFLA_MASTER: the ifindex of the bridge or bond that this link is a port of; 0 takes it out. */
  upper: attribute(10, u32),
  txQueueLen: attribute(13, u32),
  operState: attribute(16, operState),
  linkMode: attribute(17, u8),
  /** IFLA_IFALIAS: the kernel ignores it in the message that creates a link. */
  alias: attribute(20, text),
  group: attribute(27, u32),
  netnsFd: attribute(28, u32),
  extMask: attribute(29, bitset(u32, { vf: 1, brVlan: 2, brVlanCompressed: 4, skipStats: 8 })),
  promiscuity: attribute(30, u32),
  txQueues: attribute(31, u32),
  rxQueues: attribute(32, u32),
  carrier: attribute(33, bool),
  carrierChanges: attribute(35, u32),
  linkNetnsid: attribute(37, s32),
  protoDown: attribute(39, bool),
  newNetnsid: attribute(45, s32),
  targetNetnsid: attribute(46, s32),
  newIfindex: attribute(49, u32),
  minMtu: attribute(50, u32),
  maxMtu: attribute(51, u32),
  altNames: attribute(52, nestList(attribute(IFLA_ALT_IFNAME, string))),
  altName: attribute(IFLA_ALT_IFNAME, string),
  permanentAddress: attribute(54, hardwareAddress),
  parentDevice: attribute(56, string),
  parentBus: attribute(57, string),
  allMulticast: attribute(61, u32),
  stats: attribute(7, bytes),
  map: attribute(14, bytes),
  stats64: attribute(23, bytes),
} as const;

/** IFLA_* of the peer of a veth. */
export const peerTable = table(commonLinkRows);
