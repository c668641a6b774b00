import { be16 } from "../field.ts";
import { enumeration } from "../vocabulary.ts";

/** The ethertype of a VLAN tag, spelled as iproute2 spells it: ETH_P_8021Q and ETH_P_8021AD. */
export const vlanProtocol = enumeration(be16, { "802.1Q": 0x8100, "802.1ad": 0x88a8 });

export type VlanProtocol = "802.1Q" | "802.1ad";
