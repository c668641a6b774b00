/**
 * The use cases: create and remove networks, attach and detach sandboxes. The only code that
 * changes store and kernel together, always as intent, change, outcome. Nothing is global: an
 * engine has one host namespace and one store. Must not print, parse text, or know who asks.
 */
export type { AddressPool, AddressSet, GivenAddress } from "../ipam/index.ts";
export type {
  AssignRequest,
  Attached,
  AttachmentAddressing,
  AttachmentRequest,
  Attachments,
  AttachmentView,
  EnsureOptions,
  Hold,
  RemoveOptions,
  RoutesOf,
} from "./attachments.ts";
export type {
  AttachRequest,
  DetachOptions,
  EndpointFinding,
  EndpointSelector,
  EndpointView,
  Engine,
  Finding,
  FindingKind,
  NetworkChange,
  NetworkFinding,
  NetworkView,
  OperationOptions,
  Reconciled,
  ReconcileOptions,
  SandboxHandle,
} from "./engine.ts";
export { findingActions, findingKinds, networkFindingKinds } from "./engine.ts";
export type { ClaimRequest, Handover, HandoverRequest, RuntimeEndpoint } from "./handover.ts";
export type { AddressFacts, HostFacts, ObservedLink, ParentFacts } from "./host-facts.ts";
export type { LeaseSelector, LeaseView, OwnLeaseView } from "./lease-view.ts";
export { type EngineOptions, type LocalEngine, openEngine } from "./open-engine.ts";
export { type OpenSandbox, openSandbox } from "./open-sandbox.ts";
export { fileLocks, memoryLocks, type OperationLocks } from "./operation-locks.ts";
export { type HostEvent, watchHost } from "./watch-host.ts";
