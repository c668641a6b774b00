import type { IpRange, IpVersion } from "../addr/index.ts";
import { ipToBigint, ipVersion } from "../addr/index.ts";
import { assert } from "../base/index.ts";
import type { Lease, PoolCursor, RestingLease, SegmentName } from "../domain/index.ts";
import { firstOutside, freeNumber, type Run, type RunTable, takeNumber } from "./address-runs.ts";
import { addressKey, numberKey } from "./sort-key.ts";
import type { LeaseTable } from "./store.ts";

/** The address book of a store in memory; keys begin with the segment and sort by address. */
export interface LeaseRows {
  readonly leases: Map<string, Lease>;
  readonly resting: Map<string, RestingLease>;
  readonly cursors: Map<string, PoolCursor>;
  /** Runs of leased and resting addresses by segment and IP version, in order. */
  readonly runs: Map<string, Run[]>;
}

export function emptyLeases(): LeaseRows {
  return { leases: new Map(), resting: new Map(), cursors: new Map(), runs: new Map() };
}

export function copyLeases({ leases, resting, cursors, runs }: LeaseRows): LeaseRows {
  return {
    leases: new Map(leases),
    resting: new Map(resting),
    cursors: new Map(cursors),
    runs: new Map([...runs].map(([key, list]) => [key, [...list]])),
  };
}

export function leaseTable(rows: LeaseRows): LeaseTable {
  const { leases, cursors } = rows;
  return {
    get: (segment, address) => leases.get(keyOf(segment, addressKey(address))),
    bySegment: (segment) => inOrder(leases, (row) => row.segment === segment),
    byEndpoint: (endpoint) => inOrder(leases, (row) => row.endpoint === endpoint),
    countWithin: (segment, range) => within(leases, segment, range).length,
    firstFree: (segment, range) => firstOutside(runsOf(rows, segment, range.version), range),
    ...leaseChanges(rows),
    resting: (segment) => inOrder(rows.resting, (row) => row.segment === segment),
    oldestResting: (segment, range) =>
      within(rows.resting, segment, range).sort(([a, x], [b, y]) =>
        x.until === y.until ? (a < b ? -1 : 1) : x.until - y.until,
      )[0]?.[1],
    cursor: (segment, prefix) => cursors.get(keyOf(segment, prefix)),
    setCursor: (cursor) => cursors.set(keyOf(cursor.segment, cursor.prefix), cursor),
  };
}

/** What keeps leases, resting addresses and runs in agreement. */
function leaseChanges(
  rows: LeaseRows,
): Pick<LeaseTable, "insert" | "remove" | "rest" | "endRest" | "endRests"> {
  const { leases, resting } = rows;
  const endRest: LeaseTable["endRest"] = (segment, address) => {
    const key = keyOf(segment, addressKey(address));
    assert(resting.delete(key), `endRest: ${key} is not resting`);
    freeNumber(runsOf(rows, segment, ipVersion(address)), ipToBigint(address));
  };
  return {
    insert: (lease) => {
      const { segment, address } = lease;
      const key = keyOf(segment, addressKey(address));
      assert(!leases.has(key), `insert: ${key} exists`);
      leases.set(key, lease);
      if (resting.delete(key)) return;
      takeNumber(runsOf(rows, segment, ipVersion(address)), ipToBigint(address));
    },
    remove: (segment, address) => {
      const key = keyOf(segment, addressKey(address));
      assert(leases.delete(key), `remove: ${key} does not exist`);
      freeNumber(runsOf(rows, segment, ipVersion(address)), ipToBigint(address));
    },
    rest: (row) => {
      const key = keyOf(row.segment, addressKey(row.address));
      assert(leases.delete(key), `rest: ${key} does not exist`);
      resting.set(key, row);
    },
    endRest,
    endRests: ({ bootId, boottime }) => {
      for (const { segment, address, ...row } of resting.values()) {
        if (row.bootId !== bootId || row.until <= boottime) endRest(segment, address);
      }
    },
  };
}

function keyOf(segment: SegmentName, rest: string): string {
  return `${segment} ${rest}`;
}

function inOrder<Row>(rows: Map<string, Row>, wanted: (row: Row) => boolean): Row[] {
  const found = [...rows].filter(([, row]) => wanted(row));
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function within<Row>(
  rows: Map<string, Row>,
  segment: SegmentName,
  { version, first, last }: IpRange,
): [string, Row][] {
  const bottom = keyOf(segment, numberKey(version, first));
  const top = keyOf(segment, numberKey(version, last));
  return [...rows].filter(([key]) => key >= bottom && key <= top);
}

function runsOf({ runs }: LeaseRows, segment: SegmentName, version: IpVersion): RunTable {
  const key = keyOf(segment, String(version));
  const list = runs.get(key) ?? [];
  runs.set(key, list);
  return {
    atOrBelow: (number) => list[countAtOrBelow(list, number) - 1],
    put: (run) => {
      const before = countAtOrBelow(list, run.first);
      const replaced = list[before - 1]?.first === run.first;
      if (replaced) list[before - 1] = run;
      else list.splice(before, 0, run);
    },
    remove: (first) => {
      const at = countAtOrBelow(list, first) - 1;
      assert(list[at]?.first === first, `no run begins at ${first}`);
      list.splice(at, 1);
    },
  };
}

/** How many runs begin at `number` or below it: a binary search. */
function countAtOrBelow(list: readonly Run[], number: bigint): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = list[middle];
    if (run !== undefined && run.first <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}
