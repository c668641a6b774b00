import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Listener } from "../door/index.ts";
import { type DockerDoor, openDockerDoor } from "./docker-door.ts";
import { inheritedSockets } from "./inherited-sockets.ts";

let directory = "";
let socket = "";
let opened: Listener[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-door-"));
  socket = join(directory, "plugins/landfall.sock");
  opened = [];
});
afterEach(async () => {
  for (const listener of opened) await listener.stop();
  rmSync(directory, { recursive: true });
});

async function open(
  fetch: DockerDoor["fetch"],
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const door: DockerDoor = { socket, demand: "required", fetch };
  const result = await openDockerDoor(door, directory, signal);
  if (!result.ok) return result.error.code;
  opened.push(result.value);
  return "open";
}

const echo = async (request: Request): Promise<Response> => new Response(await request.text());

function post(init: RequestInit = {}): Promise<Response> {
  const options = { unix: socket, method: "POST", body: "hello", keepalive: false, ...init };
  return fetch("http://plugin.moby.localhost/Plugin.Activate", options as RequestInit);
}

test("makes its directory, answers, and only its owner may use it", async () => {
  expect(await open(echo)).toBe("open");
  expect(await (await post()).text()).toBe("hello");
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(statSync(join(socket, "..")).mode & 0o777).toBe(0o755);
});

test("a socket that a dead daemon left is taken over, one that is in use is not", async () => {
  mkdirSync(join(socket, ".."));
  writeFileSync(socket, "");
  expect(await open(echo)).toBe("open");
  expect(await open(async () => new Response("the second"))).toBe("LF-DOCKER-SOCKET-TAKEN");
  expect(await (await post()).text()).toBe("hello");
});

test("a directory that cannot be made is a refusal", async () => {
  writeFileSync(join(socket, "../../plugins"), "");
  expect(await open(echo)).toBe("LF-DAEMON-LISTEN");
});

/** Answers when its request is called off. */
function endless() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const answer = (request: Request, ending: AbortSignal): Promise<Response> => {
    begun.resolve();
    return new Promise((resolve) => {
      AbortSignal.any([request.signal, ending]).addEventListener("abort", () => {
        ended.resolve("called off");
        resolve(new Response("called off"));
      });
    });
  };
  return { answer, begun: begun.promise, ended: ended.promise };
}

test("what is under way is called off when Docker hangs up", async () => {
  const { answer, begun, ended } = endless();
  await open(answer);
  const hangUp = new AbortController();
  const asked = post({ signal: hangUp.signal }).catch(() => "hung up");
  await begun;
  hangUp.abort();
  expect(await ended).toBe("called off");
  expect(await asked).toBe("hung up");
});

test("what is under way is called off when the daemon must end", async () => {
  const { answer, begun, ended } = endless();
  const ending = new AbortController();
  await open(answer, ending.signal);
  const asked = post();
  await begun;
  ending.abort();
  expect(await ended).toBe("called off");
  expect(await (await asked).text()).toBe("called off");
});

test("a connection that Docker keeps open does not keep the daemon from ending", async () => {
  await open(echo);
  const client = connect(socket);
  const closed = new Promise((resolve) => client.on("close", () => resolve("closed")));
  const answered = new Promise((resolve) => client.once("data", resolve));
  client.write("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  await answered;
  await opened.pop()?.stop();
  expect(await closed).toBe("closed");
  expect(existsSync(socket)).toBe(false);
});

test("sockets of a service manager have the names of its unit", () => {
  const env = { LISTEN_PID: "7", LISTEN_FDS: "2", LISTEN_FDNAMES: "docker:other" };
  expect([...inheritedSockets(env, 7)]).toEqual([
    ["docker", 3],
    ["other", 4],
  ]);
  const strangers = [{}, { ...env, LISTEN_PID: "8" }, { ...env, LISTEN_FDS: "0" }];
  const broken = [
    { ...env, LISTEN_FDS: "x" },
    { LISTEN_PID: "7", LISTEN_FDS: "1" },
  ];
  for (const other of [...strangers, ...broken]) {
    expect(inheritedSockets(other, 7).get("docker")).toBeUndefined();
  }
});
