import type { Database } from "bun:sqlite";
import { type Ip, type IpVersion, ipToBigint, ipVersion } from "../addr/index.ts";
import { assert } from "../base/index.ts";
import type { Lease, PoolCursor, RestingLease, SegmentName } from "../domain/index.ts";
import { firstOutside, freeNumber, type RunTable, takeIfFree } from "./address-runs.ts";
import { formatDocument } from "./document.ts";
import { addressKey, keyNumber, numberKey } from "./sort-key.ts";
import { select } from "./sqlite-select.ts";
import { statement } from "./statement.ts";
import type { LeaseTable } from "./store.ts";

/** The address book of an open database. */
export function sqliteLeases(database: Database): LeaseTable {
  const byAddress = select<Lease>(database, "leases WHERE segment = ? AND address = ?");
  const bySegment = select<Lease>(database, "leases WHERE segment = ? ORDER BY address");
  const byEndpoint = select<Lease>(database, "leases WHERE endpoint = ? ORDER BY segment, address");
  const count = statement<{ count: number }>(
    database,
    "SELECT count(*) AS count FROM leases WHERE segment = ? AND address BETWEEN ? AND ?",
  );
  const runs = sqliteRuns(database);
  const resting = select<RestingLease>(database, "resting WHERE segment = ? ORDER BY address");
  // By age and not by address: where the pool is tight, the first row read is nearly always it.
  const oldest = select<RestingLease>(
    database,
    `resting INDEXED BY resting_by_age WHERE segment = ? AND address BETWEEN ? AND ?
       ORDER BY until, address LIMIT 1`,
  );
  const cursor = select<PoolCursor>(database, "cursors WHERE segment = ? AND prefix = ?");
  const setCursor = statement(database, "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)");
  return {
    get: (segment, address) => byAddress.one(segment, addressKey(address)),
    bySegment: (segment) => bySegment.many(segment),
    byEndpoint: (endpoint) => byEndpoint.many(endpoint),
    countWithin: (segment, { version, first, last }) =>
      count.get(segment, numberKey(version, first), numberKey(version, last))?.count ?? 0,
    firstFree: (segment, range) => firstOutside(runs(segment, range.version), range),
    ...leaseChanges(database),
    resting: (segment) => resting.many(segment),
    oldestResting: (segment, { version, first, last }) =>
      oldest.one(segment, numberKey(version, first), numberKey(version, last)),
    cursor: (segment, prefix) => cursor.one(segment, prefix),
    setCursor: (row) => void setCursor.run(row.segment, row.prefix, formatDocument(row)),
  };
}

/** What keeps leases, resting addresses and runs in agreement. */
function leaseChanges(
  database: Database,
): Pick<LeaseTable, "insert" | "remove" | "rest" | "endRest" | "endRests"> {
  const runs = sqliteRuns(database);
  const insert = statement(
    database,
    "INSERT INTO leases (segment, address, body) VALUES (?, ?, ?)",
  );
  const remove = statement(database, "DELETE FROM leases WHERE segment = ? AND address = ?");
  const rest = statement(database, "INSERT INTO resting (segment, address, body) VALUES (?, ?, ?)");
  const wake = statement(database, "DELETE FROM resting WHERE segment = ? AND address = ?");
  // Three searches of the index instead of one scan of the table.
  const over = select<RestingLease>(
    database,
    `resting WHERE boot_id = ? AND until <= ?
       UNION ALL SELECT body FROM resting WHERE boot_id < ?
       UNION ALL SELECT body FROM resting WHERE boot_id > ?`,
  );
  const free = (segment: SegmentName, address: Ip): void =>
    freeNumber(runs(segment, ipVersion(address)), ipToBigint(address));
  const removeLease = (segment: SegmentName, address: Ip): void => {
    const { changes } = remove.run(segment, addressKey(address));
    assert(changes === 1, `remove: ${address} does not exist`);
  };
  const endRest: LeaseTable["endRest"] = (segment, address) => {
    const { changes } = wake.run(segment, addressKey(address));
    assert(changes === 1, `endRest: ${address} is not resting`);
    free(segment, address);
  };
  return {
    insert: (lease) => {
      const { segment, address } = lease;
      insert.run(segment, addressKey(address), formatDocument(lease));
      if (takeIfFree(runs(segment, ipVersion(address)), ipToBigint(address))) return;
      const { changes } = wake.run(segment, addressKey(address));
      assert(changes === 1, `insert: ${address} is taken, and does not rest`);
    },
    remove: (segment, address) => {
      removeLease(segment, address);
      free(segment, address);
    },
    rest: (row) => {
      removeLease(row.segment, row.address);
      rest.run(row.segment, addressKey(row.address), formatDocument(row));
    },
    endRest,
    endRests: ({ bootId, boottime }) => {
      const rows = over.many(bootId, boottime, bootId, bootId);
      for (const { segment, address } of rows) endRest(segment, address);
    },
  };
}

/** The runs of each segment and IP version, as rows of the table `runs`. */
export function sqliteRuns(
  database: Database,
): (segment: SegmentName, version: IpVersion) => RunTable {
  const atOrBelow = statement<{ first: string; last: string }>(database, RUN_AT_OR_BELOW);
  const put = statement(database, "INSERT OR REPLACE INTO runs VALUES (?, ?, ?)");
  const remove = statement(database, "DELETE FROM runs WHERE segment = ? AND first = ?");
  return (segment, version) => ({
    atOrBelow: (number) => {
      const row = atOrBelow.get(segment, numberKey(version, 0n), numberKey(version, number));
      return row === null ? undefined : { first: keyNumber(row.first), last: keyNumber(row.last) };
    },
    put: ({ first, last }) =>
      void put.run(segment, numberKey(version, first), numberKey(version, last)),
    remove: (first) => {
      const { changes } = remove.run(segment, numberKey(version, first));
      assert(changes === 1, `no run begins at ${first}`);
    },
  });
}

/** One step down the primary key, whatever the number of rows. */
export const RUN_AT_OR_BELOW = `
  SELECT first, last FROM runs WHERE segment = ? AND first BETWEEN ? AND ?
  ORDER BY first DESC LIMIT 1`;
