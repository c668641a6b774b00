import type { Brand } from "../base/index.ts";
import type { Driver } from "./driver.ts";
import type { IfName, NetworkName } from "./names.ts";
import type { VlanStack, VlanTag } from "./vlan.ts";

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

/** The VLAN of a segment that the link of an endpoint itself is on. */
export function segmentWithin({ name, device }: Segment, driver: Driver): Segment {
  if (driver.kind !== "vlan") return { name, device };
  return {
    name: `${name}${tagWord({ protocol: driver.mode, id: driver.id })}` as SegmentName,
    device,
  };
}

/** The wire that a VLAN is, by whatever name its link goes. */
function vlanSegment({ on, tags }: VlanStack): SegmentName {
  return `${on}${tags.map(tagWord).join("")}` as SegmentName;
}

function tagWord({ protocol, id }: VlanTag): string {
  return protocol === "802.1Q" ? `.${id}` : `.ad${id}`;
}
