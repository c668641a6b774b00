import type { IpRange, IpVersion } from "../addr/index.ts";
import { ipToBigint, ipVersion } from "../addr/index.ts";
import { assert } from "../base/index.ts";
import type { HeldAddress, Lease, PoolCursor, RestingLease, SegmentName } from "../domain/index.ts";
import { firstOutside, freeNumber, type Run, type RunTable, takeNumber } from "./address-runs.ts";
import { type Journal, MemoryRows } from "./memory-rows.ts";
import { addressKey, numberKey } from "./sort-key.ts";
import type { HoldTable, LeaseTable, Transaction } from "./store.ts";

/** The address book of a store in memory; keys begin with the segment and sort by address. */
interface LeaseRows {
  readonly leases: MemoryRows<string, Lease>;
  readonly resting: MemoryRows<string, RestingLease>;
  readonly runsOf: (segment: SegmentName, version: IpVersion) => RunTable;
}

/** An empty address book. */
export function memoryBook(journal: Journal): Pick<Transaction, "leases" | "holds"> {
  const rows: LeaseRows = {
    leases: new MemoryRows(journal),
    resting: new MemoryRows(journal),
    runsOf: memoryRuns(journal),
  };
  return { leases: memoryLeases(journal, rows), holds: memoryHolds(journal, rows) };
}

function memoryLeases(journal: Journal, rows: LeaseRows): LeaseTable {
  const { leases, resting, runsOf } = rows;
  const cursors = new MemoryRows<string, PoolCursor>(journal);
  const bySegment = leases.index((row) => row.segment);
  const restingOn = resting.index((row) => row.segment);
  return {
    get: (segment, address) => leases.get(keyOf(segment, addressKey(address))),
    bySegment,
    byEndpoint: leases.index((row) => row.endpoint),
    countWithin: (segment, range) => [...within(leases, segment, range)].length,
    firstFree: (segment, range) => firstOutside(runsOf(segment, range.version), range),
    ...leaseChanges(rows),
    resting: restingOn,
    oldestResting: (segment, range) => {
      const rows = [...within(resting, segment, range)];
      return rows.reduce<RestingLease | undefined>(
        (oldest, row) => (oldest === undefined || goesBefore(row, oldest) ? row : oldest),
        undefined,
      );
    },
    cursor: (segment, prefix) => cursors.get(keyOf(segment, prefix)),
    setCursor: (cursor) => cursors.put(keyOf(cursor.segment, cursor.prefix), cursor),
  };
}

function memoryHolds(journal: Journal, { leases, resting, runsOf }: LeaseRows): HoldTable {
  const rows = new MemoryRows<string, HeldAddress>(journal);
  return {
    get: (segment, address) => rows.get(keyOf(segment, addressKey(address))),
    all: () => rows.inOrder(),
    byContainer: rows.index((row) => row.holder.containerId),
    insert: (row) => {
      const { segment, address } = row;
      const key = keyOf(segment, addressKey(address));
      assert(!rows.has(key) && !leases.has(key), `insert: ${key} exists`);
      rows.put(key, row);
      if (resting.delete(key)) return;
      takeNumber(runsOf(segment, ipVersion(address)), ipToBigint(address));
    },
    remove: (segment, address) => {
      const key = keyOf(segment, addressKey(address));
      assert(rows.delete(key), `remove: ${key} does not exist`);
      freeNumber(runsOf(segment, ipVersion(address)), ipToBigint(address));
    },
  };
}

function goesBefore(a: RestingLease, b: RestingLease): boolean {
  if (a.until !== b.until) return a.until < b.until;
  return addressKey(a.address) < addressKey(b.address);
}

/** What keeps leases, resting addresses and runs in agreement. */
function leaseChanges({
  leases,
  resting,
  runsOf,
}: LeaseRows): Pick<LeaseTable, "insert" | "remove" | "rest" | "endRest" | "endRests"> {
  const endRest: LeaseTable["endRest"] = (segment, address) => {
    const key = keyOf(segment, addressKey(address));
    assert(resting.delete(key), `endRest: ${key} is not resting`);
    freeNumber(runsOf(segment, ipVersion(address)), ipToBigint(address));
  };
  return {
    insert: (lease) => {
      const { segment, address } = lease;
      const key = keyOf(segment, addressKey(address));
      assert(!leases.has(key), `insert: ${key} exists`);
      leases.put(key, lease);
      if (resting.delete(key)) return;
      takeNumber(runsOf(segment, ipVersion(address)), ipToBigint(address));
    },
    remove: (segment, address) => {
      const key = keyOf(segment, addressKey(address));
      assert(leases.delete(key), `remove: ${key} does not exist`);
      freeNumber(runsOf(segment, ipVersion(address)), ipToBigint(address));
    },
    rest: (row) => {
      const key = keyOf(row.segment, addressKey(row.address));
      assert(leases.delete(key), `rest: ${key} does not exist`);
      resting.put(key, row);
    },
    endRest,
    endRests: ({ bootId, boottime }) => {
      for (const [, { segment, address, ...row }] of resting.entries()) {
        if (row.bootId !== bootId || row.until <= boottime) endRest(segment, address);
      }
    },
  };
}

function keyOf(segment: SegmentName, rest: string): string {
  return `${segment} ${rest}`;
}

/** In no order. */
function* within<Row>(
  rows: MemoryRows<string, Row>,
  segment: SegmentName,
  { version, first, last }: IpRange,
): Iterable<Row> {
  const bottom = keyOf(segment, numberKey(version, first));
  const top = keyOf(segment, numberKey(version, last));
  for (const [key, row] of rows.entries()) if (key >= bottom && key <= top) yield row;
}

/** The runs of addresses that are not free, by segment and IP version, each list in order. */
function memoryRuns(journal: Journal): LeaseRows["runsOf"] {
  const lists = new Map<string, Run[]>();
  return (segment, version) => {
    const key = keyOf(segment, String(version));
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    const atOrBelow = (number: bigint): Run | undefined => list[countAtOrBelow(list, number) - 1];
    return {
      atOrBelow,
      put: (run) => {
        const below = atOrBelow(run.first);
        const before = below?.first === run.first ? below : undefined;
        putRun(list, run);
        journal.note(() => (before ? putRun(list, before) : removeRun(list, run.first)));
      },
      remove: (first) => {
        const before = removeRun(list, first);
        journal.note(() => putRun(list, before));
      },
    };
  };
}

function putRun(list: Run[], run: Run): void {
  const before = countAtOrBelow(list, run.first);
  const replaced = list[before - 1]?.first === run.first;
  if (replaced) list[before - 1] = run;
  else list.splice(before, 0, run);
}

function removeRun(list: Run[], first: bigint): Run {
  const at = countAtOrBelow(list, first) - 1;
  const run = list[at];
  assert(run?.first === first, `no run begins at ${first}`);
  list.splice(at, 1);
  return run;
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
