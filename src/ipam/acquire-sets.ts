import {
  type InterfaceAddress,
  type Ip,
  type IpRange,
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressPrefix,
  ipFromBigint,
  ipToBigint,
  ipVersion,
  type Prefix,
  prefixLength,
  type RangeSet,
  rangeContains,
  rangeSet,
  rangeSetSize,
  subtract,
} from "../addr/index.ts";
import { collect, defined, err, ok, type Problem, type Result } from "../base/index.ts";
import { addressUnusable, type Lease, poolExhausted } from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import { type AddressRequest, ownerProblem } from "./acquire.ts";
import { chooseRested } from "./pool.ts";
import { gatewaysOf, reservationsIn } from "./siblings.ts";

/** Ranges of one IP version of which an endpoint gets one address (`ranges` of `host-local`). */
export interface AddressSet {
  /** Its place among the configuration's sets: the N of `last_reserved_ip.N`. */
  readonly index: number;
  /** Tried in this order, beginning after the address that was given last. */
  readonly pools: readonly AddressPool[];
  /** In one of the pools; absent: one is chosen. */
  readonly requested?: Ip;
}

export interface AddressPool {
  /** Gives the address its length. */
  readonly prefix: Prefix;
  /** What of it is given. */
  readonly range: IpRange;
  /** Never given. */
  readonly gateway?: Ip;
}

export interface GivenAddress {
  readonly address: InterfaceAddress;
  readonly gateway?: Ip;
}

/** As for `acquireAddresses`, where the network itself has no pools. */
export type SetRequest = Omit<AddressRequest, "requested" | "chosen">;

/** As `SetRequest`; sets of which the book gave nothing yet go on after `givenBefore`. */
export interface SetsRequest extends SetRequest {
  readonly givenBefore?: (set: AddressSet) => Ip | undefined;
}

/** Writes the leases of one address of each set into the book, in the order of the sets. */
export function acquireSets(
  tx: Transaction,
  request: SetsRequest,
  sets: readonly AddressSet[],
): Result<readonly InterfaceAddress[], Problem> {
  tx.leases.endRests(request.now);
  return collect(sets.map((set) => acquireOf(tx, request, set)));
}

/**
 * Writes the leases of addresses that somebody else chose. A gateway of the segment may be one of
 * them: routers are containers too.
 */
export function acquireGiven(
  tx: Transaction,
  request: SetRequest,
  addresses: readonly InterfaceAddress[],
): Result<readonly InterfaceAddress[], Problem> {
  tx.leases.endRests(request.now);
  return collect(
    addresses.map((address) => {
      const [ip, prefix] = [interfaceAddressIp(address), interfaceAddressPrefix(address)];
      const reason = withheldReason(request, ip);
      if (reason !== undefined) return err(unusable(request, ip, reason));
      const owner = ownerProblem(tx, request, { ip, prefix });
      if (owner !== undefined) return err(owner);
      return ok(grant(tx, request, { ip, prefix, origin: "requested" }));
    }),
  );
}

function acquireOf(
  tx: Transaction,
  request: SetsRequest,
  set: AddressSet,
): Result<InterfaceAddress, Problem> {
  const { requested } = set;
  const named = requested === undefined ? undefined : acquireNamed(tx, request, set, requested);
  if (named !== undefined && !named.ok) return named;
  const pools = set.pools.map((pool) => candidatesOf(tx, request, pool));
  const ip = requested ?? chooseFrom(tx, request, set, pools);
  if (ip === undefined) return err(exhausted(tx, request, set, pools));
  const { prefix } = defined(poolOf(set, ip), "the pool of a chosen address");
  const { segment } = request.network;
  tx.leases.setCursor({ segment, prefix: cursorPrefix(set), lastGiven: ip });
  return named ?? ok(grant(tx, request, { ip, prefix, origin: "pool" }));
}

function acquireNamed(
  tx: Transaction,
  request: SetRequest,
  set: AddressSet,
  ip: Ip,
): Result<InterfaceAddress, Problem> {
  const pool = poolOf(set, ip);
  const isGateway =
    pool !== undefined &&
    (pool.gateway === ip || gatewaysOf(tx, request.network, pool.prefix).includes(ip));
  const reason =
    pool === undefined
      ? "is in none of the ranges"
      : isGateway
        ? "is a gateway"
        : withheldReason(request, ip);
  if (reason !== undefined || pool === undefined) {
    return err(unusable(request, ip, reason ?? "is in none of the ranges"));
  }
  const { prefix } = pool;
  const owner = ownerProblem(tx, request, { ip, prefix });
  return owner === undefined
    ? ok(grant(tx, request, { ip, prefix, origin: "requested" }))
    : err(owner);
}

