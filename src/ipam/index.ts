/**
 * Which address next: reservations, former addresses, ranges, exclusions, rotation, quarantine,
 * derived MAC addresses. Works on the tables of a transaction that the engine opened; must not
 * touch the kernel or commit anything.
 */
export { type AddressRequest, acquireAddresses } from "./acquire.ts";
export {
  type AddressPool,
  type AddressSet,
  acquireGiven,
  acquireSets,
  type GivenAddress,
  type SetRequest,
} from "./acquire-sets.ts";
export { deriveMac, type MacSeed } from "./derive-mac.ts";
export { releaseAddresses, restAddresses } from "./release.ts";
export { reservedBySiblings } from "./siblings.ts";
