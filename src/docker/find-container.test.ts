import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineSocket, findContainer } from "./find-container.ts";

const directory = mkdtempSync(join(tmpdir(), "landfall-find-"));
const socket = join(directory, "docker.sock");
let server: ReturnType<typeof Bun.serve>;

/** What an engine answers; the real ones are asked in test/attach-container.engine.test.ts. */
const answers: Readonly<Record<string, unknown>> = {
  "/version": { ApiVersion: "1.41" },
  "/v1.41/containers/web/json": { State: { Status: "running", Running: true, Pid: 4711 } },
  "/v1.41/containers/old/json": { State: { Status: "exited", Running: false, Pid: 0 } },
  "/v1.41/containers/odd/json": { State: "running" },
  "/v1.41/containers/json": [{ Names: ["/web"] }, { Names: ["/old", "/web/alias"] }],
};

beforeAll(() => {
  server = Bun.serve({
    unix: socket,
    fetch: ({ url }) => {
      const answer = answers[new URL(url).pathname];
      return answer === undefined ? new Response("{}", { status: 404 }) : Response.json(answer);
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  rmSync(directory, { recursive: true });
});

test("a running container is found by its process", async () => {
  expect(await findContainer("web", socket)).toEqual({ ok: true, value: "/proc/4711/ns/net" });
});

test.each([
  ["old", "LF-CONTAINER-NOT-RUNNING", { state: "exited" }],
  ["wen", "LF-CONTAINER-MISSING", { nearest: "web" }],
  ["something-else", "LF-CONTAINER-MISSING", { nearest: undefined }],
  ["odd", "LF-ENGINE-UNREACHABLE", { engine: socket }],
] as const)("%s is %s", async (name, code, facts) => {
  expect(await findContainer(name, socket)).toMatchObject({ ok: false, error: { code, facts } });
});

test("an engine that is not there is told with its socket", async () => {
  const engine = join(directory, "none.sock");
  expect(await findContainer("web", engine)).toMatchObject({
    ok: false,
    error: { code: "LF-ENGINE-UNREACHABLE", facts: { engine } },
  });
});

test("DOCKER_HOST names a socket of this machine, or is refused", () => {
  expect(engineSocket(undefined)).toEqual({ ok: true, value: "/var/run/docker.sock" });
  expect(engineSocket("")).toEqual({ ok: true, value: "/var/run/docker.sock" });
  expect(engineSocket("unix:///run/x.sock")).toEqual({ ok: true, value: "/run/x.sock" });
  expect(engineSocket("tcp://192.0.2.1:2375")).toMatchObject({
    ok: false,
    error: { code: "LF-ENGINE-UNREACHABLE" },
  });
});
