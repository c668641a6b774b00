import { expect, test } from "bun:test";
import { type Millis, millis } from "../base/index.ts";
import type { Collected } from "../docker/index.ts";
import { type EndpointId, lockRefused, type NetworkName } from "../domain/index.ts";
import type { EndpointView } from "../engine/index.ts";
import { collectForDocker } from "./docker-caretaker.ts";

const endpoint = { endpoint: { id: "ep-1" as EndpointId }, network: "lan" as NetworkName };
const lost: Collected = { endpoint: endpoint as EndpointView };
const stuck: Collected = { ...lost, problem: lockRefused({ path: "/l", errno: "ENOSPC" }) };

/** Runs until each of `looks` was taken; what was logged and slept. */
async function care(looks: readonly (readonly Collected[])[]) {
  const ending = new AbortController();
  const lines: string[] = [];
  const slept: Millis[] = [];
  const rest = [...looks];
  const write = (level: string) => (text: string, facts: object) => {
    lines.push(`${level} ${text} ${JSON.stringify(facts)}`);
  };
  await collectForDocker({
    collector: { collect: async () => rest.shift() ?? [] },
    clock: {
      sleep: async (duration) => {
        slept.push(duration);
        if (rest.length === 0) ending.abort();
      },
    },
    interval: millis(30_000),
    logger: { info: write("info"), warn: write("warn") } as never,
    signal: ending.signal,
  });
  return { lines, slept };
}

test("looks after each interval, and logs what it collected", async () => {
  const { lines, slept } = await care([[], [lost]]);
  expect(slept).toEqual([millis(30_000), millis(30_000), millis(30_000)]);
  expect(lines).toEqual([expect.stringMatching(/^info Collected .*"ep-1".*"lan"/)]);
});

test("what stays is told once", async () => {
  const { lines } = await care([[stuck], [stuck, lost]]);
  expect(lines).toEqual([
    expect.stringMatching(/^warn Docker lost .*ENOSPC/),
    expect.stringMatching(/^info Collected/),
  ]);
});
