import type { BridgeVlanSpec } from "../../netlink/index.ts";
import type { PortVlan, ScenarioPort } from "../format/scenario.ts";

/** What a port is a member of, and how. */
export type Membership = Pick<BridgeVlanSpec, "vlans" | "flags">;

/** Where a plain port puts frames without a tag, as switches do that nobody configured. */
const DEFAULT_VLAN = 1;
const VLAN_MAX = 4094;

/** Whether a switch with these ports looks at tags at all. */
export function looksAtTags(ports: readonly Pick<ScenarioPort, "vlan">[]): boolean {
  return ports.some(({ vlan }) => vlan.kind !== "plain");
}

/** The VLANs of a port on a switch that looks at tags; it drops the frames of all others. */
export function portVlans(vlan: PortVlan): readonly Membership[] {
  switch (vlan.kind) {
    case "access":
      return [untagged(vlan.vlan)];
    case "trunk": {
      const { vlans, native } = vlan;
      const tagged = [...new Set(vlans)].filter((id) => id !== native).map((id) => ({ vlans: id }));
      return native === undefined ? tagged : [...tagged, untagged(native)];
    }
    case "plain":
      return [untagged(DEFAULT_VLAN), { vlans: { first: DEFAULT_VLAN + 1, last: VLAN_MAX } }];
  }
}

function untagged(vlan: number): Membership {
  return { vlans: vlan, flags: ["pvid", "untagged"] };
}
