import { assert, type Problem, type Result } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  FormerAddresses,
  Network,
  NetworkId,
  Operation,
  OperationId,
  Segment,
  SegmentName,
  StoreSalt,
  StoreUuid,
} from "../domain/index.ts";
import { copyLeases, emptyLeases, type LeaseRows, leaseTable } from "./memory-leases.ts";
import {
  type EndpointTable,
  FORMER_MAX,
  type FormerTable,
  type NetworkTable,
  type Store,
  type Table,
  type Transaction,
} from "./store.ts";

/** A store that lives as long as the process: one for each lab host. */
export function memoryStore(identity: { uuid: StoreUuid; salt: StoreSalt }): Store {
  let committed = emptyState();
  return {
    ...identity,
    transact: async <T>(decide: (tx: Transaction) => Result<T, Problem>) => {
      const draft = copyState(committed);
      const result = decide(transaction(draft));
      if (result.ok) committed = draft;
      return result;
    },
    close: () => {},
  };
}

interface State {
  readonly segments: Map<SegmentName, Segment>;
  readonly networks: Map<NetworkId, Network>;
  readonly endpoints: Map<EndpointId, Endpoint>;
  readonly operations: Map<OperationId, Operation>;
  readonly leases: LeaseRows;
  readonly former: Map<string, FormerAddresses>;
}

function emptyState(): State {
  return {
    segments: new Map(),
    networks: new Map(),
    endpoints: new Map(),
    operations: new Map(),
    leases: emptyLeases(),
    former: new Map(),
  };
}

function copyState(state: State): State {
  return {
    segments: new Map(state.segments),
    networks: new Map(state.networks),
    endpoints: new Map(state.endpoints),
    operations: new Map(state.operations),
    leases: copyLeases(state.leases),
    former: new Map(state.former),
  };
}

function transaction(state: State): Transaction {
  return {
    segments: table(state.segments, (row) => row.name),
    networks: networkTable(state),
    endpoints: endpointTable(state.endpoints),
    operations: table(state.operations, (row) => row.id),
    leases: leaseTable(state.leases),
    former: formerTable(state.former),
  };
}

function table<Key extends string, Row>(
  rows: Map<Key, Row>,
  keyOf: (row: Row) => Key,
): Table<Key, Row> {
  return {
    get: (key) => rows.get(key),
    all: () => sorted(rows),
    insert: (row) => {
      assert(!rows.has(keyOf(row)), `insert: ${keyOf(row)} exists`);
      rows.set(keyOf(row), row);
    },
    replace: (row) => {
      assert(rows.has(keyOf(row)), `replace: ${keyOf(row)} does not exist`);
      rows.set(keyOf(row), row);
    },
    remove: (key) => {
      assert(rows.delete(key), `remove: ${key} does not exist`);
    },
  };
}

function sorted<Row>(rows: Map<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function networkTable({ networks, former }: State): NetworkTable {
  const base = table(networks, (row: Network) => row.id);
  return {
    ...base,
    insert: (row) => {
      assert(!base.all().some((other) => other.name === row.name), `insert: ${row.name} exists`);
      base.insert(row);
    },
    remove: (id) => {
      base.remove(id);
      for (const [key, row] of former) if (row.network === id) former.delete(key);
    },
    byName: (name) => base.all().find((row) => row.name === name),
    bySegment: (segment) => base.all().filter((row) => row.segment === segment),
  };
}

function endpointTable(rows: Map<EndpointId, Endpoint>): EndpointTable {
  const base = table(rows, (row: Endpoint) => row.id);
  const byOwner: EndpointTable["byOwner"] = (sandbox, ifname) =>
    base.all().find((row) => row.sandbox.id === sandbox && row.ifname === ifname);
  return {
    ...base,
    insert: (row) => {
      assert(byOwner(row.sandbox.id, row.ifname) === undefined, `insert: ${row.ifname} exists`);
      base.insert(row);
    },
    byNetwork: (network) => base.all().filter((row) => row.network === network),
    byOwner,
    byMac: (mac) => base.all().filter((row) => row.link.mac === mac),
  };
}

function formerTable(rows: Map<string, FormerAddresses>): FormerTable {
  const keyOf = (network: NetworkId, workload: string): string => `${network} ${workload}`;
  return {
    get: (network, workload) => rows.get(keyOf(network, workload)),
    remember: (row) => {
      const key = keyOf(row.network, row.workload);
      // A map keeps the order of insertion, so the oldest row is its first.
      rows.delete(key);
      rows.set(key, row);
      const oldest = rows.keys().next().value;
      if (rows.size > FORMER_MAX && oldest !== undefined) rows.delete(oldest);
    },
  };
}