function withheldReason({ hostAddresses, promised }: SetRequest, ip: Ip): string | undefined {
  if (hostAddresses.includes(ip)) return "is the host's own";
  return promised?.includes(ip) ? "is promised to an endpoint that is about to come" : undefined;
}

function unusable({ network }: SetRequest, address: Ip, reason: string): Problem {
  return addressUnusable({ address, network: network.name, reason });
}

function poolOf({ pools }: AddressSet, ip: Ip): AddressPool | undefined {
  return pools.find(({ range }) => range.version === ipVersion(ip) && rangeContains(range, ip));
}

/** The cursor of a set is that of its first prefix, which a network beside it may move too. */
function cursorPrefix({ pools }: AddressSet): Prefix {
  return defined(pools[0], "a pool of the set").prefix;
}

/** What of a pool may be chosen at all. */
function candidatesOf(
  tx: Transaction,
  { network, hostAddresses, promised = [] }: SetRequest,
  { prefix, range, gateway }: AddressPool,
): RangeSet {
  const reserved = reservationsIn(tx, network, prefix).map(({ address }) => address);
  const own = gateway === undefined ? [] : [gateway];
  const gateways = gatewaysOf(tx, network, prefix);
  const withheld = [...own, ...gateways, ...hostAddresses, ...promised, ...reserved]
    .filter((ip) => ipVersion(ip) === range.version)
    .map((ip) => {
      return { version: range.version, first: ipToBigint(ip), last: ipToBigint(ip) };
    });
  return subtract(rangeSet(range.version, [range]), rangeSet(range.version, withheld));
}

/** The next free address of a set; where there is none, the one that rested longest. */
function chooseFrom(
  tx: Transaction,
  { network: { segment }, givenBefore }: SetsRequest,
  set: AddressSet,
  pools: readonly RangeSet[],
): Ip | undefined {
  const last = tx.leases.cursor(segment, cursorPrefix(set))?.lastGiven ?? givenBefore?.(set);
  for (const range of inRotation(set, pools, last)) {
    const free = tx.leases.firstFree(segment, range);
    if (free !== undefined) return ipFromBigint(range.version, free);
  }
  const prefix = cursorPrefix(set);
  return chooseRested(
    tx.leases,
    segment,
    pools.map((candidates) => ({ prefix, candidates })),
  );
}

/**
 * What may be chosen, from the address after `last` once round, pool by pool in their order; from
 * the first pool where `last` is in none of them.
 */
function inRotation(
  set: AddressSet,
  pools: readonly RangeSet[],
  last: Ip | undefined,
): readonly IpRange[] {
  const at = last === undefined ? undefined : poolOf(set, last);
  const ranges = pools.map(({ ranges }) => ranges);
  if (last === undefined || at === undefined) return ranges.flat();
  const index = set.pools.indexOf(at);
  const own = ranges[index] ?? [];
  const number = ipToBigint(last);
  const above = own
    .filter((range) => range.last > number)
    .map((range) => (range.first > number ? range : { ...range, first: number + 1n }));
  const below = own
    .filter((range) => range.first <= number)
    .map((range) => (range.last <= number ? range : { ...range, last: number }));
  const [after, before] = [ranges.slice(index + 1), ranges.slice(0, index)];
  return [...above, ...after.flat(), ...before.flat(), ...below];
}

function grant(
  tx: Transaction,
  { network, endpoint, now }: SetRequest,
  given: { readonly ip: Ip; readonly prefix: Prefix; readonly origin: Lease["origin"] },
): InterfaceAddress {
  const { ip: address, prefix, origin } = given;
  const { segment, id } = network;
  const acquiredAt = now.wall;
  tx.leases.insert({ segment, address, prefix, network: id, endpoint, origin, acquiredAt });
  return interfaceAddress(address, prefixLength(prefix));
}

function exhausted(
  tx: Transaction,
  { network }: SetRequest,
  set: AddressSet,
  pools: readonly RangeSet[],
): Problem {
  const given = pools
    .flatMap(({ ranges }) => ranges)
    .map((range) => tx.leases.countWithin(network.segment, range));
  return poolExhausted({
    network: network.name,
    prefix: set.pools.map(({ prefix }) => prefix).join(", "),
    size: String(pools.reduce((sum, candidates) => sum + rangeSetSize(candidates), 0n)),
    given: given.reduce((sum, count) => sum + count, 0),
  });
}
