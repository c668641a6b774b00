import type { InterfaceAddress, Ip, Mac, Prefix } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type { IfName, Network, NetworkName, WorkloadName } from "../domain/index.ts";
import type { EndpointView } from "./engine.ts";

/** An address for an endpoint that is yet to come. */
export interface ClaimRequest {
  readonly network: NetworkName;
  /** The subnet of the network that it is to be of. */
  readonly prefix: Prefix;
  /** Absent: one is chosen. */
  readonly address?: Ip;
  readonly workload?: WorkloadName;
}

/** An endpoint whose link its runtime moves into the sandbox and configures. */
export interface HandoverRequest {
  readonly network: NetworkName;
  /** What the runtime calls the endpoint; asking twice for one makes one. */
  readonly runtimeId: string;
  /** All that it is to have: what was claimed, or what the runtime chose itself. */
  readonly addresses: readonly Ip[];
  readonly mac?: Mac;
  readonly workload?: WorkloadName;
  /** The name that it is expected to get in the sandbox; the runtime decides. */
  readonly ifname?: IfName;
  readonly signal?: AbortSignal | undefined;
}

/** An endpoint that a runtime asked for, by the runtime's own names. */
export interface RuntimeEndpoint {
  readonly runtimeId: string;
  /** What the runtime calls its network. */
  readonly runtimeNetwork: string;
  readonly view: EndpointView;
}

/**
 * For runtimes that move links themselves, as Docker does: the link is made on the host, under its
 * temporary name, and what becomes of it is found out by looking.
 */
export interface Handover {
  /** Without their endpoints: each call of a runtime asks, and there may be thousands of those. */
  listNetworks(): Promise<Result<readonly Network[], Problem>>;
  /**
   * Withholds an address from everybody else until an endpoint gets it, it is given up, or a minute
   * has passed. Nothing is written: a daemon that is killed forgets its claims.
   */
  claim(request: ClaimRequest): Promise<Result<InterfaceAddress, Problem>>;
  /** Nothing where the claim is over already. */
  giveUp(network: NetworkName, address: Ip): void;
  /**
   * Records the endpoint with its addresses and makes its link on the host. The disk gets it at
   * once, and nobody waits for that: no sandbox survives a power cut.
   */
  prepare(request: HandoverRequest): Promise<Result<EndpointView, Problem>>;
  /**
   * Notes where the runtime takes the link. Errors: LF-ENDPOINT-MISSING, and what went wrong since
   * `prepare` answered.
   */
  expectIn(runtimeId: string, path: string): Promise<Result<EndpointView, Problem>>;
  /** Those of this boot that no operation is at work on. */
  list(): Promise<Result<readonly RuntimeEndpoint[], Problem>>;
  /** Deletes the link wherever it is, then frees the addresses; nothing left is a success. */
  withdraw(runtimeId: string): Promise<Result<EndpointView | undefined, Problem>>;
}
