/**
 * A process of its own that uses a store: `store-worker.ts DIR TASK [AT]`, where TASK is one of
 * write, read, identity, both and persist, and AT (milliseconds since 1970) is when it begins. Each
 * line that it prints is a fact: the name of a row that was acknowledged or read, the store's
 * identity, or the code of a Problem.
 */
import { writeSync } from "node:fs";
import { ok } from "../../src/base/index.ts";
import type { Segment, SegmentName } from "../../src/domain/index.ts";
import { openSqliteStore, type Store } from "../../src/store/index.ts";

const ROWS_MAX = 100_000;
/** A row of some size, so that small disks fill soon and commits span several pages. */
const PADDING = "x".repeat(2000);

function say(fact: string): void {
  writeSync(1, `${fact}\n`);
}

async function write(store: Store): Promise<void> {
  for (let n = 0; n < ROWS_MAX; n++) {
    const name = `${process.pid}-${n}` as SegmentName;
    const row = { name, device: PADDING } as unknown as Segment;
    const done = await store.transact((tx) => {
      tx.segments.insert(row);
      return ok();
    });
    say(done.ok ? name : done.error.code);
    if (!done.ok) return;
  }
}

/** Three commits that survive a power cut, three that need not, and once more. */
async function writeBoth(store: Store): Promise<void> {
  const turns = ["power-cut", "process-end", "power-cut", "process-end"] as const;
  for (const [turn, survives] of turns.entries()) {
    say(`LF-${survives}`);
    for (let n = 0; n < 3; n++) {
      const row = { name: `${turn}-${n}`, device: PADDING } as unknown as Segment;
      const done = await store.transact((tx) => {
        tx.segments.insert(row);
        return ok();
      }, survives);
      if (!done.ok) say(done.error.code);
    }
  }
  say("LF-end");
}

/** Commits for which the disk is asked afterwards, twice; and then some that need no disk. */
async function writeThenPersist(store: Store): Promise<void> {
  for (const turn of [1, 2, 3]) {
    for (let n = 0; n < 3; n++) {
      const row = { name: `${turn}-${n}`, device: PADDING } as unknown as Segment;
      const insert: Parameters<Store["transact"]>[0] = (tx) => {
        tx.segments.insert(row);
        return ok();
      };
      await store.transact(insert, turn === 3 ? "process-end" : "once-persisted");
    }
    for (const time of ["first", "second"]) {
      say(`LF-${turn}-${time}`);
      const done = await store.persist();
      if (!done.ok) say(done.error.code);
    }
  }
  say("LF-end");
}

async function read(store: Store): Promise<void> {
  const rows = await store.transact((tx) => ok(tx.segments.all()));
  if (!rows.ok) say(rows.error.code);
  else for (const row of rows.value) say(row.name);
}

const [directory = "", task = "", at = "0"] = process.argv.slice(2);
// Not a timer: processes that are to collide must wake within microseconds.
while (Date.now() < Number(at));
const opened = openSqliteStore({
  stateDirectory: directory,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  wall: () => new Date(),
});
if (!opened.ok) {
  say(opened.error.code);
} else {
  const tasks: Readonly<Record<string, (store: Store) => Promise<void>>> = {
    identity: async ({ uuid }) => say(uuid),
    ...{ write, read, both: writeBoth, persist: writeThenPersist },
  };
  await tasks[task]?.(opened.value);
  opened.value.close();
}
