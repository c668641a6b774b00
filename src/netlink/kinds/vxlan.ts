import { type Ip, ipVersion, isMulticast } from "../../addr/index.ts";
import { attribute, table, type ValuesOf } from "../attribute.ts";
import { type LinkRef, linkName, option, type Words } from "../command.ts";
import { be16, bool, ip, u32 } from "../field.ts";
import type { LinkKind } from "./link-kind.ts";

/**
 * IFLA_VXLAN_* in IFLA_INFO_DATA (drivers/net/vxlan/vxlan_core.c): what joins two segments. Each IP
 * version has its own attributes.
 */
const vxlanTable = table({
  id: attribute(1, u32),
  remote: attribute(2, ip),
  /** The link that tunnelled frames leave by; a vxlan has no IFLA_LINK. */
  underlay: attribute(3, u32),
  local: attribute(4, ip),
  learning: attribute(7, bool),
  port: attribute(15, be16),
  remote6: attribute(16, ip),
  local6: attribute(17, ip),
});

type VxlanTable = typeof vxlanTable;

interface VxlanOptions {
  /** Where frames to unknown MACs go: a host, or a group of them. */
  readonly remote?: Ip;
  /** Of the same IP version as `remote`. */
  readonly local?: Ip;
  /** Whether it learns which host has which MAC; a new link does. */
  readonly learning?: "on" | "off";
}

/** `ip link add … type vxlan id ID …`. */
export interface NewVxlan extends VxlanOptions {
  readonly kind: "vxlan";
  /** The network, 24 bits. */
  readonly id: number;
  /** Needed for a group. */
  readonly underlay?: LinkRef;
  /** Of UDP. Not optional, because the kernel's default (8472) is not that of RFC 7348 (4789). */
  readonly port: number;
}

/** `ip link set dev LINK type vxlan …`. */
export interface VxlanChange extends VxlanOptions {
  readonly kind: "vxlan";
}

export const vxlan: LinkKind<VxlanTable, NewVxlan, VxlanChange> = {
  table: vxlanTable,
  create: ({ id, underlay, port, ...options }) => ({
    data: {
      ...(underlay === undefined ? {} : { underlay: underlay.ifindex }),
      id,
      ...optionData(options),
      port,
    },
    words: [
      ...option("id", id),
      ...option("dev", underlay && linkName(underlay)),
      ...optionWords(options),
      ...option("dstport", port),
    ],
  }),
  change: (options) => ({ data: optionData(options), words: optionWords(options) }),
};

function optionData({ local, remote, learning }: VxlanOptions): ValuesOf<VxlanTable> {
  return {
    ...(local === undefined ? {} : { [ipVersion(local) === 4 ? "local" : "local6"]: local }),
    ...(remote === undefined ? {} : { [ipVersion(remote) === 4 ? "remote" : "remote6"]: remote }),
    ...(learning === undefined ? {} : { learning: learning === "on" }),
  };
}

function optionWords({ local, remote, learning }: VxlanOptions): Words {
  return [
    ...option("local", local),
    ...(remote === undefined ? [] : [isMulticast(remote) ? "group" : "remote", remote]),
    ...(learning === undefined ? [] : [learning === "on" ? "learning" : "nolearning"]),
  ];
}
