import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRange } from "../addr/index.ts";
import { defined, err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName, NetworkName, SegmentName } from "../domain/index.ts";
import { bookContract } from "./book.contract.ts";
import { holdContract } from "./holds.contract.ts";
import { stateUnusable } from "./problems.ts";
import { rollBackContract } from "./roll-back.contract.ts";
import { RUN_AT_OR_BELOW } from "./sqlite-leases.ts";
import { migrations } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { network, storeContract } from "./store.contract.ts";
import type { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "landfall-store-"));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;

function freshDirectory(): string {
  count += 1;
  return join(root, `state-${count}`);
}

function open(stateDirectory: string): Result<Store, Problem> {
  const randomBytes = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  return openSqliteStore({ stateDirectory, randomBytes, wall: () => new Date(0) });
}

function must(result: Result<Store, Problem>): Store {
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

function codeOf(result: Result<Store, Problem>): string {
  return result.ok ? "opened" : result.error.code;
}

storeContract("SQLite", () => must(open(freshDirectory())));
bookContract("SQLite", () => must(open(freshDirectory())));
rollBackContract("SQLite", () => must(open(freshDirectory())));
holdContract("SQLite", () => must(open(freshDirectory())));

test("a log that is to stay short does, though nobody closes it", async () => {
  const sizeAfter = async (options: { readonly logPages?: number }) => {
    const stateDirectory = freshDirectory();
    const randomBytes = (n: number) => crypto.getRandomValues(new Uint8Array(n));
    const wall = () => new Date(0);
    const store = must(openSqliteStore({ stateDirectory, randomBytes, wall, ...options }));
    for (let n = 0; n < 100; n++) {
      const name = `s${n}` as SegmentName;
      await store.transact((tx) => ok(tx.segments.insert({ name, device: "eth0" as IfName })));
    }
    const { size } = statSync(join(stateDirectory, "landfall.db-wal"));
    store.close();
    return size;
  };
  expect(await sizeAfter({ logPages: 10 })).toBeLessThan(40 * 4096);
  expect(await sizeAfter({})).toBeGreaterThan(100 * 4096);
});

test("who reads waits for nobody who writes, and sees what was committed before", async () => {
  const directory = freshDirectory();
  const store = must(open(directory));
  using writer = new Database(join(directory, "landfall.db"));
  writer.run("BEGIN IMMEDIATE");
  writer.run("INSERT INTO segments VALUES ('eth0', '{}')");
  // A transaction would wait for ten seconds, and then say that the store is busy.
  const rows = () => store.read((book) => ok(book.segments.all().length));
  expect(await rows()).toEqual(ok(0));
  writer.run("COMMIT");
  expect(await rows()).toEqual(ok(1));
  store.close();
});

test("a second process sees what the first one committed, under the same identity", async () => {
  const directory = freshDirectory();
  const first = must(open(directory));
  const segment = { name: "eth0" as SegmentName, device: "eth0" };
  await first.transact((tx) => {
    tx.segments.insert(segment as Parameters<typeof tx.segments.insert>[0]);
    return ok();
  });
  const second = must(open(directory));
  expect(second.uuid).toBe(first.uuid);
  expect(second.salt).toBe(first.salt);
  const rows = await second.transact((tx) => ok(tx.segments.all().length));
  expect(rows).toEqual(ok(1));
  first.close();
  second.close();
});

test("what a process has read of networks is not what it goes on to see", async () => {
  const directory = freshDirectory();
  const [first, second] = [must(open(directory)), must(open(directory))];
  const names = async (store: Store) => {
    const rows = await store.transact((tx) => ok(tx.networks.all().map(({ name }) => name)));
    return rows.ok ? rows.value : [];
  };
  const insert = (store: Store, name: string, end: Result<void, Problem> = ok()) =>
    store.transact((tx) => {
      tx.networks.insert(network(`net-${name}`, name));
      // Read inside, so that what was written is remembered.
      return tx.networks.all().length === 0 ? ok() : end;
    });
  expect(await names(first)).toEqual([]);
  await insert(second, "lan");
  expect(await names(first)).toEqual(["lan" as NetworkName]);
  await insert(first, "never", err(stateUnusable({ path: "", code: "", message: "" })));
  expect(await names(first)).toEqual(["lan" as NetworkName]);
  first.close();
  second.close();
});

test("two stores have different identities and salts", () => {
  const [a, b] = [must(open(freshDirectory())), must(open(freshDirectory()))];
  expect(a.uuid).not.toBe(b.uuid);
  expect(a.salt).not.toBe(b.salt);
  expect(a.salt).toMatch(/^[0-9a-f]{32}$/);
  a.close();
  b.close();
});

test("the state directory is for its owner alone", () => {
  const directory = freshDirectory();
  must(open(directory)).close();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test("sqlite3's own checks find the file whole, in WAL mode, with the version written", () => {
  const directory = freshDirectory();
  must(open(directory)).close();
  const database = new Database(join(directory, "landfall.db"), { readonly: true });
  expect(database.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  expect(database.query("PRAGMA journal_mode").values()).toEqual([["wal"]]);
  expect(database.query("PRAGMA user_version").values()).toEqual([[migrations.length]]);
  database.close();
});

test("a newer schema is refused and left as it is", () => {
  const directory = freshDirectory();
  must(open(directory)).close();
  const path = join(directory, "landfall.db");
  const newer = new Database(path);
  newer.run("PRAGMA user_version = 99");
  newer.close();
  expect(codeOf(open(directory))).toBe("LF-STORE-NEWER");
  const after = new Database(path, { readonly: true });
  expect(after.query("PRAGMA user_version").values()).toEqual([[99]]);
  after.close();
});

test("a file that is no database, and a path that is no directory, are one clear problem each", () => {
  const directory = freshDirectory();
  mkdirSync(directory);
  writeFileSync(
    join(directory, "landfall.db"),
    "this is not a database, it is a letter".repeat(99),
  );
  const damaged = open(directory);
  expect(codeOf(damaged)).toBe("LF-STATE-DAMAGED");
  expect(damaged.ok ? "" : damaged.error.detail).toContain("it is damaged");

  const file = join(root, "plain-file");
  writeFileSync(file, "");
  expect(codeOf(open(join(file, "below")))).toBe("LF-STATE-UNUSABLE");
});

test("a file of version 1 keeps its leases, and their gaps are found", async () => {
  const directory = freshDirectory();
  mkdirSync(directory);
  const old = new Database(join(directory, "landfall.db"), { create: true, strict: true });
  defined(migrations[0], "version 1")(old);
  old.run("INSERT INTO identity VALUES (1, 'uuid-1', '00', '')");
  old.run("INSERT INTO networks (key, body) VALUES ('net-1', ?)", [
    '{"id":"net-1","name":"lan","segment":"eth0"}',
  ]);
  old.run("INSERT INTO endpoints (key, body) VALUES ('ep-1', ?)", [
    '{"id":"ep-1","network":"net-1","sandbox":{"id":"a"},"ifname":"eth0","link":{"mac":"m"}}',
  ]);
  for (const last of [1, 2, 4]) {
    const address = `10.0.0.${last}`;
    const body = JSON.stringify({ segment: "eth0", address, network: "net-1", endpoint: "ep-1" });
    const key = `40000000000000000000000000a00000${last}`;
    old.run("INSERT INTO leases (segment, address, body) VALUES ('eth0', ?, ?)", [key, body]);
  }
  old.run("PRAGMA user_version = 1");
  old.close();

  const store = must(open(directory));
  expect(store.uuid as string).toBe("uuid-1");
  const free = (text: string) =>
    store.transact((tx) => {
      const range = parseRange(text);
      return range.ok ? ok(tx.leases.firstFree("eth0" as SegmentName, range.value)) : range;
    });
  expect(await free("10.0.0.1-10.0.0.9")).toEqual(ok(0x0a00_0003n));
  expect(await free("10.0.0.4-10.0.0.9")).toEqual(ok(0x0a00_0005n));
  store.close();
});

test("the question for a run is one search of the primary key, nothing sorted", () => {
  const directory = freshDirectory();
  must(open(directory)).close();
  const database = new Database(join(directory, "landfall.db"), { readonly: true });
  const plan = database
    .query<{ detail: string }, string[]>(`EXPLAIN QUERY PLAN ${RUN_AT_OR_BELOW}`)
    .all("eth0", "4", "5");
  expect(plan.map((row) => row.detail)).toEqual([
    "SEARCH runs USING PRIMARY KEY (segment=? AND first>? AND first<?)",
  ]);
  database.close();
});
