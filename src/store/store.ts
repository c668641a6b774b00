import type { Ip, IpRange, Mac, Prefix } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  IfName,
  Lease,
  Network,
  NetworkId,
  NetworkName,
  Operation,
  OperationId,
  PoolCursor,
  SandboxId,
  Segment,
  SegmentName,
  StoreSalt,
  StoreUuid,
} from "../domain/index.ts";

/**
 * Where intent lives. All reading and writing happens in `transact`, which is atomic and
 * serialisable: other processes see all of it or nothing.
 */
export interface Store {
  /** Chosen when the store was made; names its links. */
  readonly uuid: StoreUuid;
  /** Chosen when the store was made; derives its MAC addresses. */
  readonly salt: StoreSalt;
  /**
   * Runs `decide` on a consistent view and commits what it wrote, durably, when it succeeds; an
   * Err or a throw leaves everything as it was. `decide` is synchronous and free of other effects,
   * because a store may have to run it again (that is also why no transaction can span a wait).
   */
  transact<T>(decide: (tx: Transaction) => Result<T, Problem>): Promise<Result<T, Problem>>;
  close(): void;
}

/** The tables within one transaction. Writes are seen by later reads of the same transaction. */
export interface Transaction {
  readonly segments: Table<SegmentName, Segment>;
  readonly networks: NetworkTable;
  readonly endpoints: EndpointTable;
  readonly leases: LeaseTable;
  readonly operations: Table<OperationId, Operation>;
}

/** Rows by key. Writing against the state of the table (inserting twice, …) is a bug and throws. */
export interface Table<Key, Row> {
  get(key: Key): Row | undefined;
  /** In order of their keys. */
  all(): readonly Row[];
  insert(row: Row): void;
  replace(row: Row): void;
  remove(key: Key): void;
}

export interface NetworkTable extends Table<NetworkId, Network> {
  byName(name: NetworkName): Network | undefined;
  bySegment(segment: SegmentName): readonly Network[];
}

export interface EndpointTable extends Table<EndpointId, Endpoint> {
  byNetwork(network: NetworkId): readonly Endpoint[];
  /** Whatever holds this link name of this sandbox; at most one. */
  byOwner(sandbox: SandboxId, ifname: IfName): Endpoint | undefined;
  /** Every endpoint with this MAC address, on whatever segment. */
  byMac(mac: Mac): readonly Endpoint[];
}

/** The address book. */
export interface LeaseTable {
  get(segment: SegmentName, address: Ip): Lease | undefined;
  /** In order of their addresses, IPv4 first. */
  bySegment(segment: SegmentName): readonly Lease[];
  byEndpoint(endpoint: EndpointId): readonly Lease[];
  countWithin(segment: SegmentName, range: IpRange): number;
  /** The lowest address of `range` that is not leased on `segment`. */
  firstFree(segment: SegmentName, range: IpRange): bigint | undefined;
  insert(lease: Lease): void;
  remove(segment: SegmentName, address: Ip): void;
  cursor(segment: SegmentName, prefix: Prefix): PoolCursor | undefined;
  setCursor(cursor: PoolCursor): void;
}
