import {
  type InterfaceAddress,
  type Ip,
  type IpVersion,
  interfaceAddress,
  ipFromBigint,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixLength,
  prefixVersion,
  rangeContains,
  rangeSetSize,
  usableRange,
} from "../addr/index.ts";
import { collect, err, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressTaken,
  addressUnusable,
  type EndpointId,
  type Lease,
  type Network,
  poolExhausted,
  type Subnet,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import { assignable, chooseAddress } from "./pool.ts";

export interface AddressRequest {
  readonly network: Network;
  readonly endpoint: EndpointId;
  /** Addresses asked for by name; every other IP version of the network comes from its pools. */
  readonly requested: readonly Ip[];
  /** The host's own addresses: found on the parent, so never given away. */
  readonly hostAddresses: readonly Ip[];
  /** Wall time, ISO 8601. */
  readonly now: string;
}

/**
 * Writes the leases of a new endpoint into the book: those asked for, and one of each further IP
 * version that the network has. All or nothing, by the transaction that it runs in.
 */
export function acquireAddresses(
  tx: Transaction,
  request: AddressRequest,
): Result<readonly InterfaceAddress[], Problem> {
  const asked = collect(request.requested.map((ip) => acquireRequested(tx, request, ip)));
  if (!asked.ok) return asked;
  const served = new Set(request.requested.map(ipVersion));
  const versions = new Set(request.network.subnets.map((subnet) => prefixVersion(subnet.prefix)));
  const missing = [...versions].filter((version) => !served.has(version));
  const chosen = collect(missing.map((version) => acquireFromPool(tx, request, version)));
  return chosen.ok ? ok([...asked.value, ...chosen.value]) : chosen;
}

/** Takes every address of an endpoint out of the book. */
export function releaseAddresses(tx: Transaction, endpoint: EndpointId): void {
  for (const lease of tx.leases.byEndpoint(endpoint)) {
    tx.leases.remove(lease.segment, lease.address);
  }
}

function acquireRequested(
  tx: Transaction,
  request: AddressRequest,
  ip: Ip,
): Result<InterfaceAddress, Problem> {
  const { network } = request;
  const subnet = network.subnets.find(({ prefix }) => prefixContains(prefix, ip));
  const reason = unusable(tx, request, { ip, subnet });
  if (reason !== undefined || subnet === undefined) {
    return err(addressUnusable({ address: ip, network: network.name, reason: reason ?? "" }));
  }
  const holder = tx.leases.get(network.segment, ip);
  if (holder === undefined) return ok(grant(tx, request, { ip, subnet, origin: "requested" }));
  const owner = tx.networks.get(holder.network)?.name ?? holder.network;
  return err(addressTaken({ address: ip, endpoint: holder.endpoint, network: owner }));
}

/** Why nobody may have this address, as the rest of a sentence that begins with it. */
function unusable(
  tx: Transaction,
  request: AddressRequest,
  { ip, subnet }: { ip: Ip; subnet: Subnet | undefined },
): string | undefined {
  if (subnet === undefined) {
    const prefixes = request.network.subnets.map(({ prefix }) => prefix).join(", ");
    return `is in none of the network's subnets, ${prefixes}`;
  }
  if (!rangeContains(usableRange(subnet.prefix), ip)) {
    return `is not a host's in ${subnet.prefix}, but the network's, broadcast or anycast address`;
  }
  if (gatewaysOf(tx, request.network, subnet.prefix).includes(ip)) return "is a gateway";
  if (request.hostAddresses.includes(ip)) return "is the host's own";
  return subnet.exclusions.some((range) => rangeContains(range, ip)) ? "is excluded" : undefined;
}

function acquireFromPool(
  tx: Transaction,
  request: AddressRequest,
  version: IpVersion,
): Result<InterfaceAddress, Problem> {
  const { network, hostAddresses } = request;
  const subnets = network.subnets.filter(({ prefix }) => prefixVersion(prefix) === version);
  for (const subnet of subnets) {
    const reserved = [...gatewaysOf(tx, network, subnet.prefix), ...hostAddresses];
    const candidates = assignable(subnet, reserved);
    const pool = { prefix: subnet.prefix, candidates };
    const free = chooseAddress(tx.leases, network.segment, pool);
    if (free === undefined) continue;
    const ip = ipFromBigint(version, free);
    tx.leases.setCursor({ segment: network.segment, prefix: subnet.prefix, lastGiven: ip });
    return ok(grant(tx, request, { ip, subnet, origin: "pool" }));
  }
  return err(exhausted(tx, request, subnets));
}

/** The gateways of every network on this prefix: they share the wire, so they share these. */
function gatewaysOf(tx: Transaction, network: Network, prefix: Prefix): Ip[] {
  return tx.networks
    .bySegment(network.segment)
    .flatMap((other) => other.subnets)
    .filter((subnet) => subnet.prefix === prefix)
    .flatMap((subnet) => subnet.gateway ?? []);
}

function grant(
  tx: Transaction,
  request: AddressRequest,
  given: { readonly ip: Ip; readonly subnet: Subnet; readonly origin: Lease["origin"] },
): InterfaceAddress {
  const { prefix } = given.subnet;
  tx.leases.insert({
    segment: request.network.segment,
    address: given.ip,
    prefix,
    network: request.network.id,
    endpoint: request.endpoint,
    origin: given.origin,
    acquiredAt: request.now,
  });
  return interfaceAddress(given.ip, prefixLength(prefix));
}

function exhausted(tx: Transaction, request: AddressRequest, subnets: readonly Subnet[]): Problem {
  const { network, hostAddresses } = request;
  const sets = subnets.map((subnet) =>
    assignable(subnet, [...gatewaysOf(tx, network, subnet.prefix), ...hostAddresses]),
  );
  const given = sets
    .flatMap((set) => set.ranges)
    .map((range) => tx.leases.countWithin(network.segment, range));
  return poolExhausted({
    network: network.name,
    prefix: subnets.map(({ prefix }) => prefix).join(", "),
    size: String(sets.reduce((sum, set) => sum + rangeSetSize(set), 0n)),
    given: given.reduce((sum, count) => sum + count, 0),
  });
}
