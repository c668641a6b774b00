import { attribute, table } from "../attribute.ts";
import { type LinkRef, option } from "../command.ts";
import { u16 } from "../field.ts";
import { bitset, enumeration } from "../vocabulary.ts";
import type { KindRequest, LinkKind } from "./link-kind.ts";

/** IFLA_IPVLAN_* in IFLA_INFO_DATA, of ipvlan and ipvtap (drivers/net/ipvlan/ipvlan_main.c). */
const ipvlanTable = table({
  mode: attribute(1, enumeration(u16, { l2: 0, l3: 1, l3s: 2 })),
  /** None of them is the flag `bridge`. */
  flags: attribute(2, bitset(u16, { private: 1, vepa: 2 })),
});

type IpvlanTable = typeof ipvlanTable;

/** Shown by every link, but a property of the parent: the last one set counts for all of them. */
export type IpvlanMode = "l2" | "l3" | "l3s";

/** As the mode a property of the parent; exactly one of them holds. */
export type IpvlanFlag = "bridge" | "private" | "vepa";

/** `ip link add link PARENT … type ipvlan mode MODE FLAG`. */
export interface NewIpvlan {
  readonly kind: "ipvlan" | "ipvtap";
  readonly parent: LinkRef;
  /** Not optional, because without one the kernel turns every link of the parent to l3. */
  readonly mode: IpvlanMode;
  /** Absent: the parent keeps the one it has. iproute2 cannot say that, and sends `bridge`. */
  readonly flag?: IpvlanFlag;
  /** The link has its parent's. */
  readonly mac?: never;
}

/** `ip link set dev LINK type ipvlan …`: changes every link of the parent. */
export interface IpvlanChange {
  readonly kind: "ipvlan" | "ipvtap";
  readonly mode?: IpvlanMode;
  /** Absent: stays. iproute2 cannot say that, and sends `bridge`. */
  readonly flag?: IpvlanFlag;
}

export const ipvlan: LinkKind<IpvlanTable, NewIpvlan, IpvlanChange> = {
  table: ipvlanTable,
  create: ({ parent, mode, flag }) => ({ parent, ...request(mode, flag) }),
  change: ({ mode, flag }) => request(mode, flag),
};

function request(
  mode: IpvlanMode | undefined,
  flag: IpvlanFlag | undefined,
): KindRequest<IpvlanTable> {
  return {
    data: {
      ...(mode === undefined ? {} : { mode }),
      ...(flag === undefined ? {} : { flags: flag === "bridge" ? [] : [flag] }),
    },
    words: [...option("mode", mode), ...(flag === undefined ? [] : [flag])],
  };
}
