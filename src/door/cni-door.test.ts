import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readlinkSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis, ok, seconds } from "../base/index.ts";
import {
  askDaemon,
  decodeFrame,
  encodeFrame,
  type PluginCall,
  type PluginRunner,
} from "../forward/index.ts";
import { type CniDoor, type CniSocket, openCniDoor } from "./cni-door.ts";
import type { Listener } from "./listen.ts";

const call: PluginCall = {
  plugin: "macvlan",
  env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" },
  stdin: Buffer.from('{"name":"lan"}'),
};
const timing = { transfer: millis(300), call: millis(300), undo: millis(300) };
/** Of calls that something else ends than the time. */
const patient = { timing: { ...timing, call: seconds(60) } };

let directory = "";
let socket = "";
let told: string[] = [];
let opened: Listener[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-cni-"));
  socket = join(directory, "cni.sock");
  told = [];
  opened = [];
});
afterEach(async () => {
  for (const listener of opened) await listener.stop();
  rmSync(directory, { recursive: true });
});

function open(run: PluginRunner, other: Partial<CniDoor> = {}, ending?: AbortSignal): CniSocket {
  const door: CniDoor = {
    run,
    folderOf: () => undefined,
    peerOf: () => ok({ pid: 1, uid: 0 }),
    uid: 0,
    timing,
    listener: {
      bug: (error, what) => told.push(`${what}: ${error.message}`),
      turnedAway: (reason) => told.push(reason),
    },
    ...other,
  };
  const result = openCniDoor(door, socket, ending ?? new AbortController().signal);
  if (!result.ok) throw new Error(result.error.detail);
  opened.push(result.value);
  return result.value;
}

const ask = () => askDaemon(call, { socket, patience: seconds(5) });

/** A connection on which anything may be sent, and all that came back when it was closed. */
async function visit(send: (to: Socket) => void): Promise<Buffer> {
  const client = connect(socket);
  const parts: Buffer[] = [];
  client.on("data", (part: Buffer) => parts.push(part));
  client.on("error", () => undefined);
  client.on("connect", () => send(client));
  await new Promise((resolve) => client.on("close", resolve));
  return Buffer.concat(parts);
}

/** Ends when it is called off; `ended` says so. */
function endless() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const run: PluginRunner = (_, signal) => {
    begun.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        ended.resolve("called off");
        resolve({ exitCode: 1, stdout: "called off" });
      };
      signal.addEventListener("abort", end);
    });
  };
  return { run, begun: begun.promise, ended: ended.promise };
}

test("a call comes as it was made, and its answer as it was given", async () => {
  const calls: PluginCall[] = [];
  open(async (made) => {
    calls.push(made);
    return { exitCode: 1, stdout: '{"code":7}', stderr: "words" };
  });
  const reply = { exitCode: 1, stdout: '{"code":7}', stderr: "words" } as const;
  expect(await ask()).toEqual({ kind: "answered", reply });
  expect(JSON.stringify(calls)).toBe(JSON.stringify([call]));
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(told).toEqual([]);
});

test("a request and an answer that do not fit into one piece arrive whole", async () => {
  const stdin = Buffer.alloc(3_000_000, "x");
  const patient = { transfer: seconds(5), call: seconds(5), undo: seconds(5) };
  const answer = async (made: PluginCall) => {
    return { exitCode: 0, stdout: made.stdin.toString().slice(0, 3).repeat(900_000) } as const;
  };
  open(answer, { timing: patient });
  const asked = await askDaemon({ ...call, stdin }, { socket, patience: seconds(5) });
  const length = asked.kind === "answered" ? asked.reply.stdout.length : asked.kind;
  expect(length).toBe(2_700_000);
});

test("slow calls do not hold up others", async () => {
  const slow = Promise.withResolvers<void>();
  open(async (made) => {
    if (made.plugin === "vlan") await slow.promise;
    return { exitCode: 0, stdout: made.plugin };
  });
  const waiting = askDaemon({ ...call, plugin: "vlan" }, { socket, patience: seconds(5) });
  const others = await Promise.all(Array.from({ length: 100 }, ask));
  expect(others.every(({ kind }) => kind === "answered")).toBe(true);
  slow.resolve();
  expect(await waiting).toMatchObject({ reply: { stdout: "vlan" } });
});

test("who hangs up calls it off", async () => {
  const { run, begun, ended } = endless();
  open(run, patient);
  const client = connect(socket);
  client.write(encodeFrame({ kind: "request", call }));
  await begun;
  client.destroy();
  expect(await ended).toBe("called off");
});

test("what takes too long is called off, and answered with what it says then", async () => {
  const { run } = endless();
  open(run);
  expect(await ask()).toMatchObject({ reply: { exitCode: 1, stdout: "called off" } });
});

test("what does not end though it was called off is answered with try again later", async () => {
  open(() => new Promise(() => undefined));
  const asked = await ask();
  expect(asked).toMatchObject({ kind: "answered", reply: { exitCode: 1 } });
  if (asked.kind === "answered") expect(JSON.parse(asked.reply.stdout)).toMatchObject({ code: 11 });
});

