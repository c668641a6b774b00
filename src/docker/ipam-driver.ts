import {
  type Ip,
  interfaceAddress,
  interfaceAddressPrefix,
  ipFromBigint,
  type Prefix,
  parseInterfaceAddress,
  prefixContainsPrefix,
  prefixLength,
  prefixVersion,
  usableRange,
} from "../addr/index.ts";
import { err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressUnusable,
  outsideSubnets,
  parseWorkloadName,
  type WorkloadName,
} from "../domain/index.ts";
import { type BoundPool, findPool } from "./find-network.ts";
import { unknownOption } from "./network-options.ts";
import { parsePoolId } from "./pool-id.ts";
import type { Answer, Ports } from "./ports.ts";
import { poolUnknown, subnetNotGiven } from "./problems.ts";
import {
  type addressRelease,
  type addressRequest,
  type poolOnly,
  type poolRequest,
  readAddress,
} from "./protocol.ts";
import type { ProvisionalPool } from "./provisional-pools.ts";

type Of<Schema extends { readonly _zod: { readonly output: unknown } }> = Schema["_zod"]["output"];

/** By these names a network is known to have its addresses from us. */
export const addressSpaces = { local: "LandfallLocal", global: "LandfallGlobal" } as const;

const REQUEST_TYPE = "RequestAddressType";
const GATEWAY = "com.docker.network.gateway";
/** The container's name, from Docker 29 on. */
const ENDPOINT_NAME = "com.docker.network.endpoint.name";
/** Of 128 random bits two are never alike. */
const NONCE_BYTES = 16;

/** IpamDriver.RequestPool: a pool of its own for each call, without a network yet. */
export async function requestPool(ports: Ports, request: Of<typeof poolRequest>): Answer {
  const option = Object.keys(request.Options)[0];
  if (option !== undefined) return err(unknownOption(option, "--ipam-opt", []));
  if (request.Pool === undefined) return err(subnetNotGiven({ version: request.V6 ? 6 : 4 }));
  const prefix = readPrefix(request.Pool);
  if (!prefix.ok) return prefix;
  const subPool = request.SubPool === undefined ? ok(undefined) : readPrefix(request.SubPool);
  if (!subPool.ok) return subPool;
  const range = subPool.value;
  if (range !== undefined && !prefixContainsPrefix(prefix.value, range)) {
    const reason = "is not wholly inside the subnet";
    return err(outsideSubnets({ what: "range", value: range, reason, subnets: [prefix.value] }));
  }
  const nonce = Buffer.from(ports.random.bytes(NONCE_BYTES)).toString("hex");
  const { id } = ports.pools.add({
    prefix: prefix.value,
    nonce,
    ...(range === undefined ? {} : { subPool: range }),
  });
  return ok({ PoolID: id, Pool: prefix.value, Data: {} });
}

/** As Docker's own address manager reads it: host bits are left out. */
function readPrefix(text: string): Result<Prefix, Problem> {
  return mapResult(parseInterfaceAddress(text), interfaceAddressPrefix);
}

/** IpamDriver.ReleasePool: that of a network goes with the network. */
export async function releasePool({ pools }: Ports, { PoolID }: Of<typeof poolOnly>): Answer {
  pools.drop(PoolID);
  return ok({});
}

