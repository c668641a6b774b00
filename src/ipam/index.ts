/**
 * Which address next: ranges, exclusions, reserved addresses, rotation, derived MAC addresses.
 * Works on the tables of a transaction that the engine opened; must not touch the kernel or commit
 * anything.
 */
export { type AddressRequest, acquireAddresses, releaseAddresses } from "./acquire.ts";
export { deriveMac, type MacSeed } from "./derive-mac.ts";
export { assignable, chooseAddress } from "./pool.ts";
