import { attribute, nest, repeated, table } from "../attribute.ts";
import { u16 } from "../field.ts";
import { headed, struct } from "../struct.ts";
import { bitset } from "../vocabulary.ts";
import { commonLinkRows, linkHeader } from "./link.ts";

const IFLA_AF_SPEC = 26;

/** struct bridge_vlan_info; a range is two of them, where its ends are marked. */
const vlanInfo = struct({
  /** BRIDGE_VLAN_INFO_* (include/uapi/linux/if_bridge.h). */
  flags: bitset(u16, { pvid: 2, untagged: 4, rangeBegin: 8, rangeEnd: 16 }),
  vid: u16,
});

/** RTM_*LINK of AF_BRIDGE, where IFLA_AF_SPEC holds IFLA_BRIDGE_*: the same in both directions. */
export const bridgeVlanMessage = headed(
  linkHeader,
  table({
    name: commonLinkRows.name,
    upper: commonLinkRows.upper,
    extMask: commonLinkRows.extMask,
    afSpec: attribute(
      IFLA_AF_SPEC,
      nest(
        table({
          /** Who is asked: the bridge above the port, the link itself, or both. */
          target: attribute(0, bitset(u16, { bridge: 1, self: 2 })),
          vlans: repeated(2, vlanInfo),
        }),
      ),
    ),
  }),
);
