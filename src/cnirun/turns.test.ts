import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok } from "../base/index.ts";
import type { IfName } from "../domain/index.ts";
import { openPlatform } from "../platform/index.ts";
import { inTurn, type Turn } from "./turns.ts";
import type { CniNetworkName, ContainerId } from "./values.ts";

const cacheDirectory = mkdtempSync(join(tmpdir(), "landfall-cni-"));
afterAll(() => rmSync(cacheDirectory, { recursive: true }));

const platform = openPlatform();
if (!platform.ok) throw new Error(platform.error.call);
const { tryLock } = platform.value.files;
const never = new AbortController().signal;

function attachment(name: string): Turn {
  return { containerId: name as ContainerId, ifname: "eth0" as IfName };
}

/** Work that notes when it begins and ends, and lasts until it is let go. */
function startWork(log: string[], network: string, turn: Turn, signal = never) {
  const name = turn === "gc" ? `${network} gc` : `${network} ${turn.containerId}`;
  const { promise, resolve } = Promise.withResolvers<void>();
  const place = { cacheDirectory, tryLock, signal };
  const ended = inTurn(network as CniNetworkName, turn, place, async () => {
    log.push(`begin ${name}`);
    await promise;
    log.push(`end ${name}`);
    return ok();
  });
  return { ended, letGo: resolve };
}

const moment = (): Promise<void> => Bun.sleep(60);

test("one attachment's operations are done one after the other, others' beside them", async () => {
  const log: string[] = [];
  const first = startWork(log, "lan", attachment("web"));
  await moment();
  const second = startWork(log, "lan", attachment("web"));
  const other = startWork(log, "lan", attachment("db"));
  await moment();
  expect(log).toEqual(["begin lan web", "begin lan db"]);
  first.letGo();
  second.letGo();
  other.letGo();
  await Promise.all([first.ended, second.ended, other.ended]);
  expect(log.filter((it) => it.endsWith("web"))).toEqual([
    ...["begin lan web", "end lan web"],
    ...["begin lan web", "end lan web"],
  ]);
});

test("GC waits for those who began, and they who come later for it", async () => {
  const log: string[] = [];
  const before = startWork(log, "lan", attachment("web"));
  await moment();
  const gc = startWork(log, "lan", "gc");
  await moment();
  const after = startWork(log, "lan", attachment("db"));
  const elsewhere = startWork(log, "wan", attachment("db"));
  await moment();
  expect(log).toEqual(["begin lan web", "begin wan db"]);
  before.letGo();
  await moment();
  expect(log.slice(2)).toEqual(["end lan web", "begin lan gc"]);
  gc.letGo();
  after.letGo();
  elsewhere.letGo();
  await Promise.all([before.ended, gc.ended, after.ended, elsewhere.ended]);
  expect(log.indexOf("end lan gc")).toBeLessThan(log.indexOf("begin lan db"));
});

test("who waits can be called off, and does nothing", async () => {
  const log: string[] = [];
  const first = startWork(log, "lan", attachment("web"));
  await moment();
  const controller = new AbortController();
  const waiting = ["gc", attachment("web")] as const;
  const called = waiting.map((turn) => startWork(log, "lan", turn, controller.signal));
  await moment();
  controller.abort();
  const ends = await Promise.all(called.map(({ ended }) => ended));
  expect(ends.map((end) => (end.ok ? "done" : end.error.code))).toEqual([
    "LF-CNI-RUN-INTERRUPTED",
    "LF-CNI-RUN-INTERRUPTED",
  ]);
  first.letGo();
  await first.ended;
  expect(log).toEqual(["begin lan web", "end lan web"]);
});
