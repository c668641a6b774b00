import type { Ip, Mac } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type {
  DriverChange,
  Endpoint,
  EndpointId,
  IfName,
  Network,
  NetworkName,
  NetworkSpec,
  WorkloadName,
} from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { LeaseSelector, LeaseView } from "./lease-view.ts";

/** A namespace that somebody asked to attach, and where it was found. */
export interface SandboxHandle {
  readonly netns: NetnsHandle;
  readonly path: string;
}

export interface AttachRequest {
  readonly network: NetworkName;
  readonly sandbox: SandboxHandle;
  readonly ifname: IfName;
  /**
   * Addresses asked for by name, at most one of each subnet; every other IP version is chosen.
   */
  readonly addresses: readonly Ip[];
  readonly mac?: Mac;
  readonly workload?: WorkloadName;
  /** A tap link, which a virtual machine opens by its device; absent: the driver's own kind. */
  readonly linkKind?: "tap";
  /**
   * Whether the network's gateways become default routes: where the sandbox has none yet, or never.
   */
  readonly defaultRoute?: "when-missing" | "never";
  /** Fires when whoever asked goes away: what was done is undone. */
  readonly signal?: AbortSignal | undefined;
}

/** How an operation is called off. */
export interface OperationOptions {
  /** Fires when whoever asked goes away: what was done is undone. */
  readonly signal?: AbortSignal | undefined;
}

export interface DetachOptions {
  /** Fires when whoever asked goes away; a deletion that has begun is finished. */
  readonly signal?: AbortSignal | undefined;
}

/** Which endpoint is meant: its own id, or what it is from the sandbox's side. */
export type EndpointSelector =
  | { readonly kind: "id"; readonly id: EndpointId }
  | { readonly kind: "owner"; readonly sandbox: SandboxHandle; readonly ifname: IfName };

/** A network and what hangs on it. */
export interface NetworkView {
  readonly network: Network;
  readonly endpoints: readonly EndpointId[];
  /** What the user should know of a network that was made all the same. */
  readonly warnings?: readonly Problem[];
}

/** What to change of a network, and of every link on it. */
export interface NetworkChange extends DriverChange {
  readonly name: NetworkName;
}

/** An endpoint and the name of its network. */
export interface EndpointView {
  readonly endpoint: Endpoint;
  readonly network: NetworkName;
  /** What the user should know of an endpoint that was made all the same. */
  readonly warnings?: readonly Problem[];
}

/** Something about which book and kernel do not say the same, or that is in flight. */
export type Finding = EndpointFinding | NetworkFinding;

export interface EndpointFinding extends FindingFacts {
  readonly subject: "endpoint";
  readonly endpoint: EndpointId;
  readonly sandbox: string;
  readonly ifname: IfName;
  readonly kind: FindingKind;
}

/** A change of a network and of the links on it, or something about its parent. */
export interface NetworkFinding extends FindingFacts {
  readonly subject: "network";
  readonly kind: NetworkFindingKind;
}

interface FindingFacts {
  readonly network: NetworkName;
  /** One sentence about this occurrence. */
  readonly detail: string;
  /** What `reconcile` does about it. */
  readonly action: FindingAction;
}

export const findingActions = ["complete", "undo", "collect", "repair", "none"] as const;
export type FindingAction = (typeof findingActions)[number];

export const findingKinds = [
  /** An operation that a living process works on. */
  "running",
  /** An operation whose process died. */
  "interrupted",
  "sandbox-gone",
  /** No path leads to the sandbox, and its link lives. */
  "sandbox-unreachable",
  "link-missing",
  /** Another link stands where ours should. */
  "link-foreign",
  "link-differs",
  /** Another machine has an IPv6 address of it: duplicate address detection failed. */
  "address-conflict",
  /** Nothing of the parent's name is on the host; what hung on it went with it. */
  "parent-missing",
  /** Nothing passes until it is up again, and then by itself. */
  "parent-down",
  /** What endpoints hang on is there under another name. */
  "parent-renamed",
] as const;
export type FindingKind = (typeof findingKinds)[number];

export const networkFindingKinds = [
  "running",
  "interrupted",
  "parent-missing",
  "parent-down",
  "parent-renamed",
] as const satisfies readonly FindingKind[];
export type NetworkFindingKind = (typeof networkFindingKinds)[number];

/** What became of a finding. */
export interface Reconciled {
  readonly finding: Finding;
  readonly outcome: "done" | "left" | "failed";
  readonly problem?: Problem;
}

/** How much a reconcile looks at. */
export interface ReconcileOptions {
  /**
   * Whether files of other address managers that are gone end what they held; absent: "end". Their
   * folders are listed for it, and what they hold is read, which may be 50,000 addresses.
   */
  readonly holds?: "end" | "leave";
}

/**
 * The use cases. Each is one operation: checked against the kernel, recorded with its whole plan,
 * done, recorded as done; or undone, so that kernel and book are as they were.
 */
export interface Engine {
  createNetwork(spec: NetworkSpec): Promise<Result<NetworkView, Problem>>;
  updateNetwork(
    change: NetworkChange,
    options?: OperationOptions,
  ): Promise<Result<NetworkView, Problem>>;
  removeNetwork(
    name: NetworkName,
    options?: OperationOptions,
  ): Promise<Result<NetworkView, Problem>>;
  listNetworks(): Promise<Result<readonly NetworkView[], Problem>>;
  inspectNetwork(name: NetworkName): Promise<Result<NetworkView, Problem>>;
  attach(request: AttachRequest): Promise<Result<EndpointView, Problem>>;
  detach(
    selector: EndpointSelector,
    options?: DetachOptions,
  ): Promise<Result<EndpointView, Problem>>;
  listEndpoints(): Promise<Result<readonly EndpointView[], Problem>>;
  /** Where book and kernel disagree, and what is in flight; changes nothing. */
  status(): Promise<Result<readonly Finding[], Problem>>;
  /**
   * Ends what died, collects endpoints whose sandbox is gone, makes links and parents of ours anew
   * that are gone. What cannot be decided, or is not ours, is told and left alone.
   */
  reconcile(options?: ReconcileOptions): Promise<Result<readonly Reconciled[], Problem>>;
  listLeases(): Promise<Result<readonly LeaseView[], Problem>>;
  /** The rests that it ended. Errors: LF-LEASE-HELD, LF-LEASE-MISSING. */
  releaseLease(selector: LeaseSelector): Promise<Result<readonly LeaseView[], Problem>>;
}
