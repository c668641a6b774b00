import type { Brand } from "../base/index.ts";
import type { IfName, NetworkName } from "./names.ts";
import type { VlanStack } from "./vlan.ts";

/** Name of a segment; hosts of one cluster give the same name to the wire that they share. */
export type SegmentName = Brand<string, "SegmentName">;

/**
 * One broadcast domain as this host knows it: a real lower device of the host's namespace and a
 * stack of VLAN ids on it. Addresses are unique within a segment, whatever network they come from.
 */
export interface Segment {
  readonly name: SegmentName;
  readonly device: IfName;
}

/** What says which wire a network is on. */
interface Wire {
  readonly parent: IfName;
  readonly vlan?: VlanStack;
  readonly parentPlace?: "sandbox";
  readonly name?: NetworkName;
}

/** The segment that a network is on: named after its parent, or the VLAN that this is. */
export function segmentOf({ parent, vlan, parentPlace, name }: Wire): Segment {
  // Whatever the sandboxes' links of that name are plugged into, the network takes it for one wire.
  if (parentPlace === "sandbox")
    return { name: `${name}/${parent}` as SegmentName, device: parent };
  if (vlan !== undefined) return { name: vlanSegment(vlan), device: vlan.on };
  return { name: parent as string as SegmentName, device: parent };
}

/** The wire that a VLAN is, by whatever name its link goes. */
function vlanSegment({ on, tags }: VlanStack): SegmentName {
  const words = tags.map(({ protocol, id }) => (protocol === "802.1Q" ? `.${id}` : `.ad${id}`));
  return `${on}${words.join("")}` as SegmentName;
}