/** IpamDriver.RequestAddress: a gateway, an auxiliary address, or one for an endpoint. */
export async function requestAddress(ports: Ports, request: Of<typeof addressRequest>): Answer {
  const address = request.Address === undefined ? ok(undefined) : readAddress(request.Address);
  if (!address.ok) return address;
  const bound = await findPool(ports.handover, request.PoolID);
  if (!bound.ok) return bound;
  const purpose = purposeOf(request.Options);
  if (bound.value !== undefined) {
    return purpose.kind === "gateway"
      ? gatewayOf(bound.value, address.value)
      : claim(ports, bound.value, { ...purpose, address: address.value });
  }
  const pool = ports.pools.get(request.PoolID);
  if (pool === undefined) {
    const known =
      parsePoolId(request.PoolID)?.prefix ?? JSON.stringify(request.PoolID.slice(0, 80));
    return err(poolUnknown({ pool: known, reason: "belongs to no network that Landfall knows" }));
  }
  if (purpose.kind === "gateway") return holdGateway(ports, pool, address.value);
  if (address.value === undefined || purpose.workload !== undefined) {
    const reason = "has no network of Landfall's yet, so nobody is given an address of it";
    return err(poolUnknown({ pool: pool.name.prefix, reason }));
  }
  const held = ports.pools.hold(pool, address.value);
  return mapResult(held, () => addressAnswer(pool.name.prefix, address.value as Ip));
}

type Purpose =
  | { readonly kind: "gateway" }
  | { readonly kind: "endpoint"; readonly workload?: WorkloadName };

function purposeOf(options: Readonly<Record<string, unknown>>): Purpose {
  if (options[REQUEST_TYPE] === GATEWAY) return { kind: "gateway" };
  // A name that is none of ours only means that the container is not known again.
  const workload = parseWorkloadName(options[ENDPOINT_NAME]);
  return workload.ok ? { kind: "endpoint", workload: workload.value } : { kind: "endpoint" };
}

/** The gateway of a network that exists: Docker asks again when it did not get the answer. */
function gatewayOf(
  { network, subnet: { prefix, gateway } }: BoundPool,
  address: Ip | undefined,
): Result<object, Problem> {
  if (gateway !== undefined && (address ?? gateway) === gateway) {
    return ok(addressAnswer(prefix, gateway));
  }
  const reason = `is not the gateway of ${prefix}`;
  return err(addressUnusable({ address: address ?? "none", network: network.name, reason }));
}

/**
 * Engines before 28 ask for a gateway even where the user named none, and their own driver makes
 * the first address a default route: so does this.
 */
function holdGateway(
  { pools }: Ports,
  pool: ProvisionalPool,
  address: Ip | undefined,
): Result<object, Problem> {
  const { prefix } = pool.name;
  const first = ipFromBigint(prefixVersion(prefix), usableRange(prefix).first);
  const gateway = address ?? pool.gateway ?? first;
  return mapResult(pools.holdGateway(pool, gateway), () => addressAnswer(prefix, gateway));
}

interface Wanted {
  readonly address: Ip | undefined;
  readonly workload?: WorkloadName;
}

async function claim(
  { handover, workloads }: Ports,
  { network: { name: network }, subnet: { prefix } }: BoundPool,
  { address, workload }: Wanted,
): Answer {
  const claimed = await handover.claim({
    ...{ network, prefix },
    ...(address === undefined ? {} : { address }),
    ...(workload === undefined ? {} : { workload }),
  });
  if (!claimed.ok) return claimed;
  const given = readAddress(claimed.value);
  if (given.ok && workload !== undefined) workloads.note(network, given.value, workload);
  return ok({ Address: claimed.value, Data: {} });
}

/** IpamDriver.ReleaseAddress: an endpoint's own has been freed with the endpoint. */
export async function releaseAddress(ports: Ports, request: Of<typeof addressRelease>): Answer {
  if (request.Address === undefined) return ok({});
  const address = readAddress(request.Address);
  if (!address.ok) return address;
  const pool = ports.pools.get(request.PoolID);
  if (pool !== undefined) ports.pools.free(pool, address.value);
  const bound = await findPool(ports.handover, request.PoolID);
  if (!bound.ok) return bound;
  if (bound.value !== undefined) {
    const { name } = bound.value.network;
    ports.workloads.forget(name, address.value);
    ports.handover.giveUp(name, address.value);
  }
  return ok({});
}

function addressAnswer(prefix: Prefix, address: Ip): object {
  return { Address: interfaceAddress(address, prefixLength(prefix)), Data: {} };
}
