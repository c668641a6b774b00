import type { Brand } from "../base/index.ts";

/** Identity of a network; its name may be used again later, the id never. */
export type NetworkId = Brand<string, "NetworkId">;
/** Identity of an endpoint. */
export type EndpointId = Brand<string, "EndpointId">;
/** Identity of an operation: one attach, detach, …, from its intent to its outcome. */
export type OperationId = Brand<string, "OperationId">;
/** Identity of a store for as long as it exists; written into the alias of every link we make. */
export type StoreUuid = Brand<string, "StoreUuid">;
/** Secret of a store, hexadecimal: makes derived MAC addresses differ from host to host. */
export type StoreSalt = Brand<string, "StoreSalt">;

/** Crockford's alphabet in lower case: no letter that is mistaken for a digit. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
/** 10 characters are 50 bits: a collision within a million ids has a chance of 1 in 2000. */
const ID_LENGTH = 10;

function randomText(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, ID_LENGTH), (byte) => alphabet[byte & 31]).join("");
}

/**
 * Makes ids from random bytes; the engine gets one, so that tests can have the same ids each time.
 */
export interface Ids {
  network(): NetworkId;
  endpoint(): EndpointId;
  operation(): OperationId;
  /** An ifindex for a link yet to be made: far above those that the kernel counts up from 1. */
  ifindex(): number;
}

/** Ids from a source of unpredictable bytes. */
export function ids(randomBytes: (count: number) => Uint8Array): Ids {
  const next = (prefix: string): string => `${prefix}-${randomText(randomBytes(ID_LENGTH))}`;
  return {
    network: () => next("net") as NetworkId,
    endpoint: () => next("ep") as EndpointId,
    operation: () => next("op") as OperationId,
    ifindex: () => randomIfindex(randomBytes(4)),
  };
}

const FIRST_IFINDEX = 2 ** 24;

function randomIfindex(bytes: Uint8Array): number {
  const random = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return FIRST_IFINDEX + (random % (2 ** 31 - FIRST_IFINDEX));
}
