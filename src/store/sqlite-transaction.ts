import type { Database } from "bun:sqlite";
import { assert } from "../base/index.ts";
import type { Endpoint, FormerAddresses, Network, NetworkId, Operation } from "../domain/index.ts";
import { formatDocument } from "./document.ts";
import type { ReadCache } from "./read-cache.ts";
import { sqliteHolds } from "./sqlite-holds.ts";
import { sqliteLeases } from "./sqlite-leases.ts";
import { select } from "./sqlite-select.ts";
import {
  type EndpointTable,
  FORMER_MAX,
  type FormerTable,
  type NetworkTable,
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
): Table<Key, Row> {
  const byKey = select<Row>(database, `${name} WHERE key = ?`);
  const inOrder = select<Row>(database, `${name} ORDER BY key`);
  const insert = database.query(`INSERT INTO ${name} (key, body) VALUES (?, ?)`);
  const update = database.query(`UPDATE ${name} SET body = ? WHERE key = ?`);
  const remove = database.query(`DELETE FROM ${name} WHERE key = ?`);
  return {
    get: (key) => byKey.one(key),
    all: () => inOrder.many(),
    insert: (row) => void insert.run(keyOf(row), formatDocument(row)),
    replace: (row) => {
      const { changes } = update.run(formatDocument(row), keyOf(row));
      assert(changes === 1, `replace: ${keyOf(row)} does not exist`);
    },
    remove: (key) => {
      assert(remove.run(key).changes === 1, `remove: ${key} does not exist`);
    },
  };
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
    ...table(database, "endpoints", (row) => row.id),
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
  const byNetwork = select<Operation>(
    database,
    "operations INDEXED BY operations_by_network WHERE network = ? ORDER BY key",
  );
  return {
    ...table(database, "operations", (row) => row.id),
    byNetwork: (network) => byNetwork.many(network),
  };
}

function formerTable(database: Database): FormerTable {
  const byKey = select<FormerAddresses>(database, "former WHERE network = ? AND workload = ?");
  const remove = database.query("DELETE FROM former WHERE network = ? AND workload = ?");
  const insert = database.query(
    `INSERT INTO former (body, age) VALUES (?, (SELECT coalesce(max(age), 0) + 1 FROM former))`,
  );
  const dropOldest = database.query(
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
