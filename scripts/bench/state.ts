/** The book on the disk against the disk itself, and the kernel's lists against `ip`. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ipFromBigint, parsePrefix } from "../../src/addr/index.ts";
import { ok } from "../../src/base/index.ts";
import type { Lease, SegmentName } from "../../src/domain/index.ts";
import { listLinks, openRtnetlink } from "../../src/netlink/index.ts";
import type { Store } from "../../src/store/index.ts";
import { inside, openLan } from "../../test/support/lan.ts";
import { must } from "../../test/support/must.ts";
import { type Outcome, type Row, sample, sideBySide, time } from "./harness.ts";
import { diskDirectory, openSite, openSqlite, timeAttach } from "./site.ts";

/** Commits of one round, and writes: enough that the log is folded into the file in most. */
const BATCH = 100;
const ROUNDS = 30;

/** One acknowledged commit that gives one address. */
async function allocate(store: Store, like: Lease, n: number): Promise<void> {
  const address = ipFromBigint(4, 0x0a010000n + BigInt(n));
  const done = await store.transact((tx) => {
    tx.leases.insert({ ...like, address });
    return ok();
  });
  must(done);
}

async function durable(): Promise<Outcome> {
  using lan = openLan();
  using directory = diskDirectory();
  const store = openSqlite(directory.path);
  const site = await openSite(lan, store, 14);
  const like = await leaseOfAttached(site, store);
  const before = statSync(join(directory.path, "landfall.db-wal")).size;
  await allocate(store, like, 0);
  const size = statSync(join(directory.path, "landfall.db-wal")).size - before;
  const file = openSync(join(directory.path, "raw"), "w");
  const bytes = new Uint8Array(size);
  // Over what is there, as in a log that is used again: a file that grows is flushed more slowly.
  writeSync(file, new Uint8Array(size * BATCH));
  fsyncSync(file);
  const raw = (n: number): void => {
    writeSync(file, bytes, 0, size, n * size);
    fdatasyncSync(file);
  };
  const rates = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await time(async () => {
      for (let n = 1; n <= BATCH; n++) await allocate(store, like, round * BATCH + n);
    });
    const peer = await time(() => {
      for (let n = 0; n < BATCH; n++) raw(n);
    });
    rates.ours.push((BATCH * 1000) / ours);
    rates.peer.push((BATCH * 1000) / peer);
  }
  closeSync(file);
  store.close();
  const [ours, peer] = [sample(rates.ours), sample(rates.peer)];
  return { unit: "1/s", ours, peer, ratio: ours.p50 / peer.p50 };
}

/** A lease that belongs to an endpoint that stays, to make others from. */
async function leaseOfAttached(
  site: Awaited<ReturnType<typeof openSite>>,
  store: Store,
): Promise<Lease> {
  await timeAttach(site, "stays");
  const leases = must(await store.transact((tx) => ok(tx.leases.bySegment("p0" as SegmentName))));
  const [lease] = leases;
  if (lease === undefined) throw new Error("the attached endpoint has no lease");
  return { ...lease, prefix: must(parsePrefix("10.0.0.0/14")) };
}

const LINKS = 1000;

async function dump(): Promise<Outcome> {
  using lan = openLan();
  const pairs = Array.from({ length: LINKS / 2 }, (_, n) => n);
  const lines = pairs.map((n) => `ip link add a${n} type veth peer name b${n}`);
  inside(lan.host, "sh", "-ec", lines.join("\n"));
  const ours = () =>
    time(() => {
      using talk = must(openRtnetlink(lan.platform, lan.host));
      const found = must(talk.dump(listLinks())).length;
      if (found < LINKS) throw new Error(`only ${found} links`);
    });
  const peer = () => time(() => inside(lan.host, "ip", "-j", "link"));
  // Ours starts no program, so nothing may be taken off it; the peer keeps its own start.
  return await sideBySide(ours, peer, { rounds: 40 });
}

const MEMORY_MIB_MAX = 150;

/** In a process of its own: this one's memory is full of what other rows left. */
async function memory(): Promise<Outcome> {
  const child = [process.execPath, join(import.meta.dirname, "memory-of-endpoints.ts")];
  const { stdout } = Bun.spawnSync(child, { stderr: "inherit" });
  return { unit: "MiB", ours: sample([Number(stdout.toString())]) };
}

export const stateRows: readonly Row[] = [
  {
    name: "durable",
    what: "durable allocations | fdatasync of as many bytes",
    bar: "0.6",
    holds: ({ ratio = Number.NaN }) => ratio >= 0.6,
    run: durable,
  },
  {
    name: "dump",
    what: "list 1,000 links in process | ip -j link",
    bar: "1.0",
    holds: ({ ratio = Number.NaN }) => ratio <= 1,
    run: dump,
  },
  {
    name: "memory",
    what: "RSS of the daemon with 1,000 endpoints attached",
    bar: `${MEMORY_MIB_MAX} MiB`,
    holds: ({ ours }) => ours.p50 <= MEMORY_MIB_MAX,
    run: memory,
  },
];
