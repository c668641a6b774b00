import { expect, test } from "bun:test";
import { err, type Millis, ok, type Result, seconds } from "../base/index.ts";
import { lockRefused } from "../domain/index.ts";
import type { EndpointView, Handover } from "../engine/index.ts";
import { dockerCollector } from "./collector.ts";
import type { EngineListing, EngineSilent } from "./engine-api.ts";

const NETWORK = "n1";
const view = { endpoint: {}, network: "lan" } as EndpointView;

/** A book with these endpoints, an engine that answers so, and what both were asked. */
function world(ids: readonly string[], first: Result<EngineListing, EngineSilent>) {
  const asked: string[] = [];
  let answer = first;
  let book = [...ids];
  let now = seconds(1000);
  const handover: Pick<Handover, "list" | "withdraw"> = {
    list: async () => ok(book.map((runtimeId) => ({ runtimeId, runtimeNetwork: NETWORK, view }))),
    withdraw: async (runtimeId) => {
      asked.push(`withdraw ${runtimeId}`);
      if (runtimeId === "stuck") return err(lockRefused({ path: "/l", errno: "ENOSPC" }));
      book = book.filter((id) => id !== runtimeId);
      return ok(view);
    },
  };
  const api = {
    listAttachments: async () => {
      asked.push("list");
      return answer;
    },
  };
  const collector = dockerCollector({ handover, api, clock: { boottime: () => now } });
  return {
    asked,
    add: (id: string) => void book.push(id),
    /** What the engine says from now on. */
    answers: (next: Result<EngineListing, EngineSilent>) => {
      answer = next;
    },
    /** Looks once more, so much later. */
    after: (wait: Millis) => {
      now = (now + wait) as Millis;
      return collector.collect();
    },
  };
}

const listing = ok({ endpoints: new Set(["alive"]), networks: new Map([[NETWORK, "lan"]]) });

test("what the engine lacked for a minute is withdrawn, nothing else is", async () => {
  const { asked, after, add } = world(["alive", "dead"], listing);
  expect(await after(seconds(0))).toEqual([]);
  add("young");
  expect(await after(seconds(60))).toEqual([]);
  expect(asked).toEqual(["list", "list"]);
  expect(await after(seconds(1))).toEqual([{ endpoint: view }]);
  expect(asked).toEqual(["list", "list", "list", "withdraw dead"]);
});

test("what the engine had for long and is about to end is left to it", async () => {
  const { asked, after, answers } = world(["alive"], listing);
  await after(seconds(0));
  answers(ok({ ...listing.value, endpoints: new Set() }));
  for (const wait of [100, 60]) expect(await after(seconds(wait))).toEqual([]);
  expect(await after(seconds(1))).toEqual([{ endpoint: view }]);
  expect(asked).toEqual(["list", "list", "list", "list", "withdraw alive"]);
});

test("what the engine has again is as if it had never been missed", async () => {
  const { after, answers } = world(["dead"], listing);
  await after(seconds(0));
  answers(ok({ ...listing.value, endpoints: new Set(["dead"]) }));
  await after(seconds(50));
  answers(listing);
  for (const wait of [10, 60]) expect(await after(seconds(wait))).toEqual([]);
});

test("an engine that does not answer is asked again, and nothing is withdrawn", async () => {
  const silent = err({ kind: "unknown" as const, reason: "late" });
  const { asked, after } = world(["dead"], silent);
  for (const wait of [0, 61, 61]) expect(await after(seconds(wait))).toEqual([]);
  expect(asked).toEqual(["list", "list", "list"]);
});

test("what cannot be withdrawn is told, and keeps nobody else", async () => {
  const { asked, after } = world(["stuck", "dead"], listing);
  await after(seconds(0));
  const collected = await after(seconds(61));
  expect(collected.map(({ problem }) => problem?.code)).toEqual(["LF-LOCK-REFUSED", undefined]);
  expect(asked).toEqual(["list", "list", "withdraw stuck", "withdraw dead"]);
});

test("a book that cannot be read has nothing to collect", async () => {
  const problem = lockRefused({ path: "/l", errno: "EIO" });
  const collector = dockerCollector({
    handover: { list: async () => err(problem), withdraw: async () => ok(undefined) },
    api: { listAttachments: async () => listing },
    clock: { boottime: () => seconds(0) },
  });
  expect(await collector.collect()).toEqual([]);
});
