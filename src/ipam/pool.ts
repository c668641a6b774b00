import {
  type Ip,
  type IpRange,
  intersect,
  ipFromBigint,
  ipToBigint,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixVersion,
  type RangeSet,
  rangeSet,
  subtract,
  usableRange,
} from "../addr/index.ts";
import type { RestingLease, SegmentName, Subnet } from "../domain/index.ts";
import type { LeaseTable } from "../store/index.ts";

/**
 * What of a subnet may be handed out at all: its ranges without exclusions and reserved addresses.
 */
export function assignable(subnet: Subnet, reserved: readonly Ip[]): RangeSet {
  const version = prefixVersion(subnet.prefix);
  const wanted = subnet.ranges.length === 0 ? [usableRange(subnet.prefix)] : subnet.ranges;
  // A range may begin with the network address, as "10.0.0.0/28" given as a range does.
  const within = intersect(
    rangeSet(version, wanted),
    rangeSet(version, [usableRange(subnet.prefix)]),
  );
  return subtract(within, rangeSet(version, [...subnet.exclusions, ...single(reserved, subnet)]));
}

function single(addresses: readonly Ip[], { prefix }: Subnet): IpRange[] {
  return addresses
    .filter((ip) => prefixContains(prefix, ip))
    .map((ip) => ({ version: ipVersion(ip), first: ipToBigint(ip), last: ipToBigint(ip) }));
}

/** A prefix under management, and what of it may be chosen. */
export interface Pool {
  readonly prefix: Prefix;
  readonly candidates: RangeSet;
}

/**
 * The next fresh address of a pool after the last one given, round and round; undefined when all
 * are given or resting. The cost is that of the ranges, not of their size.
 */
export function chooseFresh(leases: LeaseTable, segment: SegmentName, pool: Pool): Ip | undefined {
  const last = leases.cursor(segment, pool.prefix)?.lastGiven;
  const start = last === undefined ? 0n : ipToBigint(last) + 1n;
  for (const range of inRotation(pool.candidates.ranges, start)) {
    const free = leases.firstFree(segment, range);
    if (free !== undefined) return ipFromBigint(range.version, free);
  }
  return undefined;
}

/** The address that has rested longest: where a pool is tight, quarantine does not block it. */
export function chooseRested(
  leases: LeaseTable,
  segment: SegmentName,
  pools: readonly Pool[],
): Ip | undefined {
  const oldest = pools
    .flatMap(({ candidates }) => candidates.ranges)
    .flatMap((range) => leases.oldestResting(segment, range) ?? []);
  const rested = oldest.reduce<RestingLease | undefined>(
    (best, row) => (best === undefined || row.until < best.until ? row : best),
    undefined,
  );
  return rested?.address;
}

/** The ranges from `start` upwards, then those below it. */
function inRotation(ranges: readonly IpRange[], start: bigint): IpRange[] {
  const above = ranges
    .filter((range) => range.last >= start)
    .map((range) => (range.first < start ? { ...range, first: start } : range));
  const below = ranges
    .filter((range) => range.first < start)
    .map((range) => (range.last >= start ? { ...range, last: start - 1n } : range));
  return [...above, ...below];
}
