import type { Millis } from "../../base/index.ts";
import { attribute, table } from "../attribute.ts";
import { oneZero, option } from "../command.ts";
import { bool, bytes, mac, u8, u16, u32 } from "../field.ts";
import { type VlanProtocol, vlanProtocol } from "../tables/vlan-protocol.ts";
import { enumeration } from "../vocabulary.ts";
import type { KindRequest, LinkKind } from "./link-kind.ts";

/** IFLA_BR_* in IFLA_INFO_DATA of a bridge. Times are USER_HZ ticks: hundredths of a second. */
const bridgeTable = table({
  forwardDelay: attribute(1, u32),
  helloTime: attribute(2, u32),
  maxAge: attribute(3, u32),
  ageingTime: attribute(4, u32),
  stp: attribute(5, enumeration(u32, { off: 0, kernel: 1, user: 2 })),
  priority: attribute(6, u16),
  vlanFiltering: attribute(7, bool),
  vlanProtocol: attribute(8, vlanProtocol),
  groupForwardMask: attribute(9, u16),
  groupAddress: attribute(20, mac),
  mcastSnooping: attribute(23, bool),
  mcastQuerier: attribute(25, bool),
  nfCallIptables: attribute(36, bool),
  nfCallIp6tables: attribute(37, bool),
  nfCallArptables: attribute(38, bool),
  defaultPvid: attribute(39, u16),
  vlanStats: attribute(41, bool),
  multiBoolOptions: attribute(46, bytes),
  fdbLearned: attribute(48, u32),
  fdbMaxLearned: attribute(49, u32),
});

/** IFLA_BRPORT_* in IFLA_INFO_SLAVE_DATA: what a bridge knows of one of its ports. */
export const bridgePortTable = table({
  state: attribute(
    1,
    enumeration(u8, { disabled: 0, listening: 1, learning: 2, forwarding: 3, blocking: 4 }),
  ),
  priority: attribute(2, u16),
  cost: attribute(3, u32),
  /** IFLA_BRPORT_MODE. */
  hairpin: attribute(4, bool),
  guard: attribute(5, bool),
  protect: attribute(6, bool),
  fastLeave: attribute(7, bool),
  learning: attribute(8, bool),
  unicastFlood: attribute(9, bool),
  proxyArp: attribute(10, bool),
  proxyArpWifi: attribute(12, bool),
  portId: attribute(17, u16),
  portNumber: attribute(18, u16),
  mcastRouter: attribute(25, u8),
  mcastFlood: attribute(27, bool),
  mcastToUnicast: attribute(28, bool),
  vlanTunnel: attribute(29, bool),
  bcastFlood: attribute(30, bool),
  groupForwardMask: attribute(31, u16),
  neighSuppress: attribute(32, bool),
  isolated: attribute(33, bool),
  backupPort: attribute(34, u32),
  locked: attribute(39, bool),
  mab: attribute(40, bool),
});

/** Options of a bridge, at creation or later; what is left out keeps the kernel's default. */
export interface BridgeOptions {
  readonly kind: "bridge";
  /** How long a learned MAC is kept; 0 makes a hub. */
  readonly ageingTime?: Millis;
  readonly forwardDelay?: Millis;
  readonly stp?: "off" | "kernel";
  readonly vlanFiltering?: boolean;
  readonly vlanProtocol?: VlanProtocol;
  /** The VLAN that new ports are untagged members of; 0 for none. The kernel's default is 1. */
  readonly defaultPvid?: number;
  /** Bit N forwards frames to 01:80:c2:00:00:0N; bits 0 to 2 are refused. */
  readonly groupForwardMask?: number;
  readonly mcastSnooping?: boolean;
}

const MILLIS_PER_TICK = 10;

function request(spec: BridgeOptions): KindRequest<typeof bridgeTable> {
  const { ageingTime, forwardDelay, stp, vlanFiltering } = spec;
  const { defaultPvid, groupForwardMask, mcastSnooping } = spec;
  const data = {
    ...(ageingTime === undefined ? {} : { ageingTime: ticks(ageingTime) }),
    ...(forwardDelay === undefined ? {} : { forwardDelay: ticks(forwardDelay) }),
    ...(stp === undefined ? {} : { stp }),
    ...(vlanFiltering === undefined ? {} : { vlanFiltering }),
    ...(spec.vlanProtocol === undefined ? {} : { vlanProtocol: spec.vlanProtocol }),
    ...(defaultPvid === undefined ? {} : { defaultPvid }),
    ...(groupForwardMask === undefined ? {} : { groupForwardMask }),
    ...(mcastSnooping === undefined ? {} : { mcastSnooping }),
  };
  return {
    data,
    words: [
      ...option("ageing_time", data.ageingTime),
      ...option("forward_delay", data.forwardDelay),
      ...oneZero("stp_state", stp === undefined ? undefined : stp === "kernel"),
      ...oneZero("vlan_filtering", vlanFiltering),
      ...option("vlan_protocol", spec.vlanProtocol),
      ...option("vlan_default_pvid", defaultPvid),
      ...option("group_fwd_mask", groupForwardMask),
      ...oneZero("mcast_snooping", mcastSnooping),
    ],
  };
}

function ticks(time: Millis): number {
  return Math.round(time / MILLIS_PER_TICK);
}

export const bridge: LinkKind<typeof bridgeTable, BridgeOptions, BridgeOptions> = {
  table: bridgeTable,
  create: request,
  change: request,
};
