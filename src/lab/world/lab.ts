import type { Problem, Result } from "../../base/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Rtnetlink } from "../../netlink/index.ts";
import type { NetnsHandle, Platform } from "../../platform/index.ts";
import type { NodeSetup, ScenarioHost, ScenarioNic } from "../format/scenario.ts";
import type { Keeper } from "./keeper.ts";

/** One namespace of a running lab. */
export interface RunningNode {
  readonly name: string;
  readonly netns: NetnsHandle;
  /** The conversation with the kernel about it, open as long as the lab. */
  readonly link: Rtnetlink;
  /** Runs the scenario's own commands there. */
  readonly keeper: Keeper;
  readonly role: NodeRole;
}

export type NodeRole =
  | { readonly kind: "switch" }
  | { readonly kind: "host"; readonly spec: ScenarioHost; readonly engine: Engine }
  | { readonly kind: "machine"; readonly setup: NodeSetup; readonly nic: ScenarioNic }
  | { readonly kind: "container"; readonly host: string };

/**
 * A lab that is up. Every namespace is held by an open descriptor and nothing else, so that all of
 * it ends with this process, however that ends.
 */
export interface Lab extends Disposable {
  readonly platform: Platform;
  /** Fires when the person has had enough. */
  readonly signal: AbortSignal;
  readonly nodes: ReadonlyMap<string, RunningNode>;
  /** The node with this name; the scenario was checked, so it is there. */
  node(name: string): RunningNode;
  /** A new namespace with lo up: without that a node cannot reach even itself. */
  open(name: string, role: (netns: NetnsHandle) => NodeRole): Result<RunningNode, Problem>;
}
