import { assert, type Brand } from "../base/index.ts";
import { type Ip, type IpVersion, ipBits, ipToBigint, ipVersion } from "./ip.ts";
import { type IpRange, rangeSize } from "./range.ts";

/**
 * A set of addresses of one version. Its ranges are sorted, disjoint and never touch, so that equal
 * sets have equal ranges. Costs follow the number of ranges, never the number of addresses.
 */
export type RangeSet = Brand<
  { readonly version: IpVersion; readonly ranges: readonly IpRange[] },
  "RangeSet"
>;

/** The addresses of all `ranges`, which may overlap. A range of the other version is a bug. */
export function rangeSet(version: IpVersion, ranges: Iterable<IpRange>): RangeSet {
  const merged: IpRange[] = [];
  for (const range of [...ranges].sort(byFirst)) {
    assertFits(version, range);
    const before = merged.at(-1);
    if (before === undefined || before.last + 1n < range.first) merged.push(range);
    else if (before.last < range.last) merged.splice(-1, 1, { ...before, last: range.last });
  }
  return sealed(version, merged);
}

/** The addresses in `a` or in `b`. */
export function union(a: RangeSet, b: RangeSet): RangeSet {
  assertSameVersion(a, b);
  return rangeSet(a.version, [...a.ranges, ...b.ranges]);
}

/** The addresses in `a` but not in `b`. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  assertSameVersion(a, b);
  return intersect(a, complement(b));
}

/** The addresses in both `a` and `b`. */
export function intersect(a: RangeSet, b: RangeSet): RangeSet {
  assertSameVersion(a, b);
  const { version } = a;
  const shared: IpRange[] = [];
  let [atA, atB] = [0, 0];
  for (;;) {
    const [inA, inB] = [a.ranges[atA], b.ranges[atB]];
    if (inA === undefined || inB === undefined) return sealed(version, shared);
    const first = larger(inA.first, inB.first);
    const last = smaller(inA.last, inB.last);
    if (first <= last) shared.push({ version, first, last });
    // The range that ends first can meet nothing more on the other side.
    if (inA.last < inB.last) atA++;
    else atB++;
  }
}

/** Whether the set has this address, as a value or as a number; false for the other version. */
export function rangeSetContains(set: RangeSet, member: Ip | bigint): boolean {
  if (typeof member === "bigint") return nextIn(set, member) === member;
  return ipVersion(member) === set.version && rangeSetContains(set, ipToBigint(member));
}

/** How many addresses the set has. */
export function rangeSetSize(set: RangeSet): bigint {
  return set.ranges.reduce((total, range) => total + rangeSize(range), 0n);
}

/** The smallest address of the set that is not below `from`; a binary search. */
export function nextIn(set: RangeSet, from: bigint): bigint | undefined {
  let [low, high] = [0, set.ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = set.ranges[middle];
    if (range !== undefined && range.last < from) low = middle + 1;
    else high = middle;
  }
  const range = set.ranges[low];
  if (range === undefined) return undefined;
  return range.first > from ? range.first : from;
}

/** Every address of the version that is not in `set`: the gaps around its ranges. */
function complement({ version, ranges }: RangeSet): RangeSet {
  const gaps: IpRange[] = [];
  let first = 0n;
  for (const range of ranges) {
    if (first < range.first) gaps.push({ version, first, last: range.first - 1n });
    first = range.last + 1n;
  }
  const last = (1n << BigInt(ipBits(version))) - 1n;
  if (first <= last) gaps.push({ version, first, last });
  return sealed(version, gaps);
}

/** Only for ranges that already are sorted, disjoint and apart. */
function sealed(version: IpVersion, ranges: readonly IpRange[]): RangeSet {
  return { version, ranges } as RangeSet;
}

// Math.max and Math.min refuse bigints.
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function byFirst(a: IpRange, b: IpRange): number {
  return a.first < b.first ? -1 : Number(a.first > b.first);
}

function assertFits(version: IpVersion, { version: own, first, last }: IpRange): void {
  assert(own === version, `an IPv${own} range in an IPv${version} set`);
  const ordered = 0n <= first && first <= last && last >> BigInt(ipBits(version)) === 0n;
  assert(ordered, `no IPv${version} range`);
}

function assertSameVersion(a: RangeSet, b: RangeSet): void {
  assert(a.version === b.version, `an IPv${a.version} and an IPv${b.version} set`);
}
