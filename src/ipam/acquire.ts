import {
  type InterfaceAddress,
  type Ip,
  type IpVersion,
  interfaceAddress,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixLength,
  prefixVersion,
  rangeContains,
  rangeSetSize,
  usableRange,
} from "../addr/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressReserved,
  addressTaken,
  addressUnusable,
  allocationTaken,
  type EndpointId,
  formatHolder,
  type Lease,
  type Moment,
  type Network,
  poolExhausted,
  type Subnet,
  type WorkloadName,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import { assignable, chooseFresh, chooseRested, type Pool } from "./pool.ts";
import { gatewaysOf, reservationsIn } from "./siblings.ts";

export interface AddressRequest {
  readonly network: Network;
  readonly endpoint: EndpointId;
  readonly workload?: WorkloadName;
  /**
   * Addresses asked for by name, at most one of each subnet. Every other IP version of the network
   * is chosen: what is reserved for the workload, what it had before, or one from the pools.
   */
  readonly requested: readonly Ip[];
  /** Of those requested, the ones that were chosen from the pools a moment ago. */
  readonly chosen?: readonly Ip[];
  /** Promised to others who have not come for them yet. */
  readonly promised?: readonly Ip[];
  /** The host's own addresses: found on the parent, so never given away. */
  readonly hostAddresses: readonly Ip[];
  readonly now: Moment;
}

/**
 * Writes the leases of a new endpoint into the book: those asked for, and those of each further IP
 * version that the network has. All or nothing, by the transaction that it runs in.
 */
export function acquireAddresses(
  tx: Transaction,
  request: AddressRequest,
): Result<readonly InterfaceAddress[], Problem> {
  tx.leases.endRests(request.now);
  const second = secondOfSubnet(request);
  if (second !== undefined) return err(second);
  const asked = collect(request.requested.map((ip) => acquireRequested(tx, request, ip)));
  if (!asked.ok) return asked;
  const served = new Set(request.requested.map(ipVersion));
  const versions = new Set(request.network.subnets.map((subnet) => prefixVersion(subnet.prefix)));
  const missing = [...versions].filter((version) => !served.has(version));
  const chosen = collect(missing.map((version) => acquireVersion(tx, request, version)));
  return mapResult(chosen, (groups) => [...asked.value, ...groups.flat()]);
}

function acquireRequested(
  tx: Transaction,
  request: AddressRequest,
  ip: Ip,
): Result<InterfaceAddress, Problem> {
  if (!request.chosen?.includes(ip)) return acquireNamed(tx, request, { ip, origin: "requested" });
  const given = acquireNamed(tx, request, { ip, origin: "pool" });
  const { segment } = request.network;
  const prefix = subnetOf(request.network, ip)?.prefix;
  if (given.ok && prefix !== undefined) tx.leases.setCursor({ segment, prefix, lastGiven: ip });
  return given;
}

function secondOfSubnet({ network, requested }: AddressRequest): Problem | undefined {
  for (const { prefix } of network.subnets) {
    const second = requested.filter((ip) => prefixContains(prefix, ip))[1];
    if (second === undefined) continue;
    const reason = `is the second one asked for in ${prefix}`;
    return addressUnusable({ address: second, network: network.name, reason });
  }
  return undefined;
}

function acquireNamed(
  tx: Transaction,
  request: AddressRequest,
  { ip, origin }: { readonly ip: Ip; readonly origin: Lease["origin"] },
): Result<InterfaceAddress, Problem> {
  const { network } = request;
  const subnet = subnetOf(network, ip);
  const reason = unusable(tx, request, { ip, subnet });
  if (reason !== undefined || subnet === undefined) {
    return err(addressUnusable({ address: ip, network: network.name, reason: reason ?? "" }));
  }
  const refusal = ownerProblem(tx, request, { ip, prefix: subnet.prefix });
  return refusal === undefined ? ok(grant(tx, request, { ip, subnet, origin })) : err(refusal);
}

function subnetOf(network: Network, ip: Ip): Subnet | undefined {
  return network.subnets.find(({ prefix }) => prefixContains(prefix, ip));
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
  if (request.promised?.includes(ip)) return "is promised to an endpoint that is about to come";
  return subnet.exclusions.some((range) => rangeContains(range, ip)) ? "is excluded" : undefined;
}

