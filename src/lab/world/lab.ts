import type { Ip, Mac } from "../../addr/index.ts";
import type { Problem, Result } from "../../base/index.ts";
import type { NetworkName } from "../../domain/index.ts";
import type { LocalEngine } from "../../engine/index.ts";
import type { Rtnetlink } from "../../netlink/index.ts";
import type { NetnsHandle, Platform } from "../../platform/index.ts";
import type { Store } from "../../store/index.ts";
import type { ProcessChange, Service } from "../format/actions.ts";
import type {
  NodeSetup,
  ScenarioHost,
  ScenarioNetwork,
  ScenarioNic,
  ScenarioPort,
} from "../format/scenario.ts";
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
  readonly engine: LocalEngine;
  readonly store: Store;
  /** Another engine with the same book, as another process on the host would have. */
  readonly openEngine: () => LocalEngine;
  /** How containers come onto its networks. */
  readonly door: HostDoor;
}

/**
 * A lab that is up. Every namespace is held by an open descriptor and nothing else, so that all of
 * it ends with this process, however that ends. What runs on its hosts ends with their doors.
 */
export interface Lab extends AsyncDisposable {
  readonly platform: Platform;
  /** Fires when the person has had enough. */
  readonly signal: AbortSignal;
  /** Fires when the lab is taken down, for what goes on in it by itself. */
  readonly ending: AbortSignal;
  readonly nodes: ReadonlyMap<string, RunningNode>;
  /** The node with this name; the scenario was checked, so it is there. */
  node(name: string): RunningNode;
  /** A new namespace with lo up: without that a node cannot reach even itself. */
  open(name: string, role: (netns: NetnsHandle) => NodeRole): Result<RunningNode, Problem>;
  /** As `open`, with a namespace that is there already. The lab closes it. */
  adopt(name: string, netns: NetnsHandle, role: NodeRole): Result<RunningNode, Problem>;
  /** Lets go of a namespace and ends what runs in it; the kernel takes it down soon after. */
  close(name: string): void;
  /**
   * An ifindex, unique in the whole lab: two ends of a wire with the same one would look unstacked
   * to the kernel's link watch, which then may take a second to notice them.
   */
  nextIfindex(): number;
}

/** What was done, with what was warned of. */
export type Told = Result<readonly Problem[], Problem>;

/** What an action asks of a network for a container. */
export interface AttachWish {
  readonly network: string;
  readonly ips: readonly Ip[];
  readonly mac?: Mac;
}

/**
 * How containers come onto the networks of one host, and go. Names are those of the file; a
 * container that does not run is an empty namespace. Disposing of it ends all that it started.
 */
export interface HostDoor extends AsyncDisposable {
  /** What engines of the host see: the paths of sandboxes are those of the host. */
  platformFor(platform: Platform): Platform;
  /** The host is there, newly built or after a reboot: what containers need is started. */
  open(host: RunningNode, role: HostRole): Promise<Result<void, Problem>>;
  /** The host dies, with all that runs on it. What is on its disk stays. */
  powerOff(): Promise<void>;
  createNetwork(network: ScenarioNetwork): Promise<Told>;
  removeNetwork(network: NetworkName): Promise<Told>;
  attach(container: string, wish: AttachWish): Promise<Told>;
  /** From one network, or from all that it is on. */
  detach(container: string, network: string | undefined): Promise<Result<Detached, Problem>>;
  /** `start` is as the file says. */
  change(container: string, change: ProcessChange): Promise<Told>;
  changeService(service: Service, change: ProcessChange): Promise<Result<void, Problem>>;
  /** The book that the door's own programs keep; absent, or undefined: the host's. */
  openBook?(host: RunningNode): Result<OpenBook | undefined, Problem>;
  /** The link of a container on a network. */
  linkOn(container: string, network: string): Promise<string | undefined>;
}

/** A book with an engine on it. */
export interface OpenBook extends Disposable {
  readonly engine: LocalEngine;
}

export type Detached = "detached" | "was not attached";

/** The role of a node that is a host. */
export function hostRole(lab: Lab, host: string): HostRole {
  const { role } = lab.node(host);
  if (role.kind !== "host") throw new Error(`${host} is not a host`);
  return role;
}
