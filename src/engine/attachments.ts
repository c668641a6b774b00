import type { InterfaceAddress, Ip, Mac } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type {
  AttachmentKey,
  EndpointRoute,
  FileHolder,
  Mtu,
  Network,
  NetworkName,
  NetworkSpec,
  WorkloadName,
} from "../domain/index.ts";
import type { AddressSet, GivenAddress } from "../ipam/index.ts";
import type { EndpointView, OperationOptions, SandboxHandle } from "./engine.ts";

/** An endpoint that a runtime names by a key of its own, and that nobody moves. */
export interface AttachmentRequest extends OperationOptions {
  readonly key: AttachmentKey;
  /** One that `ensureNetwork` gave, or the user's own. */
  readonly network: NetworkName;
  readonly sandbox: SandboxHandle;
  readonly mac?: Mac;
  readonly workload?: WorkloadName;
  readonly addressing: AttachmentAddressing;
  /**
   * All the routes it gets beside the connected ones, and then the network's, and its gateways, do
   * not count. Absent: what an endpoint of the network gets by `attach`.
   */
  readonly routes?: readonly EndpointRoute[] | RoutesOf;
  /**
   * The directory of `host-local`'s files: each address of a set has one in it for as long as it
   * is given. Only with `sets`.
   */
  readonly allocationFiles?: { readonly directory: string };
}

/** The routes that follow from the addresses that were chosen; pure, called as often as needed. */
export type RoutesOf = (addresses: readonly InterfaceAddress[]) => readonly EndpointRoute[];

/** What an attachment that was made without addresses is to have. */
export interface AssignRequest
  extends Required<Pick<AttachmentRequest, "key" | "sandbox" | "routes">>,
    OperationOptions {
  readonly addressing: Extract<AttachmentAddressing, { readonly kind: "given" }>;
}

/** Where the addresses of an attachment come from. */
export type AttachmentAddressing =
  /** The network's own pools, as `attach` does it. */
  | { readonly kind: "network"; readonly requested: readonly Ip[] }
  /** One address of each set, in their order. */
  | { readonly kind: "sets"; readonly sets: readonly AddressSet[] }
  /** Chosen by somebody else: recorded, and refused where they are another's. */
  | { readonly kind: "given"; readonly addresses: readonly GivenAddress[] }
  /** None that anybody knows of. */
  | { readonly kind: "none" };

/** An attachment in the book. */
export interface AttachmentView extends EndpointView {
  readonly key: AttachmentKey;
}

/** An attachment that was just made, and what its link turned out to have. */
export interface Attached extends AttachmentView {
  /** The parent's where the link has none of its own; absent where that has none either. */
  readonly mac?: Mac;
  readonly mtu: Mtu;
  /** Those of the endpoint, in their order, each with the gateway of its pool. */
  readonly addresses: readonly GivenAddress[];
}

/** An address that the files of another address manager give away. */
export interface Hold {
  readonly address: Ip;
  /** The file, with its whole path. */
  readonly file: string;
  readonly holder: FileHolder;
}

export interface EnsureOptions {
  /**
   * Asked when the network is made: what others gave away on it before. What the book has already
   * is left as it is.
   */
  readonly holds?: () => Result<readonly Hold[], Problem>;
}

export interface RemoveOptions extends OperationOptions {
  /** Where the runtime says that the sandbox is now; it is also looked for where it was. */
  readonly sandboxPath?: string;
}

/** For runtimes that say what their attachments are called, as the CNI specification has it. */
export interface Attachments {
  /**
   * The network of a configuration: that of its `origin`'s digest, made when it is missing. Its
   * name is the one asked for, or begins with it where that is another's. One of a former
   * configuration of that name on which nothing hangs any more is removed. It is shown by `net ls`
   * and removed by `net rm` like any other. `spec.origin` must be of kind "cni".
   */
  ensureNetwork(spec: NetworkSpec, options?: EnsureOptions): Promise<Result<Network, Problem>>;
  /**
   * Whether each set has an address for one more attachment of a configuration; nothing is given.
   * Of a configuration that nobody used yet nothing is known. Errors: LF-POOL-EXHAUSTED.
   */
  findRoom(spec: NetworkSpec, sets: readonly AddressSet[]): Promise<Result<void, Problem>>;
  /**
   * Makes an attachment, or nothing: whatever was done is undone after a failure. Errors beside
   * those of `attach`: LF-ATTACHMENT-EXISTS for a second one of the same key, LF-IFNAME-TAKEN,
   * LF-ALLOCATION-TAKEN where an address asked for by name is another's in `host-local`'s files;
   * one that was chosen is held then, and the next is tried. What a sandbox that is gone left of
   * the same key is collected first.
   */
  add(request: AttachmentRequest): Promise<Result<Attached, Problem>>;
  /**
   * Gives an attachment that has no addresses those that somebody chose for its link, as a DHCP
   * server does; or takes it away whole, once it began. LF-ENDPOINT-MISSING where there is none.
   */
  assign(request: AssignRequest): Promise<Result<Attached, Problem>>;
  /**
   * Deletes the link, then the files, then the record; undefined where there is none. Waits for an
   * `add` of the same key that has recorded its intent, in whatever process. Succeeds with sandbox
   * and parent gone; LF-SANDBOX-UNREACHABLE where the link lives and nothing leads to it.
   */
  remove(
    key: AttachmentKey,
    options?: RemoveOptions,
  ): Promise<Result<EndpointView | undefined, Problem>>;
  find(key: AttachmentKey): Promise<Result<AttachmentView | undefined, Problem>>;
  /** Those of one configuration, or all; also what an operation is at work on, or died over. */
  list(configuration?: string): Promise<Result<readonly AttachmentView[], Problem>>;
  /**
   * Serialises everything about one key, in this process and others: for what happens before `add`
   * has recorded anything (a foreign IPAM). May call `add` and `remove`; not itself for the same
   * key. Waits half a minute at most (LF-ATTACHMENT-BUSY), or until the signal fires.
   */
  exclusively<T>(
    key: AttachmentKey,
    signal: AbortSignal,
    work: () => Promise<Result<T, Problem>>,
  ): Promise<Result<T, Problem>>;
  /**
   * Withholds addresses that others' files give away from everybody on the network's segment. What
   * is given or held already is left as it is. `reconcile` ends those whose file is gone.
   */
  hold(network: NetworkName, holds: readonly Hold[]): Promise<Result<void, Problem>>;
  /**
   * Ends the holds of an attachment that somebody else made, and removes their files: for whoever
   * has seen its link gone. Files whose text is not the holder's any more are left.
   */
  unhold(key: AttachmentKey): Promise<Result<readonly Hold[], Problem>>;
}
