import type { Database } from "bun:sqlite";
import type { Endpoint, FormerAddresses, Network, NetworkId, Operation } from "../domain/index.ts";
import { formatDocument } from "./document.ts";
import type { ReadCache } from "./read-cache.ts";
import { sqliteHolds } from "./sqlite-holds.ts";
import { sqliteLeases } from "./sqlite-leases.ts";
import { type Columns, sqliteRows } from "./sqlite-rows.ts";
import { select } from "./sqlite-select.ts";
import { statement } from "./statement.ts";
import {
  type EndpointTable,
  FORMER_MAX,
  type FormerTable,
  type NetworkTable,
  type OperationKey,
  type OperationTable,
  type Table,
  type Transaction,
} from "./store.ts";

/**
 * The tables of an open database; only used between BEGIN and COMMIT. `networks` is to
 * be told when another connection wrote, and how each transaction ended.
 */
export function sqliteTransaction(database: Database, networks: ReadCache): Transaction {
  return {
    segments: table(database, "segments", (row) => row.name),
    networks: networkTable(database, networks),
    endpoints: endpointTable(database),
    operations: operationTable(database),
    leases: sqliteLeases(database),
    holds: sqliteHolds(database),
    former: formerTable(database),
  };
}

function table<Key extends string, Row>(
  database: Database,
  name: string,
  keyOf: (row: Row) => Key,
  columns: Columns<Row> = {},
): Table<Key, Row> {
  return sqliteRows<Key, Row>(database, { table: name, key: { key: String }, keyOf, columns });
}

function networkTable(database: Database, cache: ReadCache): NetworkTable {
  const rows = table<NetworkId, Network>(database, "networks", (row) => row.id);
  const byName = select<Network>(database, "networks WHERE name = ?");
  const bySegment = select<Network>(database, "networks WHERE segment = ? ORDER BY key");
  const writing = <Args extends unknown[]>(write: (...args: Args) => void) => {
    return (...args: Args): void => {
      cache.write();
      write(...args);
    };
  };
  return {
    get: (id) => cache.get(`id ${id}`, () => rows.get(id)),
    all: () => cache.get("all", rows.all),
    byName: (name) => cache.get(`name ${name}`, () => byName.one(name)),
    bySegment: (segment) => cache.get(`segment ${segment}`, () => bySegment.many(segment)),
    insert: writing(rows.insert),
    replace: writing(rows.replace),
    remove: writing(rows.remove),
  };
}

const endpointColumns: Columns<Endpoint> = {
  network: ({ network }) => network,
  sandbox: ({ sandbox }) => sandbox.id,
  ifname: ({ ifname }) => ifname,
  mac: ({ link }) => link.mac,
  configuration: ({ attachment }) => attachment?.network,
  container: ({ attachment }) => attachment?.containerId,
};

function endpointTable(database: Database): EndpointTable {
  const byNetwork = select<Endpoint>(database, "endpoints WHERE network = ? ORDER BY key");
  // Sorted below: SQLite would build a sorter for the one row that there is nearly always.
  const bySandbox = select<Endpoint>(database, "endpoints WHERE sandbox = ?");
  const byOwner = select<Endpoint>(database, "endpoints WHERE sandbox = ? AND ifname = ?");
  // Ids of sandboxes begin with "BOOT/", and "0" is the character after "/".
  const ofOtherBoots = select<Endpoint>(
    database,
    `endpoints WHERE key IN (
       SELECT key FROM endpoints WHERE sandbox < ? UNION ALL
       SELECT key FROM endpoints WHERE sandbox >= ?) ORDER BY key`,
  );
  const byAttachment = select<Endpoint>(
    database,
    "endpoints WHERE configuration = ? AND container = ? AND ifname = ?",
  );
  const byConfiguration = select<Endpoint>(
    database,
    "endpoints WHERE configuration = ? ORDER BY key",
  );
  const byMac = select<Endpoint>(database, "endpoints WHERE mac = ? ORDER BY key");
  return {
    ...table(database, "endpoints", (row) => row.id, endpointColumns),
    byNetwork: (network) => byNetwork.many(network),
    byOwner: (sandbox, ifname) => byOwner.one(sandbox, ifname),
    bySandbox: (sandbox) => bySandbox.many(sandbox).sort((a, b) => (a.id < b.id ? -1 : 1)),
    byAttachment: ({ network, containerId, ifname }) =>
      byAttachment.one(network, containerId, ifname),
    byConfiguration: (name) => byConfiguration.many(name),
    ofOtherBoots: (bootId) => ofOtherBoots.many(`${bootId}/`, `${bootId}0`),
    byMac: (mac) => byMac.many(mac),
  };
}

function operationTable(database: Database): OperationTable {
  const byNetwork = select<Operation>(database, "operations WHERE network = ? ORDER BY key");
  return {
    ...sqliteRows<OperationKey, Operation>(database, {
      table: "operations",
      key: { network: ({ network }) => network, key: ({ id }) => id },
      keyOf: (row) => row,
    }),
    byNetwork: (network) => byNetwork.many(network),
  };
}

function formerTable(database: Database): FormerTable {
  const byKey = select<FormerAddresses>(database, "former WHERE network = ? AND workload = ?");
  const remove = statement(database, "DELETE FROM former WHERE network = ? AND workload = ?");
  const insert = statement(
    database,
    `INSERT INTO former (body, age) VALUES (?, (SELECT coalesce(max(age), 0) + 1 FROM former))`,
  );
  const dropOldest = statement(
    database,
    `DELETE FROM former WHERE age <=
       (SELECT age FROM former ORDER BY age DESC LIMIT 1 OFFSET ${FORMER_MAX})`,
  );
  return {
    get: (network, workload) => byKey.one(network, workload),
    remember: (row) => {
      const { changes } = remove.run(row.network, row.workload);
      insert.run(formatDocument(row));
      if (changes === 0) dropOldest.run();
    },
  };
}
