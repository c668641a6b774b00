import type { Problem, Result } from "../../base/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Rtnetlink } from "../../netlink/index.ts";
import type { NetnsHandle, Platform } from "../../platform/index.ts";
import type { Store } from "../../store/index.ts";
import type { NodeSetup, ScenarioHost, ScenarioNic, ScenarioPort } from "../format/scenario.ts";
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
  | { readonly kind: "switch"; readonly bridge: number; readonly ports: readonly ScenarioPort[] }
  | HostRole
  | { readonly kind: "machine"; readonly setup: NodeSetup; readonly nic: ScenarioNic }
  | { readonly kind: "container"; readonly host: string };

/** A host has an engine of its own, with its own namespace and store, as a real one has. */
export interface HostRole {
  readonly kind: "host";
  readonly spec: ScenarioHost;
  readonly engine: Engine;
  readonly store: Store;
}

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
  /** Lets go of a namespace and ends what runs in it; the kernel takes it down soon after. */
  close(name: string): void;
  /**
   * An ifindex, unique in the whole lab: two ends of a wire with the same one would look unstacked
   * to the kernel's link watch, which then may take a second to notice them.
   */
  nextIfindex(): number;
}
