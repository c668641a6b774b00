import { attribute, table } from "../attribute.ts";
import { type LinkRef, linkName, option } from "../command.ts";
import { mac, u8, u16, u32 } from "../field.ts";
import { enumeration } from "../vocabulary.ts";
import type { KindRequest, LinkKind } from "./link-kind.ts";

/** BOND_MODE_* (include/uapi/linux/if_bonding.h), spelled as iproute2 spells them. */
const modes = {
  "balance-rr": 0,
  "active-backup": 1,
  "balance-xor": 2,
  broadcast: 3,
  "802.3ad": 4,
  "balance-tlb": 5,
  "balance-alb": 6,
} as const;

/** IFLA_BOND_* in IFLA_INFO_DATA (drivers/net/bonding/bond_netlink.c): what matters to a parent. */
const bondTable = table({
  mode: attribute(1, enumeration(u8, modes)),
  /** IFLA_BOND_ACTIVE_SLAVE: the port in use, in the modes that use one. */
  activePort: attribute(2, u32),
  /** Milliseconds between looks at the carrier of the ports; 0 never looks. */
  miimon: attribute(3, u32),
  failOverMac: attribute(13, enumeration(u8, { none: 0, active: 1, follow: 2 })),
});

/** IFLA_BOND_SLAVE_* in IFLA_INFO_SLAVE_DATA: what a bond knows of one of its ports. */
export const bondPortTable = table({
  state: attribute(1, enumeration(u8, { active: 0, backup: 1 })),
  miiStatus: attribute(2, enumeration(u8, { up: 0, goingDown: 1, down: 2, comingBack: 3 })),
  linkFailures: attribute(3, u32),
  /** The MAC that the port gets back when it leaves. */
  permanentMac: attribute(4, mac),
  queueId: attribute(5, u16),
});

export type BondMode = keyof typeof modes;

interface BondOptions {
  /** Changed only while the bond is down and has no ports. */
  readonly mode?: BondMode;
  /** Milliseconds. */
  readonly miimon?: number;
  /** Whose MAC the bond has when another port takes over; changed only without ports. */
  readonly failOverMac?: "none" | "active" | "follow";
}

/** `ip link add … type bond mode MODE`. Ports are added with `setLink`, and must be down. */
export interface NewBond extends BondOptions {
  readonly kind: "bond";
  readonly mode: BondMode;
}

/** `ip link set dev LINK type bond …`. */
export interface BondChange extends BondOptions {
  readonly kind: "bond";
  readonly activePort?: LinkRef;
}

export const bond: LinkKind<typeof bondTable, NewBond, BondChange> = {
  table: bondTable,
  create: request,
  change: request,
};

function request(spec: Omit<BondChange, "kind">): KindRequest<typeof bondTable> {
  const { mode, activePort, miimon, failOverMac } = spec;
  return {
    data: {
      ...(mode === undefined ? {} : { mode }),
      ...(activePort === undefined ? {} : { activePort: activePort.ifindex }),
      ...(miimon === undefined ? {} : { miimon }),
      ...(failOverMac === undefined ? {} : { failOverMac }),
    },
    words: [
      ...option("mode", mode),
      ...option("active_slave", activePort && linkName(activePort)),
      ...option("miimon", miimon),
      ...option("fail_over_mac", failOverMac),
    ],
  };
}
