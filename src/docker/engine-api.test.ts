import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "../base/index.ts";
import { type EngineApi, engineApi } from "./engine-api.ts";

let directory = "";
let server: Bun.Server<undefined> | undefined;
const asked: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-engine-"));
  asked.length = 0;
});
afterEach(async () => {
  await server?.stop(true);
  server = undefined;
  rmSync(directory, { recursive: true });
});

type Answer = unknown | ((request: Request) => Response | Promise<Response>);

function containerOn(state: string, endpoint: string): object {
  const lan = { NetworkID: "n1", EndpointID: endpoint };
  return { Id: `of ${endpoint}`, State: state, NetworkSettings: { Networks: { lan } } };
}

/** Answers in the form of Docker 28.2.2 (API 1.50), cut to what is read. */
const healthy: Readonly<Record<string, Answer>> = {
  "/version": { Version: "28.2.2", ApiVersion: "1.50", MinAPIVersion: "1.24" },
  "/v1.50/networks": [
    { Id: "n1", Name: "lan", Driver: "landfall", Containers: {} },
    { Id: "n2", Name: "none", Driver: "null" },
  ],
  "/v1.50/networks/n1": { Id: "n1", Containers: { c1: { Name: "web", EndpointID: "e1" } } },
  "/v1.50/networks/n2": { Id: "n2", Containers: {} },
  "/v1.50/containers/json": [
    containerOn("running", "e1"),
    containerOn("paused", "e2"),
    containerOn("exited", ""),
    { State: "created", NetworkSettings: { Networks: { lan: null } } },
  ],
};

function engineWith(changes: Readonly<Record<string, Answer>> = {}): EngineApi {
  const socket = join(directory, "docker.sock");
  const answers: Readonly<Record<string, Answer>> = { ...healthy, ...changes };
  server = Bun.serve({
    unix: socket,
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(pathname + search);
      const answer = answers[pathname];
      if (typeof answer === "function") return answer(request);
      if (answer === undefined) return new Response('{"message":"no"}', { status: 404 });
      return Response.json(answer);
    },
  });
  return engineApi(socket, millis(500));
}

test("lists endpoints of networks and of containers, and the networks' names", async () => {
  const listed = await engineWith().listAttachments();
  expect(listed).toEqual({
    ok: true,
    value: {
      endpoints: new Set(["e1", "e2"]),
      networks: new Map([
        ["n1", "lan"],
        ["n2", "none"],
      ]),
    },
  });
  expect(asked).toContain("/v1.50/containers/json?all=true");
});

test("what a container had that does not live is not attached, whatever is told of it", async () => {
  const dead = ["created", "restarting", "removing", "exited", "dead"];
  const containers = dead.map((state) => containerOn(state, `e-${state}`));
  const listed = await engineWith({ "/v1.50/containers/json": containers }).listAttachments();
  expect(listed.ok && [...listed.value.endpoints]).toEqual(["e1"]);
});

test("names networks without looking into them", async () => {
  const named = await engineWith().listNetworks();
  expect(named.ok && named.value.get("n1")).toBe("lan");
  expect(asked).toEqual(["/version", "/v1.50/networks"]);
});

test("a network that was removed meanwhile has nothing attached", async () => {
  const listed = await engineWith({ "/v1.50/networks/n1": undefined }).listAttachments();
  expect(listed.ok && [...listed.value.endpoints]).toEqual(["e1", "e2"]);
});

test("every network is looked into, however many there are", async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `m${index}`);
  const changes: Record<string, Answer> = {
    "/v1.50/networks": ids.map((Id) => ({ Id, Name: Id })),
  };
  for (const id of ids) {
    changes[`/v1.50/networks/${id}`] = { Containers: { c: { EndpointID: `e-${id}` } } };
  }
  const listed = await engineWith(changes).listAttachments();
  const endpoints = listed.ok ? listed.value.endpoints : new Set<string>();
  expect(ids.filter((id) => !endpoints.has(`e-${id}`))).toEqual([]);
});

const never = (): Promise<Response> => new Promise(() => undefined);
const broken: readonly (readonly [string, string, Answer])[] = [
  ["a version that is none", "/version", { ApiVersion: "../x" }],
  ["a listing of networks that fails", "/v1.50/networks", () => new Response("", { status: 500 })],
  ["a listing of networks that is missing", "/v1.50/networks", undefined],
  [
    "a network that fails",
    "/v1.50/networks/n2",
    () => Response.json({ Containers: {} }, { status: 500 }),
  ],
  ["a network without its containers", "/v1.50/networks/n2", { Id: "n2" }],
  ["a network that never answers", "/v1.50/networks/n2", never],
  ["containers in another form", "/v1.50/containers/json", [{ Id: "c1" }]],
  ["no containers", "/v1.50/containers/json", undefined],
  ["no JSON", "/v1.50/containers/json", () => new Response("<html>")],
  [
    "a redirection",
    "/v1.50/networks/n1",
    () => Response.redirect("http://docker/v1.50/networks/n2", 302),
  ],
];

test.each(broken)("%s makes everything unknown", async (_, path, answer) => {
  const listed = await engineWith({ [path]: answer }).listAttachments();
  expect(listed).toEqual({ ok: false, error: { kind: "unknown", reason: expect.any(String) } });
});

test("no engine is unknown, and no empty listing", async () => {
  const absent = engineApi(join(directory, "nobody.sock"));
  expect((await absent.listAttachments()).ok).toBe(false);
  expect((await absent.listNetworks()).ok).toBe(false);
});
