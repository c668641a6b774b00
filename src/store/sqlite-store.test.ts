import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok, type Problem, type Result } from "../base/index.ts";
import type { SegmentName } from "../domain/index.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { storeContract } from "./store.contract.ts";
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
  expect(database.query("PRAGMA user_version").values()).toEqual([[1]]);
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
