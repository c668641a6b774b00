import type { InterfaceAddress, Ip } from "../addr/index.ts";
import { unreachable } from "../base/index.ts";
import type { AllocationFiles, FileHolder } from "./attachment.ts";
import type { Driver } from "./driver.ts";
import type { LinkIdentity, TapKind } from "./endpoint.ts";
import type { IfName } from "./names.ts";
import type { EndpointRoute, Mtu } from "./network.ts";

/** One reversible change of the kernel, as data: it is recorded before it is done. */
export type Step =
  | CreateLink
  | ConfigureLink
  | AssignAddresses
  | MarkLink
  | RemoveLink
  | AwaitAddresses
  | WriteAllocations
  | RemoveAllocations;

/** Makes the link directly in the sandbox, down, under the name that it is to have there. */
export interface CreateLink {
  readonly kind: "create-link";
  readonly driver: Driver;
  readonly parent: IfName;
  readonly link: LinkIdentity;
  readonly mtu?: Mtu;
  /** Absent: the driver's own kind. */
  readonly linkKind?: TapKind;
}

/** Marks the link as ours, gives it its name, addresses and routes, and sets it up. */
export interface ConfigureLink extends LinkAddressing {
  readonly kind: "configure-link";
}

/** Gives a link that was set up without them its addresses and routes. */
export interface AssignAddresses extends LinkAddressing {
  readonly kind: "assign-addresses";
}

/** What a link has of addresses and routes. */
export interface LinkAddressing {
  readonly link: LinkIdentity;
  readonly ifname: IfName;
  readonly addresses: readonly InterfaceAddress[];
  readonly gateways: readonly Ip[];
  readonly routes: readonly EndpointRoute[];
  /**
   * Somebody asked for these very routes, beside whatever is there; absent: a default route that
   * the sandbox has already is good enough.
   */
  readonly routing?: "given";
}

/** Marks the link as ours, and leaves all else to the runtime that moves it into the sandbox. */
export interface MarkLink {
  readonly kind: "mark-link";
  readonly link: LinkIdentity;
}

/** Deletes the link; has no undo, so it is the last step of a plan. */
export interface RemoveLink {
  readonly kind: "remove-link";
  readonly link: LinkIdentity;
}

/** Waits until the kernel has made sure that nobody else has these IPv6 addresses. */
export interface AwaitAddresses {
  readonly kind: "await-addresses";
  readonly link: LinkIdentity;
  readonly addresses: readonly InterfaceAddress[];
}

/** Tells other address managers whose the addresses are, or finds that they are another's. */
export interface WriteAllocations {
  readonly kind: "write-allocations";
  readonly allocations: AllocationFiles;
  readonly holder: Required<FileHolder>;
}

/** Takes that back; has no undo, since nothing follows it that could fail but itself. */
export interface RemoveAllocations {
  readonly kind: "remove-allocations";
  readonly allocations: AllocationFiles;
  readonly holder: Required<FileHolder>;
}

/** The kernel's kind of the link to be made. */
export function kindOf({ linkKind, driver }: CreateLink): Driver["kind"] | TapKind {
  return linkKind ?? driver.kind;
}

/** What a step does, for people. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "create-link":
      return `make ${kindOf(step)} ${step.link.madeAs} on ${step.parent}`;
    case "configure-link":
      return `set up ${step.ifname} with ${step.addresses.join(", ")}`;
    case "assign-addresses":
      return `give ${step.ifname} ${step.addresses.join(", ")}`;
    case "mark-link":
      return `mark ${linkWords(step.link)}`;
    case "remove-link":
      return `delete ${linkWords(step.link)}`;
    case "await-addresses":
      return `make sure that ${step.addresses.join(", ")} are nobody else's`;
    case "write-allocations":
      return `write ${fileWords(step.allocations)}`;
    case "remove-allocations":
      return `remove ${fileWords(step.allocations)}`;
    default:
      return unreachable(step);
  }
}

function fileWords({ directory, files }: AllocationFiles): string {
  return `${files.map(({ address }) => address).join(", ")} in ${directory}`;
}

function linkWords({ ifindex, mac }: LinkIdentity): string {
  return mac === undefined ? `link ${ifindex}` : `link ${ifindex} (${mac})`;
}
