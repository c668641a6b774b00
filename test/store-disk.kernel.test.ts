/** The state on disks that are full or read-only; each in a mount namespace of its own. */
import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = mkdtempSync(join(tmpdir(), "landfall-disk-"));
afterAll(() => rmSync(root, { recursive: true }));

const worker = join(import.meta.dirname, "support/store-worker.ts");

/**
 * Runs shell lines beside a file system of its own, mounted at $disk. `store TASK` is the worker on
 * a state directory there; its facts are what is returned.
 */
function onDisk(options: string, script: string): readonly string[] {
  const prelude = `set -e
    disk=${root}; mount -t tmpfs -o ${options} none "$disk"; mkdir -m 700 "$disk/state"
    # The options it has name a user that a user namespace may not know, so they are left alone.
    remount() { mount --options-mode ignore -o "remount,$1" "$disk"; }
    store() { "${process.execPath}" "${worker}" "$disk/state" "$1"; }`;
  const ran = spawnSync("unshare", ["-m", "sh", "-c", `${prelude}\n${script}`], {
    encoding: "utf8",
  });
  expect(ran.stderr).toBe("");
  return ran.stdout.split("\n").filter((line) => line !== "");
}

const rowsOf = (facts: readonly string[]) => facts.filter((fact) => !fact.startsWith("LF-"));

test("a full disk is one problem, and what was acknowledged before stays", () => {
  const facts = onDisk(
    "size=600k",
    "store write; echo LF-then; store read; remount size=4m; echo LF-room; store read",
  );
  const [full, then, room] = ["LF-STATE-FULL", "LF-then", "LF-room"].map((f) => facts.indexOf(f));
  const written = facts.slice(0, full);
  expect(written.length).toBeGreaterThan(10);
  // Reading needs no room; and with room again the same rows are there, no half one among them.
  expect(facts.slice((then ?? 0) + 1, room)).toEqual(written.toSorted());
  expect(facts.slice((room ?? 0) + 1)).toEqual(written.toSorted());
});

test("after room was made, writing goes on", () => {
  const facts = onDisk("size=600k", "store write; remount size=1m; store write");
  expect(facts.filter((fact) => fact.startsWith("LF-"))).toEqual([
    "LF-STATE-FULL",
    "LF-STATE-FULL",
  ]);
  const writers = new Set(rowsOf(facts).map((row) => row.split("-")[0]));
  expect(writers.size).toBe(2);
});

test("a disk without room for a new store is one problem, and it opens when there is room", () => {
  const fill = "dd if=/dev/zero of=$disk/ballast bs=4k 2>/dev/null || true";
  const facts = onDisk("size=600k", `${fill}; store write; rm $disk/ballast; store identity`);
  expect(facts[0]).toBe("LF-STATE-FULL");
  expect(facts[1]).toMatch(/^[0-9a-f-]{36}$/);
});

test("a read-only file system is one problem, with or without a store on it", () => {
  const remount = "remount ro";
  expect(onDisk("size=1m", `${remount}; store write`)).toEqual(["LF-STATE-READONLY"]);
  const facts = onDisk("size=1m", `store identity; ${remount}; store write; store read`);
  expect(facts.slice(1)).toEqual(["LF-STATE-READONLY", "LF-STATE-READONLY"]);
});

/** The worker's task beneath strace: how often the disk was waited for after each word of it. */
function waitsOf(task: string): readonly number[] {
  const facts = onDisk(
    "size=4m",
    `strace -f -qq -e trace=write,fsync,fdatasync -e signal=none -o $disk/calls \
       "${process.execPath}" "${worker}" $disk/state ${task} >$disk/said; cat $disk/calls`,
  );
  const waits: number[] = [];
  for (const call of facts) {
    if (/write\(1, "LF-/.test(call)) waits.push(0);
    if (/ f(data)?sync\(/.test(call)) waits.push((waits.pop() ?? 0) + 1);
  }
  return waits;
}

test("a commit waits for the disk where it is to survive a power cut, and only there", () => {
  // After opening, and the first ones, which begin the log too; closing folds it into the file.
  expect(waitsOf("both").slice(2, -1)).toEqual([0, 3, 0]);
});

test("what was committed without the disk is waited for where it has to be, and once", () => {
  // The first time the log's name is waited for, too.
  expect(waitsOf("persist").slice(1, -1)).toEqual([2, 0, 1, 0, 0, 0]);
});

test("a disk that fails while it is waited for is one problem, each time it is asked", () => {
  const facts = onDisk(
    "size=4m",
    `strace -f -qq -P $disk/state/landfall.db-wal -e inject=fdatasync:error=EIO -o $disk/calls \
       "${process.execPath}" "${worker}" $disk/state persist`,
  );
  const told = facts.filter((fact) => fact === "LF-STATE-UNUSABLE");
  // Once more each time: what failed is asked for again.
  expect([told.length, facts.at(-1)]).toEqual([6, "LF-end"]);
});
