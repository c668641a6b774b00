import { formatRange, type Ip, ipFromBigint, ipToBigint, rangeContains } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import { formatAllocation, lastGivenFile, parseLastGiven } from "../../domain/index.ts";
import type { SysError } from "../../platform/index.ts";
import type { AddressPoolConfig, AddressPools } from "../conf/ipam.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { type Allocation, type Holder, isHeldBy, readAllocations } from "./allocation-folder.ts";
import type { Folder } from "./folder-files.ts";

/** One set of which an address is wanted. */
export interface WantedOfSet {
  readonly set: AddressPools;
  /** Its place in the configuration: the N of `last_reserved_ip.N`. */
  readonly index: number;
  readonly requested?: Ip;
}

/** An address that was given, with the pool that it is of. */
export interface GivenOfSet {
  readonly address: Ip;
  readonly pool: AddressPoolConfig;
}

interface Books {
  readonly folder: Folder;
  readonly holder: Holder;
  readonly taken: ReadonlyMap<Ip, Allocation>;
}

/**
 * One address of each set, as files of the folder; all or none. To be called under its lock. The
 * order is that of the reference's `host-local`: after the last one given, round and round.
 */
export function allocate(
  folder: Folder,
  holder: Holder,
  wanted: readonly WantedOfSet[],
): Result<readonly GivenOfSet[], CniError> {
  const read = readAllocations(folder);
  if (!read.ok) return err(folderError(folder, read.error));
  const taken = new Map(read.value.map((allocation) => [allocation.address, allocation]));
  const books = { folder, holder, taken };
  const given: GivenOfSet[] = [];
  for (const one of wanted) {
    const next = allocateOfSet(books, one);
    if (!next.ok) {
      for (const { address } of given) folder.files.removeFile(`${folder.directory}/${address}`);
      return next;
    }
    given.push(next.value);
  }
  return ok(given);
}

/** A refusal of the file system, as the plugin's answer. */
export function folderError({ directory }: Folder, { errno, call }: SysError): CniError {
  if (errno === "EAGAIN") {
    return cniError("tryAgainLater", `${directory} is locked by another process`);
  }
  return cniError("ioFailure", `cannot keep addresses in ${directory}: ${call}: ${errno}`);
}

function allocateOfSet(books: Books, wanted: WantedOfSet): Result<GivenOfSet, CniError> {
  const own = [...books.taken.values()].find(
    (allocation) =>
      isHeldBy(allocation, books.holder) && poolOf(wanted.set, allocation.address) !== undefined,
  );
  if (own !== undefined) {
    const { containerId } = books.holder;
    const whose = `${own.address} has been allocated to ${containerId}`;
    return err(cniError("internal", `${whose}, duplicate allocation is not allowed`));
  }
  const { requested } = wanted;
  return requested === undefined
    ? takeNext(books, wanted)
    : takeRequested(books, wanted, requested);
}

function takeRequested(
  books: Books,
  wanted: WantedOfSet,
  address: Ip,
): Result<GivenOfSet, CniError> {
  const pool = poolOf(wanted.set, address);
  const range = formatSet(wanted.set);
  if (pool === undefined) return err(cniError("internal", `IP ${address} is not in ${range}`));
  if (pool.gateway === address) {
    return err(cniError("internal", `requested IP ${address} is the gateway of ${pool.prefix}`));
  }
  const taken = take(books, wanted, { address, pool });
  if (!taken.ok || taken.value !== undefined) return taken as Result<GivenOfSet, CniError>;
  const text = `requested IP address ${address} is not available in range set ${range}`;
  return err(cniError("internal", text));
}

function takeNext(books: Books, wanted: WantedOfSet): Result<GivenOfSet, CniError> {
  for (const candidate of candidates(wanted.set, lastGiven(books.folder, wanted.index))) {
    if (books.taken.get(candidate.address)?.holder !== undefined) continue;
    const taken = take(books, wanted, candidate);
    if (!taken.ok || taken.value !== undefined) return taken as Result<GivenOfSet, CniError>;
  }
  const text = `no IP addresses available in range set: ${formatSet(wanted.set)}`;
  return err(cniError("internal", text));
}

/** Undefined where somebody else has it. */
function take(
  { folder, holder, taken }: Books,
  { index }: WantedOfSet,
  given: GivenOfSet,
): Result<GivenOfSet | undefined, CniError> {
  const path = `${folder.directory}/${given.address}`;
  const before = taken.get(given.address);
  // Whoever began to write it did so under this lock, and died.
  if (before !== undefined && before.holder === undefined) folder.files.removeFile(path);
  const made = folder.files.createText(path, formatAllocation(holder));
  if (!made.ok) {
    return made.error.errno === "EEXIST" ? ok(undefined) : err(folderError(folder, made.error));
  }
  const noted = folder.files.writeText(lastGivenPath(folder, index), given.address);
  if (noted.ok) return ok(given);
  folder.files.removeFile(path);
  return err(folderError(folder, noted.error));
}

function lastGivenPath({ directory }: Folder, index: number): string {
  return `${directory}/${lastGivenFile(index)}`;
}

function lastGiven(folder: Folder, index: number): Ip | undefined {
  const text = folder.files.readText(lastGivenPath(folder, index));
  return text.ok ? parseLastGiven(text.value) : undefined;
}

/** Every address of the set but gateways, once, beginning after `last`. */
function* candidates(set: AddressPools, last: Ip | undefined): Generator<GivenOfSet> {
  const start = last === undefined ? -1 : set.findIndex(({ range }) => rangeContains(range, last));
  const first = set[start];
  if (first === undefined || last === undefined) {
    for (const pool of set) yield* addressesOf(pool, pool.range.first, pool.range.last);
    return;
  }
  yield* addressesOf(first, ipToBigint(last) + 1n, first.range.last);
  const others = [...set.slice(start + 1), ...set.slice(0, start)];
  for (const pool of others) yield* addressesOf(pool, pool.range.first, pool.range.last);
  yield* addressesOf(first, first.range.first, ipToBigint(last));
}

function* addressesOf(pool: AddressPoolConfig, first: bigint, last: bigint): Generator<GivenOfSet> {
  for (let n = first; n <= last; n += 1n) {
    const address = ipFromBigint(pool.range.version, n);
    if (address !== pool.gateway) yield { address, pool };
  }
}

function poolOf(set: AddressPools, address: Ip): AddressPoolConfig | undefined {
  return set.find(({ range }) => rangeContains(range, address));
}

/** "10.0.0.1-10.0.0.254,10.0.1.1-10.0.1.9". */
export function formatSet(set: AddressPools): string {
  return set.map(({ range }) => formatRange(range)).join(",");
}
