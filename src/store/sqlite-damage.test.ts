/** Files that are not as they were written. Each is one Problem, or what was written; no third. */
import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ok, type Problem, type Result } from "../base/index.ts";
import type { Segment, SegmentName } from "../domain/index.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "landfall-damage-"));
afterAll(() => rmSync(root, { recursive: true }));

/** More than fit into the pages that migrations leave free: the file's last page has some, too. */
const ROWS = 100;

function open(stateDirectory: string): Result<Store, Problem> {
  const randomBytes = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  return openSqliteStore({ stateDirectory, randomBytes, wall: () => new Date(0) });
}

/** The names of all rows, or the code of the Problem. */
async function contents(stateDirectory: string): Promise<readonly string[] | string> {
  const store = open(stateDirectory);
  if (!store.ok) return store.error.code;
  const rows = await store.value.transact((tx) => ok(tx.segments.all().map((row) => row.name)));
  store.value.close();
  return rows.ok ? rows.value : rows.error.code;
}

const names = Array.from({ length: ROWS }, (_, n) => `segment-${n}` as SegmentName).toSorted();

/** A store with rows: closed, and as a crash would leave it, with all rows in the log. */
async function written() {
  const [whole, crashed] = [join(root, "whole"), join(root, "crashed")];
  const store = open(whole);
  if (!store.ok) throw new Error(store.error.detail);
  mkdirSync(crashed);
  for (const [n, name] of names.entries()) {
    const row = { name, device: "x".repeat(200) } as unknown as Segment;
    await store.value.transact((tx) => {
      tx.segments.insert(row);
      return ok();
    });
    if (n !== ROWS - 1) continue;
    for (const file of ["landfall.db", "landfall.db-wal"]) {
      copyFileSync(join(whole, file), join(crashed, file));
    }
  }
  store.value.close();
  return { whole, crashed, uuid: store.value.uuid };
}

const original = await written();
let copies = 0;

/** A copy of the store's files, for one damage. */
function copyOf(directory: string, files: readonly string[]): string {
  copies += 1;
  const copy = join(root, `copy-${copies}`);
  mkdirSync(copy);
  for (const file of files) copyFileSync(join(directory, file), join(copy, file));
  return copy;
}

function flip(path: string, places: readonly number[]): void {
  const bytes = readFileSync(path);
  for (const place of places) {
    const at = place % bytes.length;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  }
  writeFileSync(path, bytes);
}

const problems = /^LF-(?:STATE-DAMAGED|STATE-UNUSABLE|STORE-NEWER)$/;

test("bytes flipped anywhere give a Problem or rows, never a crash", async () => {
  const places = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 30 });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(places, async (where) => {
      const copy = copyOf(original.whole, ["landfall.db"]);
      flip(join(copy, "landfall.db"), where);
      const answer = await contents(copy);
      if (typeof answer !== "string") return expect(answer.length).toBeLessThanOrEqual(ROWS);
      refused += 1;
      expect(answer).toMatch(problems);
    }),
    { numRuns: 150 },
  );
  expect(refused).toBeGreaterThan(0);
});

test("a header or a row that is overwritten is damage, and the file is left as it is", async () => {
  const row = readFileSync(join(original.whole, "landfall.db")).indexOf('{"name":"segment-7"');
  for (const [where, bytes] of Object.entries({ magic: [3], row: [row] })) {
    const copy = copyOf(original.whole, ["landfall.db"]);
    const path = join(copy, "landfall.db");
    flip(path, bytes);
    const before = readFileSync(path);
    expect({ where, answer: await contents(copy) }).toEqual({ where, answer: "LF-STATE-DAMAGED" });
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test("a file cut short at any page or byte is damage; an empty one is a new store", async () => {
  const size = readFileSync(join(original.whole, "landfall.db")).length;
  for (const length of [100, 1000, 4096, 4097, size >> 1, size - 4096, size - 1]) {
    const copy = copyOf(original.whole, ["landfall.db"]);
    truncateSync(join(copy, "landfall.db"), length);
    expect({ length, answer: await contents(copy) }).toEqual({
      length,
      answer: "LF-STATE-DAMAGED",
    });
  }
  const empty = copyOf(original.whole, []);
  writeFileSync(join(empty, "landfall.db"), "");
  expect(await contents(empty)).toEqual([]);
});

test("a log left by a crash is read; a damaged one gives an earlier state, and a whole one", async () => {
  const files = ["landfall.db", "landfall.db-wal"];
  expect(await contents(copyOf(original.crashed, files))).toEqual(names);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 10_000_000 }), async (place) => {
      const copy = copyOf(original.crashed, files);
      flip(join(copy, "landfall.db-wal"), [place]);
      const answer = await contents(copy);
      // Rows were committed one by one, so an earlier state is the first so many of them.
      expect(answer).toEqual(names.slice(0, answer.length));
      const database = new Database(join(copy, "landfall.db"));
      expect(database.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      // Even when the whole log is lost it is the same store, not a new one.
      expect(database.query("SELECT uuid FROM identity").values()).toEqual([[original.uuid]]);
      database.close();
    }),
    { numRuns: 60, examples: [[0]] },
  );
});

test("a directory in the place of the file is one Problem", async () => {
  const directory = join(root, "occupied");
  mkdirSync(join(directory, "landfall.db"), { recursive: true });
  expect(await contents(directory)).toBe("LF-STATE-UNUSABLE");
});

test("a store that has lost its identity is damaged, not a new one", async () => {
  const copy = copyOf(original.whole, ["landfall.db"]);
  const database = new Database(join(copy, "landfall.db"));
  database.run("DELETE FROM identity");
  database.close();
  expect(await contents(copy)).toBe("LF-STATE-DAMAGED");
});
