import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogFile } from "./log-file.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-log-"));
  path = join(directory, "book");
  writeFileSync(`${path}-wal`, "pages");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** How many descriptors of the log this process has. */
const held = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `${path}-wal`;
    } catch {
      return false;
    }
  }).length;

test("the disk is asked once for all that is committed while it is being asked", async () => {
  const log = new LogFile(path);
  const ends: string[] = [];
  const ask = (name: string): Promise<void> => {
    log.changed();
    const wait = log.onDisk();
    void wait.then(() => ends.push(name));
    return wait;
  };
  const first = ask("first");
  expect(log.onDisk()).toBe(first);
  const [second, third] = [ask("second"), ask("third")];
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  await third;
  expect(ends).toEqual(["first", "second", "third"]);
  const fourth = ask("fourth");
  expect(fourth).not.toBe(third);
  await fourth;
  log.close();
  expect(held()).toBe(0);
});

test("who closes it while it is waited for lets those who wait end", async () => {
  const log = new LogFile(path);
  const first = log.onDisk();
  log.changed();
  const second = log.onDisk();
  log.close();
  await Promise.all([first, second]);
  await Bun.sleep(0);
  expect(held()).toBe(0);
});

test("a failure is told to all who wait, and is no reason not to try again", async () => {
  rmSync(`${path}-wal`);
  const log = new LogFile(path);
  const first = log.onDisk();
  log.changed();
  const second = log.onDisk();
  expect(await Promise.allSettled([first, second])).toMatchObject([
    { status: "rejected", reason: { code: "ENOENT" } },
    { status: "rejected", reason: { code: "ENOENT" } },
  ]);
  writeFileSync(`${path}-wal`, "pages");
  await log.onDisk();
  log.close();
  expect(held()).toBe(0);
});
