import { assert, ok, type Problem, type Result } from "../base/index.ts";
import type {
  AttachmentKey,
  Endpoint,
  EndpointId,
  FormerAddresses,
  IfName,
  Network,
  NetworkId,
  Operation,
  SandboxId,
  Segment,
  SegmentName,
  StoreSalt,
  StoreUuid,
} from "../domain/index.ts";
import { memoryBook } from "./memory-leases.ts";
import { Journal, MemoryRows } from "./memory-rows.ts";
import {
  type EndpointTable,
  FORMER_MAX,
  type FormerTable,
  type NetworkTable,
  type OperationKey,
  type OperationTable,
  type Store,
  type Table,
  type Transaction,
} from "./store.ts";

/** A store that lives as long as the process: one for each lab host. */
export function memoryStore(identity: { uuid: StoreUuid; salt: StoreSalt }): Store {
  const journal = new Journal();
  const tx = memoryTransaction(journal);
  return {
    ...identity,
    transact: async (decide) => transact(journal, () => decide(tx)),
    read: async (look) => look(tx),
    persist: async () => ok(),
    close: () => {},
  };
}

function transact<T>(journal: Journal, decide: () => Result<T, Problem>): Result<T, Problem> {
  try {
    const result = decide();
    if (result.ok) journal.forget();
    return result;
  } finally {
    // Empty after a success; after an Err or a throw, all that was written.
    journal.rollBack();
  }
}

function memoryTransaction(journal: Journal): Transaction {
  const former = new MemoryRows<string, AgedFormer>(journal);
  return {
    segments: table(new MemoryRows<SegmentName, Segment>(journal), (row) => row.name),
    networks: networkTable(new MemoryRows(journal), former),
    endpoints: endpointTable(new MemoryRows(journal)),
    operations: operationTable(new MemoryRows(journal)),
    ...memoryBook(journal),
    former: formerTable(former),
  };
}

function table<Key extends string, Row>(
  rows: MemoryRows<Key, Row>,
  keyOf: (row: Row) => Key,
): Table<Key, Row> {
  return {
    get: (key) => rows.get(key),
    all: () => rows.inOrder(),
    insert: (row) => {
      assert(!rows.has(keyOf(row)), `insert: ${keyOf(row)} exists`);
      rows.put(keyOf(row), row);
    },
    replace: (row) => {
      assert(rows.has(keyOf(row)), `replace: ${keyOf(row)} does not exist`);
      rows.put(keyOf(row), row);
    },
    remove: (key) => {
      assert(rows.delete(key), `remove: ${key} does not exist`);
    },
  };
}

function networkTable(
  rows: MemoryRows<NetworkId, Network>,
  former: MemoryRows<string, AgedFormer>,
): NetworkTable {
  const base = table(rows, (row) => row.id);
  const formerOf = former.index((row) => row.network);
  return {
    ...base,
    remove: (id) => {
      base.remove(id);
      for (const row of formerOf(id)) former.delete(formerKey(row));
    },
    byName: rows.uniqueIndex((row) => row.name),
    bySegment: rows.index((row) => row.segment),
  };
}

function endpointTable(rows: MemoryRows<EndpointId, Endpoint>): EndpointTable {
  const ownerOf = (sandbox: SandboxId, ifname: IfName): string => `${sandbox} ${ifname}`;
  const byOwner = rows.uniqueIndex((row) => ownerOf(row.sandbox.id, row.ifname));
  const attachmentOf = ({ network, containerId, ifname }: AttachmentKey): string =>
    `${network} ${containerId} ${ifname}`;
  const byAttachment = rows.uniqueIndex(({ id, attachment }) =>
    attachment === undefined ? id : attachmentOf(attachment),
  );
  return {
    ...table(rows, (row) => row.id),
    byNetwork: rows.index((row) => row.network),
    byOwner: (sandbox, ifname) => byOwner(ownerOf(sandbox, ifname)),
    bySandbox: rows.index((row) => row.sandbox.id),
    byAttachment: (key) => byAttachment(attachmentOf(key)),
    byConfiguration: rows.index((row) => row.attachment?.network ?? ""),
    ofOtherBoots: (bootId) =>
      rows.inOrder().filter(({ sandbox }) => !sandbox.id.startsWith(`${bootId}/`)),
    byMac: rows.index((row) => row.link.mac ?? ""),
  };
}

function operationTable(rows: MemoryRows<string, Operation>): OperationTable {
  const keyOf = ({ network, id }: OperationKey): string => `${network} ${id}`;
  const base = table(rows, keyOf);
  return {
    ...base,
    get: (key) => base.get(keyOf(key)),
    remove: (key) => base.remove(keyOf(key)),
    byNetwork: rows.index((row) => row.network),
  };
}

/** `age` counts up, so that the smallest is the row that was not touched for the longest time. */
type AgedFormer = FormerAddresses & { readonly age: number };

function formerKey({ network, workload }: Pick<FormerAddresses, "network" | "workload">): string {
  return `${network} ${workload}`;
}

function formerTable(rows: MemoryRows<string, AgedFormer>): FormerTable {
  let lastAge = 0;
  return {
    get: (network, workload) => {
      const row = rows.get(formerKey({ network, workload }));
      if (row === undefined) return undefined;
      const { age: _, ...known } = row;
      return known;
    },
    remember: (row) => {
      lastAge += 1;
      rows.put(formerKey(row), { ...row, age: lastAge });
      if (rows.size > FORMER_MAX) rows.delete(oldestKey(rows));
    },
  };
}

function oldestKey(rows: MemoryRows<string, AgedFormer>): string {
  let [oldest, least] = ["", Number.POSITIVE_INFINITY];
  for (const [key, { age }] of rows.entries()) if (age < least) [oldest, least] = [key, age];
  return oldest;
}
