/**
 * The nouns and the rules: segment, network, endpoint, lease, plan, and the problems that people
 * can meet with them. Pure: no I/O, no clock, no kernel numbers. Docker's and CNI's words stop
 * outside.
 */
export {
  type AllocationFile,
  type AllocationFiles,
  type AttachmentKey,
  type FileHolder,
  formatAllocation,
  formatAttachment,
  formatHolder,
  holderOf,
  lastGivenFile,
  parseAllocation,
  parseLastGiven,
} from "./attachment.ts";
export {
  type Driver,
  type DriverChange,
  type DriverWish,
  driverFlag,
  driverFlags,
  driverModes,
  formatDriver,
  formatDriverChange,
  type IpvlanDriver,
  type IpvlanFlag,
  isRoutedByHost,
  type MacvlanDriver,
  parseDriver,
  parseDriverChange,
  type VlanDriver,
} from "./driver.ts";
export {
  type Endpoint,
  type EndpointState,
  isTemporaryName,
  type LinkAlias,
  type LinkIdentity,
  linkAlias,
  networkAlias,
  parentAlias,
  runtimeIdOf,
  runtimeSandbox,
  type Sandbox,
  type SandboxId,
  sandboxId,
  type TapKind,
  tapDevice,
  tapKindOf,
  temporaryName,
} from "./endpoint.ts";
export {
  type EndpointId,
  type Ids,
  ids,
  type NetworkId,
  type OperationId,
  type StoreSalt,
  type StoreUuid,
} from "./ids.ts";
export {
  type FormerAddresses,
  type HeldAddress,
  type Lease,
  type Moment,
  type PoolCursor,
  type RestingLease,
  restUntil,
} from "./lease.ts";
export {
  type IfName,
  type NetworkName,
  parseIfName,
  parseNetworkName,
  parseWorkloadName,
  type WorkloadName,
} from "./names.ts";
export {
  type Addressing,
  type CniOrigin,
  checkNetwork,
  type DockerOrigin,
  defaultPrefix,
  dockerOrigin,
  type EndpointRoute,
  type ExtraRoute,
  isDefaultRoute,
  isEdge,
  isolatedParent,
  type Mtu,
  type Network,
  type NetworkOrigin,
  type NetworkSpec,
  type NetworkWish,
  parseMtu,
  type Subnet,
} from "./network.ts";
export {
  describeOperation,
  type EndpointOperation,
  type NetworkUpdate,
  type Operation,
} from "./operation.ts";
export {
  type AssignAddresses,
  type AwaitAddresses,
  type ConfigureLink,
  type CreateLink,
  describeStep,
  kindOf,
  type LinkAddressing,
  type MarkLink,
  type RemoveAllocations,
  type RemoveLink,
  type Step,
  type WriteAllocations,
} from "./plan.ts";
export * from "./problems.ts";
export type { Reservation } from "./reservation.ts";
export { type Segment, type SegmentName, segmentOf, segmentWithin } from "./segment.ts";
export {
  formatVlan,
  formatVlanTag,
  parseVlanTag,
  type VlanId,
  type VlanProtocol,
  type VlanStack,
  type VlanTag,
  vlanLinkName,
  vlanOfName,
} from "./vlan.ts";
