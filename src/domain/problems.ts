import type { ProblemKind } from "../base/index.ts";
import {
  addressReserved,
  addressTaken,
  addressUnusable,
  leaseHeld,
  leaseMissing,
  macTaken,
  macUnusable,
  poolExhausted,
} from "./address-problems.ts";
import {
  cancelled,
  deadlinePassed,
  endpointMissing,
  ifnameTaken,
  lockRefused,
  ownerBusy,
  sandboxIsHost,
  sandboxMissing,
  sandboxNotNetns,
  sandboxUnreachable,
} from "./endpoint-problems.ts";
import {
  driverUnknown,
  flagUnknown,
  modeUnknown,
  modeUnsupported,
  mtuInvalid,
  nameInvalid,
  outsideSubnets,
  queueLengthInvalid,
  sourceNotInMode,
  subnetMissing,
  subnetsOverlap,
} from "./input-problems.ts";
import { kernelLacks, kernelRefused, notPermitted } from "./kernel-problems.ts";
import {
  modeFixed,
  networkBusy,
  networkExists,
  networkInUse,
  networkMissing,
  subnetConflict,
  subnetRoutedElsewhere,
} from "./network-problems.ts";
import {
  mtuTooLarge,
  parentBusy,
  parentDown,
  parentLoopback,
  parentMissing,
  parentNotEthernet,
  passthruCutsHost,
  passthruExclusive,
  passthruMac,
} from "./parent-problems.ts";

/** Every problem of this folder, for the generated docs. */
export const domainProblems: readonly ProblemKind<never>[] = [
  nameInvalid,
  mtuInvalid,
  driverUnknown,
  modeUnknown,
  modeUnsupported,
  flagUnknown,
  sourceNotInMode,
  queueLengthInvalid,
  subnetMissing,
  subnetsOverlap,
  outsideSubnets,
  networkMissing,
  networkExists,
  networkInUse,
  networkBusy,
  modeFixed,
  subnetConflict,
  subnetRoutedElsewhere,
  parentMissing,
  parentDown,
  parentLoopback,
  parentNotEthernet,
  parentBusy,
  mtuTooLarge,
  passthruExclusive,
  passthruMac,
  passthruCutsHost,
  sandboxMissing,
  sandboxNotNetns,
  sandboxIsHost,
  sandboxUnreachable,
  ifnameTaken,
  endpointMissing,
  cancelled,
  deadlinePassed,
  lockRefused,
  ownerBusy,
  poolExhausted,
  addressTaken,
  addressReserved,
  addressUnusable,
  leaseMissing,
  leaseHeld,
  macTaken,
  macUnusable,
  notPermitted,
  kernelLacks,
  kernelRefused,
];

export * from "./address-problems.ts";
export * from "./endpoint-problems.ts";
export * from "./input-problems.ts";
export * from "./kernel-problems.ts";
export * from "./network-problems.ts";
export * from "./parent-problems.ts";
