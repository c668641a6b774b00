import type { Ip } from "../../addr/index.ts";
import type { Millis } from "../../base/index.ts";
import type { Reachability } from "../format/scenario.ts";
import type { RunningNode } from "../world/lab.ts";

/** What became of one flow. */
export interface Measurement {
  readonly reachability: Reachability;
  /** The sender's address as the target saw it; absent when nothing arrived. */
  readonly seenAs?: Ip;
  /** What was seen on the way to this result, for failed checks. */
  readonly evidence: readonly string[];
}

/** A flow with everything resolved that a probe needs. */
export interface ResolvedFlow {
  readonly from: RunningNode;
  /** Undefined when the target is an address that no node of the lab is named for. */
  readonly to: RunningNode | undefined;
  readonly version: 4 | 6;
  readonly target: Ip;
  /** The address that the sender must use, where the flow names one. */
  readonly source: Ip | undefined;
  readonly bindTo: string | undefined;
  readonly patience: Millis;
}
