import type { InterfaceAddress, Ip, Mac } from "../addr/index.ts";
import type { Brand } from "../base/index.ts";
import type { AllocationFiles, AttachmentKey } from "./attachment.ts";
import type { Driver } from "./driver.ts";
import type { EndpointId, NetworkId, StoreUuid } from "./ids.ts";
import type { IfName, WorkloadName } from "./names.ts";
import type { EndpointRoute, Mtu } from "./network.ts";

/** Boot id and namespace cookie: names one namespace for ever, which names and inodes do not. */
export type SandboxId = Brand<string, "SandboxId">;

/** A container's network namespace as the store remembers it. */
export interface Sandbox {
  readonly id: SandboxId;
  /**
   * Where it was found, to be opened again: /run/netns/a, /proc/123/ns/net. Empty while a runtime
   * has not said yet where it takes the link.
   */
  readonly path: string;
  /** A runtime that moves the link into the sandbox and back; the link tells where it is. */
  readonly mover?: "docker";
}

/**
 * The sandbox of an endpoint that a runtime moves. It has no cookie yet, so what the runtime calls
 * the endpoint stands for it.
 */
export function runtimeSandbox(bootId: string, runtimeId: string): Sandbox {
  return { id: `${bootId}/docker/${runtimeId}` as SandboxId, path: "", mover: "docker" };
}

/** What a runtime calls the endpoint of its sandbox; undefined where there is none of this boot. */
export function runtimeIdOf({ id }: Sandbox, bootId: string): string | undefined {
  const prefix = runtimeSandbox(bootId, "").id;
  return id.startsWith(prefix) ? id.slice(prefix.length) : undefined;
}

/** The identity of a namespace from the boot that it lives in and its cookie. */
export function sandboxId(bootId: string, cookie: bigint): SandboxId {
  return `${bootId}/${cookie}` as SandboxId;
}

/**
 * How the kernel knows the link; all of it is chosen before the link is made, so that it can be
 * found.
 */
export interface LinkIdentity {
  readonly ifindex: number;
  /**
   * The name that it is made under: the endpoint's `ifname`, or, where a runtime moves it from the
   * host, and in books of before, one that is unique on this host until the link is renamed.
   */
  readonly madeAs: IfName;
  /** Absent: it has its parent's, whatever that is (ipvlan). */
  readonly mac?: Mac;
  readonly alias: LinkAlias;
}

/** One attachment of one sandbox to one network. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly network: NetworkId;
  readonly sandbox: Sandbox;
  readonly ifname: IfName;
  readonly link: LinkIdentity;
  readonly addresses: readonly InterfaceAddress[];
  /** Default gateways, at most one for each IP version. */
  readonly gateways: readonly Ip[];
  readonly routes: readonly EndpointRoute[];
  /** All routes were asked for with it; absent: they are the network's. */
  readonly routing?: "given";
  /** Routers of its IPv6 addresses are known, so these are waited for. */
  readonly readiness?: "addresses";
  readonly mtu?: Mtu;
  /** Absent: the link is of the driver's own kind. */
  readonly linkKind?: TapKind;
  readonly workload?: WorkloadName;
  /** What the runtime that asked for it calls it. */
  readonly attachment?: AttachmentKey;
  /** The files that tell other address managers of its addresses. */
  readonly allocations?: AllocationFiles;
  readonly state: EndpointState;
  /** Wall time, ISO 8601. */
  readonly createdAt: string;
}

/** A link that is also a character device: what a virtual machine opens. */
export type TapKind = "macvtap" | "ipvtap";

/** The kind of a tap link of a driver. */
export function tapKindOf({ kind }: Driver): TapKind {
  return kind === "ipvlan" ? "ipvtap" : "macvtap";
}

/**
 * "attaching" and "detaching" only while an operation is in flight; "detached" only in the answer
 * to a detach, for then the store has forgotten it.
 */
export type EndpointState = "attaching" | "attached" | "detaching" | "detached";

/** The character device of a tap link, for a virtual machine; undefined for other links. */
export function tapDevice({ linkKind, link }: Endpoint): string | undefined {
  return linkKind !== undefined ? `/dev/tap${link.ifindex}` : undefined;
}

/** The only mark by which a link is known as ours (IFLA_IFALIAS). */
export type LinkAlias = Brand<string, "LinkAlias">;

/** Whose link it is: the store that has the intent, and the endpoint in it. */
export function linkAlias(store: StoreUuid, endpoint: EndpointId): LinkAlias {
  return `landfall:${store}:${endpoint}` as LinkAlias;
}

/** The mark of a parent that was made for a network. */
export function networkAlias(store: StoreUuid, network: NetworkId): LinkAlias {
  return `landfall:${store}:${network}` as LinkAlias;
}

/** The mark of a VLAN's link that was made for whatever networks are on it. */
export function parentAlias(store: StoreUuid): LinkAlias {
  return `landfall:${store}:parent` as LinkAlias;
}

/** The name that a link has until it is configured; 12 of the 15 bytes that the kernel allows. */
export function temporaryName(endpoint: EndpointId): IfName {
  return `lf${endpoint.replace(/^ep-/, "")}` as IfName;
}

/** Whether a link has the name that it is made under. */
export function isTemporaryName(name: string): boolean {
  return /^lf[0-9a-z]{10}$/.test(name);
}
