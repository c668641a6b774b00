import type { Ip, IpRange, Mac, Prefix } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type {
  AttachmentKey,
  Endpoint,
  EndpointId,
  FormerAddresses,
  HeldAddress,
  IfName,
  Lease,
  Moment,
  Network,
  NetworkId,
  NetworkName,
  Operation,
  PoolCursor,
  RestingLease,
  SandboxId,
  Segment,
  SegmentName,
  StoreSalt,
  StoreUuid,
  WorkloadName,
} from "../domain/index.ts";

/**
 * Where intent lives. All writing happens in `transact`, which is atomic and serialisable: other
 * processes see all of it or nothing.
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
  transact<T>(
    decide: (tx: Transaction) => Result<T, Problem>,
    survives?: Survives,
  ): Promise<Result<T, Problem>>;
  /** Runs `look` on a consistent view. Waits for nobody who writes, and nobody waits for it. */
  read<T>(look: (book: Book) => Result<T, Problem>): Promise<Result<T, Problem>>;
  /**
   * Resolves when whatever was committed before the call, and has to, survives a power cut. Waits
   * for the disk beside other work, so that it can be asked before the answer that needs it is due.
   */
  persist(): Promise<Result<void, Problem>>;
  close(): void;
}

/**
 * What a commit has to survive; absent: a power cut. One that is "once-persisted" survives it when
 * `persist` has resolved, which can be waited for beside other work. For what a power cut makes
 * meaningless, as which link was there, the end of this process is enough. Whatever survives a
 * power cut takes all before it along.
 */
export type Survives = "power-cut" | "once-persisted" | "process-end";

/** The tables within one transaction. Writes are seen by later reads of the same transaction. */
export interface Transaction {
  readonly segments: Table<SegmentName, Segment>;
  readonly networks: NetworkTable;
  readonly endpoints: EndpointTable;
  readonly leases: LeaseTable;
  readonly holds: HoldTable;
  readonly former: FormerTable;
  readonly operations: OperationTable;
}

type Writes =
  | Exclude<keyof Table<unknown, unknown>, "get" | "all">
  | "rest"
  | "endRest"
  | "endRests"
  | "setCursor"
  | "remember";

/** The tables, for whoever only reads. */
export type Book = { readonly [Name in keyof Transaction]: Omit<Transaction[Name], Writes> };

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
  bySandbox(sandbox: SandboxId): readonly Endpoint[];
  /** What a runtime calls so; at most one. */
  byAttachment(key: AttachmentKey): Endpoint | undefined;
  /** Those of one configuration of a runtime's. */
  byConfiguration(name: string): readonly Endpoint[];
  /** Endpoints whose sandbox was of another boot than this. */
  ofOtherBoots(bootId: string): readonly Endpoint[];
  /** Every endpoint with this MAC address, on whatever segment. */
  byMac(mac: Mac): readonly Endpoint[];
}

/** What an operation is known by. */
export type OperationKey = Pick<Operation, "network" | "id">;

/** In order of networks and ids. */
export interface OperationTable extends Table<OperationKey, Operation> {
  /** What is in flight on the network or on an endpoint of it, in order of their keys. */
  byNetwork(network: NetworkId): readonly Operation[];
}

/** The address book. An address is leased, resting, held or free; never two of them. */
export interface LeaseTable {
  get(segment: SegmentName, address: Ip): Lease | undefined;
  /** In order of their addresses, IPv4 first. */
  bySegment(segment: SegmentName): readonly Lease[];
  byEndpoint(endpoint: EndpointId): readonly Lease[];
  countWithin(segment: SegmentName, range: IpRange): number;
  /**
   * The lowest address of `range` that is neither leased nor resting nor held on `segment`. Costs
   * the same in a full pool as in an empty one.
   */
  firstFree(segment: SegmentName, range: IpRange): bigint | undefined;
  /** The address is leased from now on; if it was resting, its rest is over. */
  insert(lease: Lease): void;
  /** The address is free at once. */
  remove(segment: SegmentName, address: Ip): void;
  /** Ends the lease of the address; from now on it is resting. */
  rest(resting: RestingLease): void;
  /** In order of their addresses, IPv4 first. */
  resting(segment: SegmentName): readonly RestingLease[];
  /** Of the addresses of `range` that are resting, that whose rest ends first. */
  oldestResting(segment: SegmentName, range: IpRange): RestingLease | undefined;
  endRest(segment: SegmentName, address: Ip): void;
  /** Ends every rest that is over at `now`: all of another boot, and those whose time has come. */
  endRests(now: Moment): void;
  cursor(segment: SegmentName, prefix: Prefix): PoolCursor | undefined;
  setCursor(cursor: PoolCursor): void;
}

/** Addresses that others give away. */
export interface HoldTable {
  get(segment: SegmentName, address: Ip): HeldAddress | undefined;
  /** In order of segments and addresses. */
  all(): readonly HeldAddress[];
  /** Those of the attachments of one container, whatever configuration they are of. */
  byContainer(containerId: string): readonly HeldAddress[];
  /** The address is neither leased nor held; if it was resting, its rest is over. */
  insert(row: HeldAddress): void;
  /** The address is free at once. */
  remove(segment: SegmentName, address: Ip): void;
}

/** How many workloads are remembered: names may be made up anew each day, for ever. */
export const FORMER_MAX = 4096;

/** Where workloads were; forgotten with the network. */
export interface FormerTable {
  get(network: NetworkId, workload: WorkloadName): FormerAddresses | undefined;
  /** Replaces what was known of the workload; of more than FORMER_MAX rows, the oldest go. */
  remember(row: FormerAddresses): void;
}
