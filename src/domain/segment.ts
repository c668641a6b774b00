import type { Brand } from "../base/index.ts";
import type { IfName } from "./names.ts";
import type { NetworkSpec } from "./network.ts";
import { vlanSegment } from "./vlan.ts";

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

/** The segment that a network is on: named after its parent, or the VLAN that this is. */
export function segmentOf({ parent, vlan }: Pick<NetworkSpec, "parent" | "vlan">): Segment {
  if (vlan !== undefined) return { name: vlanSegment(vlan), device: vlan.on };
  return { name: parent as string as SegmentName, device: parent };
}