test("a bug is an answer too", async () => {
  open(() => Promise.reject(new Error("index out of range")));
  const asked = await ask();
  if (asked.kind === "answered") expect(JSON.parse(asked.reply.stdout).code).toBe(100);
  expect(asked.kind).toBe("answered");
  expect(told).toEqual(["ADD of macvlan: index out of range"]);
});

test("who says nothing, half of it or nonsense is turned away and runs nothing", async () => {
  let runs = 0;
  open(async () => ({ exitCode: 0, stdout: String(++runs) }));
  const whole = encodeFrame({ kind: "request", call });
  const visits = [
    visit(() => undefined),
    visit((to) => to.write(whole.subarray(0, whole.length - 1))),
    visit((to) => to.write("GET / HTTP/1.1\r\n\r\n")),
    visit((to) => to.write(encodeFrame({ kind: "declined", reason: "no" }))),
  ];
  expect((await Promise.all(visits)).map(({ length }) => length)).toEqual([0, 0, 0, 0]);
  expect(runs).toBe(0);
  expect(told.sort()).toEqual([
    "it does not begin as a frame does",
    "it does not send its request",
    "it does not send its request",
    "it sends what is declined",
  ]);
});

test("a reader that does not read is not waited for long", async () => {
  open(async () => ({ exitCode: 0, stdout: "x".repeat(3_000_000) }));
  const client = connect(socket);
  client.pause();
  client.write(encodeFrame({ kind: "request", call }));
  while (told.length === 0) await Bun.sleep(20);
  expect(told).toEqual(["it does not read its answer"]);
  client.destroy();
});

test("another version, and another user, are told to do it themselves", async () => {
  let runs = 0;
  const count: PluginRunner = async () => ({ exitCode: 0, stdout: String(++runs) });
  const first = open(count);
  const later = encodeFrame({ kind: "request", call });
  later[5] = 2;
  expect(decodeFrame(await visit((to) => to.write(later)))).toMatchObject({
    frame: { kind: "declined", reason: "it speaks version 2" },
  });
  await first.stop();
  open(count, { peerOf: () => ok({ pid: 7, uid: 1000 }), uid: 0 });
  expect(await ask()).toEqual({ kind: "away" });
  expect([runs, told]).toEqual([0, ["process 7 is of user 1000"]]);
});

test("who means another namespace by the path is told to do it himself", async () => {
  open(async ({ env }) => ({ exitCode: 0, stdout: env.CNI_NETNS ?? "" }));
  const here = "/proc/self/ns/net";
  const asked = async (CNI_NETNS: string, LANDFALL_NETNS: string): Promise<string> => {
    const env = { ...call.env, CNI_NETNS, LANDFALL_NETNS };
    return (await askDaemon({ ...call, env }, { socket, patience: seconds(5) })).kind;
  };
  const inode = /\d+/.exec(readlinkSync(here))?.[0] ?? "";
  expect(await asked(here, inode)).toBe("answered");
  expect(await asked(here, "4026531840")).toBe("away");
  expect(await asked(here, "0")).toBe("away");
  expect(await asked("/nowhere", "0")).toBe("answered");
  expect(await asked("/nowhere", inode)).toBe("away");
  expect(told).toHaveLength(3);
});

test("the end waits for what is under way, declines the rest, and removes the socket", async () => {
  const slow = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const listener = open(async () => {
    begun.resolve();
    await slow.promise;
    return { exitCode: 0, stdout: "done" };
  });
  const waiting = ask();
  await begun.promise;
  const idle = visit(() => undefined);
  // It is here when a later one has been answered.
  await visit((to) => to.write("nonsense, and long enough"));
  const stopped = listener.stop();
  expect(decodeFrame(await idle)).toMatchObject({ frame: { kind: "declined" } });
  expect(await ask()).toEqual({ kind: "away" });
  slow.resolve();
  expect(await waiting).toMatchObject({ reply: { stdout: "done" } });
  await stopped;
  expect(existsSync(socket)).toBe(false);
});

test("one that is abandoned leaves what is at its path, and begins nothing more", async () => {
  let calls = 0;
  const listener = open(async () => {
    calls += 1;
    return { exitCode: 0, stdout: "" };
  });
  await listener.abandon();
  expect([existsSync(socket), await ask()]).toEqual([true, { kind: "away" }]);
  expect([calls, told]).toEqual([0, ["it ends"]]);
});

test("what is under way is called off when the daemon must end", async () => {
  const { run, begun, ended } = endless();
  const ending = new AbortController();
  open(run, patient, ending.signal);
  const asked = ask();
  await begun;
  ending.abort();
  expect(await ended).toBe("called off");
  expect(await asked).toMatchObject({ reply: { stdout: "called off" } });
});

test("what comes when the daemon must have ended is called off at once", async () => {
  const run: PluginRunner = async (_, { aborted }) => ({ exitCode: 1, stdout: String(aborted) });
  open(run, patient, AbortSignal.abort());
  expect(await ask()).toMatchObject({ reply: { stdout: "true" } });
});