/**
 * Whose address it is, if it is another's: leased, given away by others, or reserved. A resting one
 * is nobody's.
 */
export function ownerProblem(
  tx: Transaction,
  { network, workload }: Pick<AddressRequest, "network" | "workload">,
  { ip, prefix }: { readonly ip: Ip; readonly prefix: Prefix },
): Problem | undefined {
  const holder = tx.leases.get(network.segment, ip);
  if (holder !== undefined) {
    const owner = tx.networks.get(holder.network)?.name ?? holder.network;
    return addressTaken({ address: ip, endpoint: holder.endpoint, network: owner });
  }
  const hold = tx.holds.get(network.segment, ip);
  if (hold !== undefined) {
    const { file, holder } = hold;
    return allocationTaken({ address: ip, file, holder: formatHolder(holder) });
  }
  const reservation = reservationsIn(tx, network, prefix).find((row) => row.address === ip);
  if (reservation === undefined) return undefined;
  if (reservation.network.id === network.id && reservation.workload === workload) return undefined;
  const { name } = reservation.network;
  return addressReserved({ address: ip, workload: reservation.workload, network: name });
}

/** The addresses of one IP version for a workload that did not ask for any. */
function acquireVersion(
  tx: Transaction,
  request: AddressRequest,
  version: IpVersion,
): Result<readonly InterfaceAddress[], Problem> {
  const { network, workload } = request;
  const reserved = (network.reservations ?? []).filter(
    (row) => row.workload === workload && ipVersion(row.address) === version,
  );
  if (reserved.length > 0) {
    return collect(
      reserved.map((row) => acquireNamed(tx, request, { ip: row.address, origin: "reserved" })),
    );
  }
  const former = workload === undefined ? undefined : tx.former.get(network.id, workload);
  for (const ip of former?.addresses ?? []) {
    if (ipVersion(ip) !== version) continue;
    const again = acquireNamed(tx, request, { ip, origin: "pool" });
    if (again.ok) return ok([again.value]);
  }
  return mapResult(acquireFromPool(tx, request, version), (address) => [address]);
}

/** An address that is neither given nor resting; where there is none, the longest rested. */
function acquireFromPool(
  tx: Transaction,
  request: AddressRequest,
  version: IpVersion,
): Result<InterfaceAddress, Problem> {
  const { network } = request;
  const { segment } = network;
  const pools = poolsOf(tx, request, version);
  const ip =
    pools.map((pool) => chooseFresh(tx.leases, segment, pool)).find((free) => free !== undefined) ??
    chooseRested(tx.leases, segment, pools);
  const subnet = ip === undefined ? undefined : subnetOf(network, ip);
  if (ip === undefined || subnet === undefined) return err(exhausted(tx, network, pools));
  tx.leases.setCursor({ segment, prefix: subnet.prefix, lastGiven: ip });
  return ok(grant(tx, request, { ip, subnet, origin: "pool" }));
}

function poolsOf(
  tx: Transaction,
  { network, hostAddresses, promised = [] }: AddressRequest,
  version: IpVersion,
): Pool[] {
  return network.subnets
    .filter(({ prefix }) => prefixVersion(prefix) === version)
    .map((subnet) => {
      const { prefix } = subnet;
      const reserved = reservationsIn(tx, network, prefix).map(({ address }) => address);
      const own = gatewaysOf(tx, network, prefix);
      const withheld = [...own, ...hostAddresses, ...promised, ...reserved];
      return { prefix, candidates: assignable(subnet, withheld) };
    });
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
    acquiredAt: request.now.wall,
  });
  return interfaceAddress(given.ip, prefixLength(prefix));
}

function exhausted(tx: Transaction, { name, segment }: Network, pools: readonly Pool[]): Problem {
  const given = pools
    .flatMap(({ candidates }) => candidates.ranges)
    .map((range) => tx.leases.countWithin(segment, range));
  return poolExhausted({
    network: name,
    prefix: pools.map(({ prefix }) => prefix).join(", "),
    size: String(pools.reduce((sum, { candidates }) => sum + rangeSetSize(candidates), 0n)),
    given: given.reduce((sum, count) => sum + count, 0),
  });
}
