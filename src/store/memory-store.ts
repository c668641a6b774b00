import type { IpRange } from "../addr/index.ts";
import { assert, type Problem, type Result } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  Lease,
  Network,
  NetworkId,
  Operation,
  OperationId,
  PoolCursor,
  Segment,
  SegmentName,
  StoreSalt,
  StoreUuid,
} from "../domain/index.ts";
import { addressKey, numberKey } from "./sort-key.ts";
import type {
  EndpointTable,
  LeaseTable,
  NetworkTable,
  Store,
  Table,
  Transaction,
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
  readonly leases: Map<string, Lease>;
  readonly cursors: Map<string, PoolCursor>;
}

function emptyState(): State {
  return {
    segments: new Map(),
    networks: new Map(),
    endpoints: new Map(),
    operations: new Map(),
    leases: new Map(),
    cursors: new Map(),
  };
}

function copyState(state: State): State {
  return {
    segments: new Map(state.segments),
    networks: new Map(state.networks),
    endpoints: new Map(state.endpoints),
    operations: new Map(state.operations),
    leases: new Map(state.leases),
    cursors: new Map(state.cursors),
  };
}

function transaction(state: State): Transaction {
  return {
    segments: table(state.segments, (row) => row.name),
    networks: networkTable(state.networks),
    endpoints: endpointTable(state.endpoints),
    operations: table(state.operations, (row) => row.id),
    leases: leaseTable(state),
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

function networkTable(rows: Map<NetworkId, Network>): NetworkTable {
  const base = table(rows, (row: Network) => row.id);
  return {
    ...base,
    insert: (row) => {
      assert(!base.all().some((other) => other.name === row.name), `insert: ${row.name} exists`);
      base.insert(row);
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

function leaseTable({ leases, cursors }: State): LeaseTable {
  const keyOf = (segment: SegmentName, address: string): string => `${segment} ${address}`;
  const within = (segment: SegmentName, range: IpRange): Lease[] => {
    const first = keyOf(segment, numberKey(range.version, range.first));
    const last = keyOf(segment, numberKey(range.version, range.last));
    return [...leases].filter(([key]) => key >= first && key <= last).map(([, lease]) => lease);
  };
  return {
    get: (segment, address) => leases.get(keyOf(segment, addressKey(address))),
    bySegment: (segment) => sorted(leases).filter((lease) => lease.segment === segment),
    byEndpoint: (endpoint) => sorted(leases).filter((lease) => lease.endpoint === endpoint),
    countWithin: (segment, range) => within(segment, range).length,
    firstFree: (segment, range) => {
      // Ends after as many rounds as there are leases, however large the range is.
      for (let number = range.first; number <= range.last; number++) {
        if (!leases.has(keyOf(segment, numberKey(range.version, number)))) return number;
      }
      return undefined;
    },
    insert: (lease) => {
      const key = keyOf(lease.segment, addressKey(lease.address));
      assert(!leases.has(key), `insert: ${key} exists`);
      leases.set(key, lease);
    },
    remove: (segment, address) => {
      const key = keyOf(segment, addressKey(address));
      assert(leases.delete(key), `remove: ${key} does not exist`);
    },
    cursor: (segment, prefix) => cursors.get(keyOf(segment, prefix)),
    setCursor: (cursor) => cursors.set(keyOf(cursor.segment, cursor.prefix), cursor),
  };
}
