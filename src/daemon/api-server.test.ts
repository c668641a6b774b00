import { afterAll, afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRoutes } from "../api/index.ts";
import { err, ok } from "../base/index.ts";
import { cancelled, type NetworkName, ownerBusy } from "../domain/index.ts";
import { type Listener, listen } from "../door/index.ts";
import type { AttachRequest, Engine } from "../engine/index.ts";
import type { Fd, NetnsCookie } from "../platform/index.ts";
import { apiServer } from "./api-server.ts";

const api = await loadRoutes();
const directory = mkdtempSync(join(tmpdir(), "landfall-server-"));
const socket = join(directory, "s");
afterAll(() => rmSync(directory, { recursive: true }));
let listener: Listener | undefined;

afterEach(async () => {
  await listener?.stop();
  listener = undefined;
});

interface Served {
  readonly ending: AbortController;
  readonly bugs: Error[];
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** A server whose engine can do only what the test gives it. */
function serve(engine: Partial<Engine>): Served {
  const ending = new AbortController();
  const bugs: Error[] = [];
  const server = apiServer({
    engine: engine as Engine,
    openNamespace: (path) => {
      if (path === "/gone") return err({ errno: "ENOENT", call: "openat /gone" });
      const close = () => undefined;
      const handle = { fd: 9 as Fd, cookie: 7n as NetnsCookie, close, [Symbol.dispose]: close };
      return ok(handle);
    },
    info: { version: "0", pid: 1, stateDirectory: "/s", namespace: "1" },
    api,
    signal: ending.signal,
    onBug: (bug) => bugs.push(bug),
  });
  const opened = listen(socket, server.fetch);
  if (!opened.ok) throw new Error(opened.error.detail);
  listener = opened.value;
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://landfall${path}`, { unix: socket, ...init } as RequestInit);
  return { ending, bugs, ask };
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

/** An attach that goes on until its signal fires. */
function endlessAttach() {
  const begun = Promise.withResolvers<AttachRequest>();
  const ended = Promise.withResolvers<string>();
  const attach: Engine["attach"] = (request) => {
    begun.resolve(request);
    return new Promise((resolve) => {
      request.signal?.addEventListener("abort", () => {
        ended.resolve("undone");
        resolve(err(cancelled({ what: "attach" })));
      });
    });
  };
  return { attach, begun: begun.promise, ended: ended.promise };
}

const wish = { network: "lan", sandbox: "/run/netns/web" };

test("only its owner may use the socket", () => {
  serve({});
  expect(statSync(socket).mode & 0o777).toBe(0o600);
});

test("an attach is undone when whoever asked hangs up", async () => {
  const { attach, begun, ended } = endlessAttach();
  const { ask } = serve({ attach });
  const hangUp = new AbortController();
  const answer = ask("/v1/endpoints", { ...post(wish), signal: hangUp.signal }).catch(
    () => "hung up",
  );
  expect((await begun).ifname as string).toBe("eth0");
  hangUp.abort();
  expect(await ended).toBe("undone");
  expect(await answer).toBe("hung up");
});

test("an attach is undone, and told so, when the daemon must end", async () => {
  const { attach, begun, ended } = endlessAttach();
  const { ask, ending } = serve({ attach });
  const answer = ask("/v1/endpoints", post(wish));
  await begun;
  ending.abort();
  expect(await ended).toBe("undone");
  expect(((await (await answer).json()) as { code: string }).code).toBe("LF-CANCELLED");
});

test("what is under way is answered before the socket closes", async () => {
  const finish = Promise.withResolvers<void>();
  const { ask } = serve({
    listNetworks: async () => {
      await finish.promise;
      return ok([]);
    },
  });
  const answer = ask("/v1/networks");
  await Bun.sleep(20);
  const stopped = listener?.stop();
  finish.resolve();
  expect(await (await answer).json()).toEqual({ schemaVersion: 1, networks: [] });
  await stopped;
  expect(await ask("/v1/networks").catch(() => "nobody listens")).toBe("nobody listens");
});

test("a bug is answered, told to the log, and ends nothing", async () => {
  const { ask, bugs } = serve({
    status: () => {
      throw new Error("nobody thought of this");
    },
    listNetworks: async () => ok([]),
  });
  const answer = await ask("/v1/status");
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
    500,
    "LF-DAEMON-BUG",
  ]);
  expect(bugs.map(({ message }) => message)).toEqual(["nobody thought of this"]);
  expect((await ask("/v1/networks")).status).toBe(200);
});

const wrongRequests: readonly (readonly [string, RequestInit, number, string, RegExp])[] = [
  ["/v1/networks", post("{"), 400, "LF-API-REQUEST", /JSON/],
  ["/v1/networks", post({ name: "lan" }), 400, "LF-API-REQUEST", /json\.parent/],
  [
    "/v1/networks",
    post({ name: "lan", parent: "p0", subnets: [], odd: 1 }),
    400,
    "LF-API-REQUEST",
    /odd/,
  ],
  ["/v1/endpoints", post({ ...wish, mac: "0g" }), 400, "LF-MAC-INVALID", /0g/],
  ["/v1/endpoints", post({ ...wish, network: "l/n" }), 400, "LF-NAME-INVALID", /l\/n/],
  ["/v1/endpoints", post({ ...wish, sandbox: "/gone" }), 404, "LF-SANDBOX-MISSING", /gone/],
  [
    "/v1/endpoints",
    post({ ...wish, sandbox: "/gone", cookie: "7" }),
    409,
    "LF-SANDBOX-OTHER",
    /gone/,
  ],
  ["/v1/endpoints", post({ ...wish, cookie: "8" }), 409, "LF-SANDBOX-OTHER", /web/],
  ["/v1/endpoints", post({ ...wish, cookie: "seven" }), 400, "LF-API-REQUEST", /cookie/],
  ["/v1/leases/x", { method: "DELETE" }, 400, "LF-ADDRESS-INVALID", /x/],
  ["/v1/nothing", {}, 404, "LF-API-PATH", /GET \/v1\/nothing/],
  ["/v1/networks", { method: "PUT" }, 404, "LF-API-PATH", /PUT/],
];

test.each(wrongRequests)(
  "%s %p is answered with %d %s",
  async (path, init, status, code, words) => {
    const { ask } = serve({});
    const answer = await ask(path, init);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const problem = (await answer.json()) as { code: string; detail: string; status: number };
    expect([answer.status, problem.status, problem.code]).toEqual([status, status, code]);
    expect(problem.detail).toMatch(words);
  },
);

test("what may succeed later is answered with 503", async () => {
  const busy = ownerBusy({ sandbox: "/run/netns/web", ifname: "eth0", operation: "attach" });
  const { ask } = serve({ inspectNetwork: async (_: NetworkName) => err(busy) });
  expect((await ask("/v1/networks/lan")).status).toBe(503);
});

test("a path that no socket can have is refused", () => {
  const opened = listen(join(directory, "s".repeat(120)), () => new Response());
  expect(opened.ok ? "" : opened.error.code).toBe("LF-DAEMON-LISTEN");
});
