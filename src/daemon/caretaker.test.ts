import { expect, test } from "bun:test";
import { err, type Millis, millis, ok, type Problem, type Result } from "../base/index.ts";
import { type EndpointId, type IfName, lockRefused, type NetworkName } from "../domain/index.ts";
import type { HostEvent, Reconciled } from "../engine/index.ts";
import type { Clock } from "../platform/index.ts";
import { takeCare } from "./caretaker.ts";

const row = (outcome: Reconciled["outcome"], detail = "it is gone"): Reconciled => ({
  finding: {
    subject: "endpoint",
    endpoint: "ep-1" as EndpointId,
    network: "lan" as NetworkName,
    sandbox: "/run/netns/web",
    ifname: "eth0" as IfName,
    kind: "sandbox-gone",
    detail,
    action: "collect",
  },
  outcome,
});

type Look = Result<readonly Reconciled[], Problem>;

/** Runs a caretaker until it has looked at every one of `looks`; what it logged and slept. */
async function care(
  looks: readonly Look[],
  events: readonly HostEvent[] = [],
  boottime: () => Millis = () => millis(0),
) {
  const ending = new AbortController();
  const lines: string[] = [];
  const slept: Millis[] = [];
  const asked: (string | undefined)[] = [];
  const rest = [...looks];
  const clock: Clock = {
    boottime,
    wall: () => new Date(0),
    sleep: async (duration, signal) => {
      slept.push(duration);
      // What happens on the host is heard before a long sleep is over.
      for (let turn = 0; turn < 10 && signal?.aborted !== true; turn++) await Promise.resolve();
    },
  };
  const write = (level: string) => (text: string, facts: object) => {
    lines.push(`${level} ${text} ${JSON.stringify(facts)}`);
  };
  await takeCare({
    engine: {
      reconcile: async ({ holds } = {}) => {
        asked.push(holds);
        const look = rest.shift() ?? ok([]);
        if (rest.length === 0) ending.abort();
        return look;
      },
    },
    events: (async function* () {
      yield* events;
    })(),
    clock,
    interval: millis(30_000),
    logger: { info: write("info"), warn: write("warn") } as never,
    signal: ending.signal,
  });
  return { lines, slept, asked };
}

test("looks at once, and again after the interval", async () => {
  const { lines, slept } = await care([ok([]), ok([row("done")]), ok([])]);
  expect(slept.filter((duration) => duration === 30_000)).toHaveLength(2);
  expect(lines).toEqual([expect.stringMatching(/^info Mended .*"detail":"it is gone"/)]);
});

test("what stays wrong is told once, and again when it is another thing", async () => {
  const left = ok([row("left")]);
  expect((await care([left, left, left])).lines).toHaveLength(1);
  const other = ok([row("left", "another link stands there")]);
  expect((await care([left, left, other, other])).lines).toHaveLength(2);
  // Well in between: then it is news once more.
  expect((await care([left, ok([]), left])).lines).toHaveLength(2);
});

test("work in progress is nobody's trouble", async () => {
  const running = row("left");
  const busy = { ...running, finding: { ...running.finding, kind: "running" as const } };
  expect((await care([ok([busy]), ok([])])).lines).toEqual([]);
});

test("a failure to look is told once, and it looks again", async () => {
  const failed = err(lockRefused({ path: "/l", errno: "ENOSPC" }));
  const { lines } = await care([failed, failed, ok([row("done")])]);
  expect(lines).toEqual([
    expect.stringMatching(/^warn Reconciling failed.*ENOSPC/),
    expect.stringMatching(/^info Mended/),
  ]);
});

test("a change on the host wakes it, and it waits until the burst is over", async () => {
  const events: HostEvent[] = [
    { kind: "everything" },
    { kind: "link", name: "p0", change: "deleted" },
  ];
  const { slept } = await care([ok([]), ok([]), ok([])], events);
  expect(slept).toContain(millis(200));
});

test("a stir on the host wakes it later, and a change meanwhile sooner", async () => {
  const stir: HostEvent = { kind: "stir", name: "p0" };
  const calm = await care([ok([]), ok([])], [stir, stir]);
  expect(calm.slept).toContain(millis(2000));
  expect(calm.slept).not.toContain(millis(200));
  const change: HostEvent = { kind: "link", name: "p0", change: "set" };
  expect((await care([ok([]), ok([])], [stir, change])).slept).toContain(millis(200));
});

test("what others hold is looked at but where containers stirred a moment ago", async () => {
  const stir: HostEvent = { kind: "stir", name: "p0" };
  expect((await care([ok([]), ok([]), ok([])], [stir])).asked).toEqual([
    undefined,
    "leave",
    undefined,
  ]);
  const change: HostEvent = { kind: "link", name: "p0", change: "set" };
  expect((await care([ok([]), ok([])], [stir, change])).asked).toEqual([undefined, undefined]);
  // Where something stirs all the time they are looked at as often as where nothing does.
  let now = 0;
  const passing = () => {
    now += 30_000;
    return millis(now);
  };
  expect((await care([ok([]), ok([])], [stir], passing)).asked).toEqual([undefined, undefined]);
});

test("says when it can no longer watch, and goes on by the clock", async () => {
  const { lines, slept } = await care([ok([]), ok([])], [{ kind: "blind", reason: "EPERM" }]);
  expect(lines).toEqual([expect.stringMatching(/^warn .*cannot be watched.*EPERM/)]);
  expect(slept).toContain(millis(30_000));
});
