import type { Ip, Mac } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type {
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
  /**
   * Whether the network's gateways become default routes: where the sandbox has none yet, or never.
   */
  readonly defaultRoute?: "when-missing" | "never";
}

/** Which endpoint is meant: its own id, or what it is from the sandbox's side. */
export type EndpointSelector =
  | { readonly kind: "id"; readonly id: EndpointId }
  | { readonly kind: "owner"; readonly sandbox: SandboxHandle; readonly ifname: IfName };

/** A network and what hangs on it. */
export interface NetworkView {
  readonly network: Network;
  readonly endpoints: readonly Endpoint[];
}

/** An endpoint and the name of its network. */
export interface EndpointView {
  readonly endpoint: Endpoint;
  readonly network: NetworkName;
}

/**
 * The use cases. Each is one operation: checked against the kernel, recorded with its whole plan,
 * done, recorded as done; or undone, so that kernel and book are as they were.
 */
export interface Engine {
  createNetwork(spec: NetworkSpec): Promise<Result<NetworkView, Problem>>;
  removeNetwork(name: NetworkName): Promise<Result<NetworkView, Problem>>;
  listNetworks(): Promise<Result<readonly NetworkView[], Problem>>;
  inspectNetwork(name: NetworkName): Promise<Result<NetworkView, Problem>>;
  attach(request: AttachRequest): Promise<Result<EndpointView, Problem>>;
  detach(selector: EndpointSelector): Promise<Result<EndpointView, Problem>>;
  listEndpoints(): Promise<Result<readonly EndpointView[], Problem>>;
  listLeases(): Promise<Result<readonly LeaseView[], Problem>>;
  /** The rests that it ended. Errors: LF-LEASE-HELD, LF-LEASE-MISSING. */
  releaseLease(selector: LeaseSelector): Promise<Result<readonly LeaseView[], Problem>>;
}
