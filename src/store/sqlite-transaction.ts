import type { Database, SQLQueryBindings } from "bun:sqlite";
import { assert } from "../base/index.ts";
import type { Endpoint, Lease, Network, PoolCursor } from "../domain/index.ts";
import { formatDocument, parseDocument } from "./document.ts";
import { addressKey, numberKey } from "./sort-key.ts";
import type { EndpointTable, LeaseTable, NetworkTable, Table, Transaction } from "./store.ts";

/** The tables of an open database; only used between BEGIN and COMMIT. */
export function sqliteTransaction(database: Database): Transaction {
  return {
    segments: table(database, "segments", (row) => row.name),
    networks: networkTable(database),
    endpoints: endpointTable(database),
    operations: table(database, "operations", (row) => row.id),
    leases: leaseTable(database),
  };
}

interface Body {
  readonly body: string;
}

/** A prepared SELECT of documents. */
function select<Row>(database: Database, rest: string) {
  const query = database.query<Body, SQLQueryBindings[]>(`SELECT body FROM ${rest}`);
  return {
    one: (...values: string[]): Row | undefined => {
      const row = query.get(...values);
      return row === null ? undefined : parseDocument<Row>(row.body);
    },
    many: (...values: string[]): Row[] =>
      query.all(...values).map((r) => parseDocument<Row>(r.body)),
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

function networkTable(database: Database): NetworkTable {
  const byName = select<Network>(database, "networks WHERE name = ?");
  const bySegment = select<Network>(database, "networks WHERE segment = ? ORDER BY key");
  return {
    ...table(database, "networks", (row) => row.id),
    byName: (name) => byName.one(name),
    bySegment: (segment) => bySegment.many(segment),
  };
}

function endpointTable(database: Database): EndpointTable {
  const byNetwork = select<Endpoint>(database, "endpoints WHERE network = ? ORDER BY key");
  const byOwner = select<Endpoint>(database, "endpoints WHERE sandbox = ? AND ifname = ?");
  const byMac = select<Endpoint>(database, "endpoints WHERE mac = ? ORDER BY key");
  return {
    ...table(database, "endpoints", (row) => row.id),
    byNetwork: (network) => byNetwork.many(network),
    byOwner: (sandbox, ifname) => byOwner.one(sandbox, ifname),
    byMac: (mac) => byMac.many(mac),
  };
}

function leaseTable(database: Database): LeaseTable {
  const byAddress = select<Lease>(database, "leases WHERE segment = ? AND address = ?");
  const bySegment = select<Lease>(database, "leases WHERE segment = ? ORDER BY address");
  const byEndpoint = select<Lease>(database, "leases WHERE endpoint = ? ORDER BY segment, address");
  const within = "FROM leases WHERE segment = ? AND address BETWEEN ? AND ?";
  const count = database.query<{ count: number }, string[]>(`SELECT count(*) AS count ${within}`);
  const taken = database.query<{ address: string }, string[]>(
    `SELECT address ${within} ORDER BY address`,
  );
  const insert = database.query("INSERT INTO leases (segment, address, body) VALUES (?, ?, ?)");
  const remove = database.query("DELETE FROM leases WHERE segment = ? AND address = ?");
  const cursor = select<PoolCursor>(database, "cursors WHERE segment = ? AND prefix = ?");
  const setCursor = database.query("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)");
  return {
    get: (segment, address) => byAddress.one(segment, addressKey(address)),
    bySegment: (segment) => bySegment.many(segment),
    byEndpoint: (endpoint) => byEndpoint.many(endpoint),
    countWithin: (segment, { version, first, last }) =>
      count.get(segment, numberKey(version, first), numberKey(version, last))?.count ?? 0,
    firstFree: (segment, { version, first, last }) => {
      let free = first;
      const bounds = [segment, numberKey(version, first), numberKey(version, last)];
      // Leases come in order, so the first that is not the expected one leaves a gap before it.
      for (const { address } of taken.iterate(...bounds)) {
        if (address !== numberKey(version, free)) break;
        free += 1n;
      }
      return free <= last ? free : undefined;
    },
    insert: (lease) =>
      void insert.run(lease.segment, addressKey(lease.address), formatDocument(lease)),
    remove: (segment, address) => {
      const { changes } = remove.run(segment, addressKey(address));
      assert(changes === 1, `remove: ${address} does not exist`);
    },
    cursor: (segment, prefix) => cursor.one(segment, prefix),
    setCursor: (row) => void setCursor.run(row.segment, row.prefix, formatDocument(row)),
  };
}
