import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import type { AttachRequest, Engine, SandboxHandle } from "../engine/index.ts";
import { answers, problemAnswer } from "./documents.ts";
import { networkRequestDocument } from "./encode.ts";
import { daemonLost, daemonUnreadable, socketRefused } from "./problems.ts";

/** What answers at a daemon's socket says of itself. */
export interface DaemonInfo {
  readonly version: string;
  readonly pid: number;
  readonly stateDirectory: string;
  /** SO_NETNS_COOKIE of the namespace that it manages, in decimal. */
  readonly namespace: string;
}

/** A daemon that is there: who it is, and its engine. */
export interface RemoteDaemon {
  readonly info: DaemonInfo;
  readonly engine: Engine;
}

interface Call<T> {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly answer: { parse(json: unknown): T };
  readonly signal?: AbortSignal | undefined;
}

type Caller = <T>(call: Call<T>) => Promise<Result<T, Problem>>;

/** Nobody listens there; a daemon that was killed leaves its socket behind. */
const absentErrnos: readonly string[] = ["ENOENT", "ECONNREFUSED"];

/**
 * The daemon at `socket`; undefined where there is none. Errors: LF-DAEMON-SOCKET, LF-DAEMON-LOST,
 * LF-DAEMON-ANSWER.
 */
export async function openDaemon(
  socket: string,
): Promise<Result<RemoteDaemon | undefined, Problem>> {
  const hello = { method: "GET", path: "/v1/daemon", answer: answers.daemon } as const;
  const told = await send(socket, hello);
  if (told.kind === "unsent" && absentErrnos.includes(told.errno)) return ok(undefined);
  const info = settled(socket, told);
  if (!info.ok) return info;
  const call: Caller = async (request) => settled(socket, await send(socket, request));
  return ok({ info: info.value, engine: remoteEngine(call) });
}

/** The engine of a daemon: every use case is one request. */
function remoteEngine(call: Caller): Engine {
  const network = (name: string): string => `/v1/networks/${encodeURIComponent(name)}`;
  return {
    listNetworks: () => call({ method: "GET", path: "/v1/networks", answer: answers.networks }),
    createNetwork: (spec) => {
      const body = networkRequestDocument(spec);
      return call({ method: "POST", path: "/v1/networks", body, answer: answers.network });
    },
    inspectNetwork: (name) => call({ method: "GET", path: network(name), answer: answers.network }),
    updateNetwork: ({ name, ...body }) =>
      call({ method: "PATCH", path: network(name), body, answer: answers.network }),
    removeNetwork: (name) =>
      call({ method: "DELETE", path: network(name), answer: answers.network }),
    listEndpoints: () => call({ method: "GET", path: "/v1/endpoints", answer: answers.endpoints }),
    attach: (request) => attach(call, request),
    detach: (selector, { signal } = {}) => {
      const path =
        selector.kind === "id"
          ? `/v1/endpoints/${encodeURIComponent(selector.id)}`
          : `/v1/endpoints?${ownerQuery(selector.sandbox, selector.ifname)}`;
      return call({ method: "DELETE", path, answer: answers.endpoint, signal });
    },
    status: () => call({ method: "GET", path: "/v1/status", answer: answers.findings }),
    reconcile: () => call({ method: "POST", path: "/v1/reconcile", answer: answers.reconciled }),
    listLeases: () => call({ method: "GET", path: "/v1/leases", answer: answers.leases }),
    releaseLease: ({ address, segment }) => {
      const query = segment === undefined ? "" : `?${new URLSearchParams({ segment })}`;
      const path = `/v1/leases/${encodeURIComponent(address)}${query}`;
      return call({ method: "DELETE", path, answer: answers.leases });
    },
  };
}

function attach(call: Caller, request: AttachRequest): ReturnType<Engine["attach"]> {
  const { sandbox, signal, ...wish } = request;
  const body = { ...wish, ...reference(sandbox) };
  return call({ method: "POST", path: "/v1/endpoints", body, answer: answers.endpoint, signal });
}

function ownerQuery(sandbox: SandboxHandle, ifname: string): URLSearchParams {
  return new URLSearchParams({ ...reference(sandbox), ifname });
}

/** The path may mean another namespace to the daemon; the cookie says which one is meant. */
function reference({ netns, path }: SandboxHandle): { sandbox: string; cookie: string } {
  return { sandbox: path, cookie: String(netns.cookie) };
}

type Told<T> =
  | { readonly kind: "answered"; readonly answer: Result<T, Problem> }
  | { readonly kind: "unsent"; readonly errno: string }
  | { readonly kind: "lost"; readonly reason: string };

function settled<T>(socket: string, told: Told<T>): Result<T, Problem> {
  switch (told.kind) {
    case "answered":
      return told.answer;
    case "unsent":
      return err(socketRefused({ socket, errno: told.errno }));
    case "lost":
      return err(daemonLost({ socket, reason: told.reason }));
    default:
      return unreachable(told);
  }
}

/** What connect(2) says when there is no connection, and so no request. */
const connectErrnos: readonly string[] = [...absentErrnos, "EACCES", "EPERM", "EAGAIN"];

async function send<T>(socket: string, call: Call<T>): Promise<Told<T>> {
  const { method, path, body, signal, answer } = call;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`http://landfall${path}`, {
      unix: socket,
      method,
      // An attach may wait for another, and a DHCP server may take its time: the daemon decides.
      timeout: false,
      // A connection of its own: one that was kept could be closed just now, and the request be
      // sent again.
      keepalive: false,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: jsonHeaders }),
      ...(signal === undefined ? {} : { signal }),
    } as RequestInit);
    text = await response.text();
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "";
    if (connectErrnos.includes(errno)) return { kind: "unsent", errno };
    return { kind: "lost", reason: wordsOf(error) };
  }
  return { kind: "answered", answer: readAnswer(socket, { response, text, answer }) };
}

const jsonHeaders = { "content-type": "application/json" };

function readAnswer<T>(
  socket: string,
  told: { readonly response: Response; readonly text: string; readonly answer: Call<T>["answer"] },
): Result<T, Problem> {
  try {
    const json: unknown = JSON.parse(told.text);
    if (told.response.ok) return ok(told.answer.parse(json));
    const { type: _, status: __, ...problem } = problemAnswer.parse(json);
    return err(problem as Problem);
  } catch (error) {
    return err(daemonUnreadable({ socket, reason: wordsOf(error) }));
  }
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replaceAll(/\s+/g, " ").slice(0, 200).replace(/\.$/, "");
}
