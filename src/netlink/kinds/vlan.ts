import { attribute, nestList, table } from "../attribute.ts";
import { type LinkRef, option, type Words } from "../command.ts";
import { u16, u32 } from "../field.ts";
import { struct } from "../struct.ts";
import { type VlanProtocol, vlanProtocol } from "../tables/vlan-protocol.ts";
import { bitset } from "../vocabulary.ts";
import type { KindRequest, LinkKind } from "./link-kind.ts";

const flagBits = bitset(u32, {
  reorderHdr: 1,
  gvrp: 2,
  looseBinding: 4,
  mvrp: 8,
  bridgeBinding: 16,
});

const IFLA_VLAN_QOS_MAPPING = 1;
const qosMap = nestList(attribute(IFLA_VLAN_QOS_MAPPING, struct({ from: u32, to: u32 })));

/** IFLA_VLAN_* in IFLA_INFO_DATA (net/8021q/vlan_netlink.c). */
const vlanTable = table({
  id: attribute(1, u16),
  /** struct ifla_vlan_flags: what `mask` does not name stays. In answers the mask has all bits. */
  flags: attribute(2, struct({ flags: flagBits, mask: flagBits })),
  egressQos: attribute(3, qosMap),
  ingressQos: attribute(4, qosMap),
  protocol: attribute(5, vlanProtocol),
});

type VlanTable = typeof vlanTable;

/** iproute2's word for each flag. */
const flagWords = {
  reorderHdr: "reorder_hdr",
  gvrp: "gvrp",
  mvrp: "mvrp",
  looseBinding: "loose_binding",
  bridgeBinding: "bridge_binding",
} as const;

export type VlanFlag = keyof typeof flagWords;

/** A priority of the kernel's (`skb->priority`) and one in the tag (PCP, 0 to 7), in one map. */
export interface QosMapping {
  readonly from: number;
  readonly to: number;
}

interface VlanOptions {
  /** What is not named stays; a new link has `reorderHdr` on and the others off. */
  readonly flags?: { readonly [Flag in VlanFlag]?: "on" | "off" };
  /** From the tag to the kernel; what is not named stays. */
  readonly ingressQos?: readonly QosMapping[];
  /** From the kernel to the tag; what is not named stays. */
  readonly egressQos?: readonly QosMapping[];
}

/**
 * `ip link add link PARENT … type vlan id ID`. One link for each parent, protocol and id, in all
 * namespaces (EEXIST).
 */
export interface NewVlan extends VlanOptions {
  readonly kind: "vlan";
  readonly parent: LinkRef;
  /** 0 to 4094, or ERANGE. */
  readonly id: number;
  /** Absent: 802.1Q. */
  readonly protocol?: VlanProtocol;
}

/** `ip link set dev LINK type vlan …`. Id and protocol are fixed. */
export interface VlanChange extends VlanOptions {
  readonly kind: "vlan";
}

export const vlan: LinkKind<VlanTable, NewVlan, VlanChange> = {
  table: vlanTable,
  create: ({ parent, id, protocol, ...options }) => {
    const { data, words } = request(options);
    return {
      parent,
      data: { ...(protocol === undefined ? {} : { protocol }), id, ...data },
      words: [...option("protocol", protocol), ...option("id", id), ...words],
    };
  },
  change: request,
};

function request({ flags = {}, ingressQos, egressQos }: VlanOptions): KindRequest<VlanTable> {
  const named = (Object.keys(flagWords) as VlanFlag[]).filter((flag) => flags[flag] !== undefined);
  const on = named.filter((flag) => flags[flag] === "on");
  return {
    data: {
      ...(ingressQos === undefined ? {} : { ingressQos }),
      ...(egressQos === undefined ? {} : { egressQos }),
      ...(named.length === 0 ? {} : { flags: { flags: on, mask: named } }),
    },
    words: [
      ...named.flatMap((flag) => option(flagWords[flag], flags[flag])),
      ...qosWords("ingress-qos-map", ingressQos),
      ...qosWords("egress-qos-map", egressQos),
    ],
  };
}

function qosWords(name: string, map: readonly QosMapping[] = []): Words {
  return map.length === 0 ? [] : [name, ...map.map(({ from, to }) => `${from}:${to}`)];
}
