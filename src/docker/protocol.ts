import { z } from "zod";
import { type Ip, interfaceAddressIp, parseInterfaceAddress, parseIp } from "../addr/index.ts";
import { mapResult, type Problem, type Result } from "../base/index.ts";

/**
 * The requests of libnetwork's remote drivers, as Go writes them: an empty map or list may be null,
 * an empty text stands for none, and later engines add keys, which are left alone.
 */

/** Text that is empty where there is none. */
const perhaps = z
  .string()
  .nullish()
  .transform((text) => text || undefined);
const options = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((record) => record ?? {});
/** 64 hexadecimal digits of Docker's; swarm's ids have 25 letters and digits. */
const id = z.string().regex(/^[0-9A-Za-z]{12,128}$/);

const pool = z.object({
  AddressSpace: perhaps,
  Pool: z.string().min(1),
  Gateway: perhaps,
  AuxAddresses: z
    .record(z.string(), z.string())
    .nullish()
    .transform((record) => record ?? {}),
});
const pools = z
  .array(pool)
  .nullish()
  .transform((list) => list ?? []);

export const networkOnly = z.object({ NetworkID: id });
export const endpointOnly = z.object({ NetworkID: id, EndpointID: id });
export const networkRequest = z.object({
  NetworkID: id,
  Options: options,
  IPv4Data: pools,
  IPv6Data: pools,
});
const noInterface = { Address: undefined, AddressIPv6: undefined, MacAddress: undefined };
export const endpointRequest = z.object({
  NetworkID: id,
  EndpointID: id,
  Interface: z
    .object({ Address: perhaps, AddressIPv6: perhaps, MacAddress: perhaps })
    .nullish()
    .transform((given) => given ?? noInterface),
  Options: options,
});
export const joinRequest = z.object({
  NetworkID: id,
  EndpointID: id,
  SandboxKey: z.string().min(1),
});
export const poolRequest = z.object({
  AddressSpace: perhaps,
  Pool: perhaps,
  SubPool: perhaps,
  Options: options,
  V6: z.boolean().nullish(),
});
export const poolOnly = z.object({ PoolID: z.string().min(1) });
export const addressRequest = z.object({
  PoolID: z.string().min(1),
  Address: perhaps,
  Options: options,
});
export const addressRelease = z.object({ PoolID: z.string().min(1), Address: perhaps });

/** What Docker says of a pool of a network that it creates. */
export type PoolData = z.output<typeof pool>;
export type NetworkRequest = z.output<typeof networkRequest>;
export type EndpointRequest = z.output<typeof endpointRequest>;

/** An address with or without the length of its prefix; Docker writes the same one both ways. */
export function readAddress(text: string): Result<Ip, Problem> {
  if (!text.includes("/")) return parseIp(text);
  return mapResult(parseInterfaceAddress(text), interfaceAddressIp);
}
