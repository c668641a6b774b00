import type { Mac } from "../../addr/index.ts";
import { unreachable } from "../../base/index.ts";
import { attribute, nestList, table, type ValuesOf } from "../attribute.ts";
import { type LinkRef, option, type Words } from "../command.ts";
import { mac, s32, u16, u32 } from "../field.ts";
import { bitset, enumeration } from "../vocabulary.ts";
import type { KindRequest, LinkKind } from "./link-kind.ts";

const IFLA_MACVLAN_MACADDR = 4;

/** IFLA_MACVLAN_* in IFLA_INFO_DATA, of macvlan and macvtap (drivers/net/macvlan.c). */
const macvlanTable = table({
  mode: attribute(1, enumeration(u32, { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 })),
  flags: attribute(2, bitset(u16, { nopromisc: 1, nodst: 2 })),
  /** What to do with `macAddress` or `macAddresses`: the list of mode source. */
  macAddressChange: attribute(3, enumeration(u32, { add: 0, remove: 1, clear: 2, replace: 3 })),
  macAddress: attribute(IFLA_MACVLAN_MACADDR, mac),
  macAddresses: attribute(5, nestList(attribute(IFLA_MACVLAN_MACADDR, mac))),
  /** Read only. */
  macAddressCount: attribute(6, u32),
  /** Frames; what this link asks for. The parent's queue is the largest of its children's. */
  bcQueueLen: attribute(7, u32),
  /** Read only: the parent's queue. */
  bcQueueLenUsed: attribute(8, u32),
  bcCutoff: attribute(9, s32),
});

type MacvlanTable = typeof macvlanTable;

/** The mode of a new macvlan, with what only that mode has. */
export type MacvlanMode =
  | { readonly kind: "private" | "vepa" | "bridge" }
  | { readonly kind: "passthru"; readonly flags?: readonly "nopromisc"[] }
  | {
      readonly kind: "source";
      /** Whose frames the link receives. */
      readonly allowedMacs: readonly Mac[];
      readonly flags?: readonly "nodst"[];
    };

/** `ip link add link PARENT … type macvlan mode MODE`. */
export interface NewMacvlan {
  readonly kind: "macvlan" | "macvtap";
  readonly parent: LinkRef;
  readonly mode: MacvlanMode;
  /** Frames that may wait for broadcast delivery; the kernel's default is 1000. */
  readonly bcQueueLen?: number;
}

/**
 * `ip link set dev LINK type macvlan …`. The kernel refuses to enter or leave passthru (EINVAL).
 */
export interface MacvlanChange {
  readonly kind: "macvlan" | "macvtap";
  readonly mode?: "private" | "vepa" | "bridge" | "source";
  /** All flags at once: what is not named is cleared. */
  readonly flags?: readonly ("nopromisc" | "nodst")[];
  readonly bcQueueLen?: number;
  /** Only in mode source. */
  readonly allowedMacs?: AllowedMacsChange;
}

export type AllowedMacsChange =
  | { readonly kind: "add" | "remove"; readonly mac: Mac }
  | { readonly kind: "replace"; readonly macs: readonly Mac[] }
  | { readonly kind: "clear" };

export const macvlan: LinkKind<MacvlanTable, NewMacvlan, MacvlanChange> = {
  table: macvlanTable,
  create: ({ parent, mode, bcQueueLen }) => ({
    parent,
    ...request({
      mode: mode.kind,
      flags: "flags" in mode ? mode.flags : undefined,
      bcQueueLen,
      allowedMacs:
        mode.kind === "source" && mode.allowedMacs.length > 0
          ? { kind: "replace", macs: mode.allowedMacs }
          : undefined,
    }),
  }),
  change: ({ mode, flags, bcQueueLen, allowedMacs }) =>
    request({ mode, flags, bcQueueLen, allowedMacs }),
};

interface Parts {
  readonly mode: MacvlanMode["kind"] | undefined;
  readonly flags: readonly ("nopromisc" | "nodst")[] | undefined;
  readonly bcQueueLen: number | undefined;
  readonly allowedMacs: AllowedMacsChange | undefined;
}

function request({ mode, flags, bcQueueLen, allowedMacs }: Parts): KindRequest<MacvlanTable> {
  return {
    data: {
      ...(bcQueueLen === undefined ? {} : { bcQueueLen }),
      ...(allowedMacs === undefined ? {} : macAddressData(allowedMacs)),
      ...(mode === undefined ? {} : { mode }),
      ...(flags === undefined ? {} : { flags }),
    },
    words: [
      ...option("mode", mode),
      ...(flags ?? []),
      ...option("bcqueuelen", bcQueueLen),
      // Last: `macaddr set` takes every word that follows for a MAC.
      ...(allowedMacs === undefined ? [] : ["macaddr", ...macAddressWords(allowedMacs)]),
    ],
  };
}

function macAddressData(change: AllowedMacsChange): ValuesOf<MacvlanTable> {
  switch (change.kind) {
    case "add":
    case "remove":
      return { macAddressChange: change.kind, macAddress: change.mac };
    case "replace":
      return { macAddressChange: change.kind, macAddresses: change.macs };
    case "clear":
      return { macAddressChange: change.kind };
    default:
      return unreachable(change);
  }
}

function macAddressWords(change: AllowedMacsChange): Words {
  switch (change.kind) {
    case "add":
      return ["add", change.mac];
    case "remove":
      return ["del", change.mac];
    case "replace":
      return ["set", ...change.macs];
    case "clear":
      return ["flush"];
    default:
      return unreachable(change);
  }
}
