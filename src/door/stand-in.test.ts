import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import { type Asked, askDaemon, inodeOf, type PluginRunner } from "../forward/index.ts";
import { type FileLock, openPlatform } from "../platform/index.ts";
import { runStandIn, type StandInOptions } from "./stand-in.ts";

const IDLE_MS = 150;
const timing = { idle: millis(IDLE_MS), look: millis(20) };

let directory = "";
let socket = "";
let end = new AbortController();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-stand-in-"));
  socket = join(directory, "stand-in.sock");
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  rmSync(directory, { recursive: true, force: true });
});

const platform = (() => {
  const opened = openPlatform();
  if (!opened.ok) throw new Error(opened.error.call);
  return opened.value;
})();

/** One that serves; resolves when it listens. */
async function serve(run: PluginRunner, other: Partial<StandInOptions> = {}) {
  const listens = Promise.withResolvers<void>();
  const ended = runStandIn({
    ...{ platform, stateDirectory: directory, signal: end.signal, timing },
    cni: { run, folderOf: () => undefined },
    ready: listens.resolve,
    ...other,
  });
  await Promise.race([listens.promise, ended]);
  return { ended, begin: performance.now() };
}

const own = {
  LANDFALL_HOME: inodeOf("/proc/self/ns/net"),
  LANDFALL_MOUNTS: inodeOf("/proc/self/ns/mnt"),
};

function ask(env: Readonly<Record<string, string>> = own, at = socket): Promise<Asked> {
  const call = { plugin: "macvlan", env: { CNI_COMMAND: "ADD", ...env }, stdin: new Uint8Array() };
  return askDaemon(call, { socket: at, patience: seconds(5) });
}

const saying =
  (stdout: string, afterMs = 0): PluginRunner =>
  async () => {
    await Bun.sleep(afterMs);
    return { exitCode: 0, stdout };
  };
const answered = (stdout: string): Asked => ({ kind: "answered", reply: { exitCode: 0, stdout } });

test("serves until no call has come for a while, and takes its socket with it", async () => {
  const { ended, begin } = await serve(saying("done"));
  expect(existsSync(socket)).toBe(true);
  for (let n = 0; n < 4; n++) {
    expect(await ask()).toEqual(answered("done"));
    await Bun.sleep(IDLE_MS / 2);
  }
  const last = performance.now();
  expect(await ended).toEqual(ok());
  expect(last - begin).toBeGreaterThan(IDLE_MS);
  expect(existsSync(socket)).toBe(false);
  expect((await ask()).kind).toBe("away");
});

test("a call that takes longer than that is ended first, and others find it meanwhile", async () => {
  const { ended } = await serve(saying("late", 3 * IDLE_MS));
  const asked = ask();
  await Bun.sleep(2 * IDLE_MS);
  expect(await ask()).toEqual(answered("late"));
  expect(await asked).toEqual(answered("late"));
  expect(await ended).toEqual(ok());
});

test("a call that fails counts, too", async () => {
  const { ended } = await serve(() => Promise.reject(new Error("broken")));
  const asked = await ask();
  expect(asked).toMatchObject({ kind: "answered", reply: { exitCode: 1 } });
  // Nobody reads what it writes, so that goes to whoever called.
  expect(asked).toMatchObject({ reply: { stderr: expect.stringContaining("Error: broken\n ") } });
  expect(await ended).toEqual(ok());
});

test.each([
  ["another network", { ...own, LANDFALL_HOME: "1" }],
  ["other mounts", { ...own, LANDFALL_MOUNTS: "1" }],
  ["a version that does not say where it is", {}],
])("whoever has %s does it himself", async (_, env) => {
  let calls = 0;
  const { ended } = await serve(async () => {
    calls += 1;
    return { exitCode: 0, stdout: "" };
  });
  expect((await ask(env)).kind).toBe("away");
  end.abort();
  await ended;
  expect(calls).toBe(0);
});

test("one that is asked to end finishes what is under way, and is not found meanwhile", async () => {
  const { ended } = await serve(saying("finished", 2 * IDLE_MS));
  const asked = ask();
  await Bun.sleep(IDLE_MS / 2);
  end.abort();
  await Bun.sleep(IDLE_MS / 2);
  expect(existsSync(socket)).toBe(false);
  expect(await asked).toEqual(answered("finished"));
  expect(await ended).toEqual(ok());
});

test("one whose socket was removed ends at once, and leaves the next one's alone", async () => {
  const patient = { timing: { ...timing, idle: seconds(60) } };
  const first = await serve(saying("first", IDLE_MS), patient);
  const asked = ask();
  await Bun.sleep(10);
  rmSync(socket);
  const second = await serve(saying("second"), patient);
  expect(await asked).toEqual(answered("first"));
  expect(await first.ended).toEqual(ok());
  expect(await ask()).toEqual(answered("second"));
  end.abort();
  await second.ended;
});

test("while somebody is about to come it does not end", async () => {
  const { ended } = await serve(saying("still here"));
  const lock = platform.files.tryLock(join(directory, "stand-in.lock"));
  const held: FileLock | undefined = lock.ok ? lock.value : undefined;
  await Bun.sleep(2 * IDLE_MS);
  expect(await ask()).toEqual(answered("still here"));
  held?.release();
  expect(await ended).toEqual(ok());
});

test("one whose directory is gone ends", async () => {
  const { ended } = await serve(saying(""));
  rmSync(directory, { recursive: true });
  expect(await ended).toEqual(ok());
});

test("where it cannot listen it says so, and nobody waits for it", async () => {
  let told = 0;
  const problem = (result: Result<void, Problem>) => (result.ok ? undefined : result.error.code);
  const stateDirectory = join(directory, "missing");
  const ready = (): void => {
    told += 1;
  };
  const { ended } = await serve(saying(""), { stateDirectory, ready });
  expect(problem(await ended)).toBe("LF-DAEMON-LISTEN");
  writeFileSync(join(directory, "x".repeat(100)), "");
  const long = join(directory, "x".repeat(100));
  expect(problem(await (await serve(saying(""), { stateDirectory: long, ready })).ended)).toBe(
    "LF-DAEMON-LISTEN",
  );
  expect(told).toBe(0);
});
