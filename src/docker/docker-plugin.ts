import { internalError } from "../api/index.ts";
import { err, type Millis, type Problem, type Result, seconds } from "../base/index.ts";
import type { Engine, Handover } from "../engine/index.ts";
import type { Clock, Random } from "../platform/index.ts";
import { type Method, methods } from "./methods.ts";
import type { Call, Listener, Ports } from "./ports.ts";
import { answerLate, methodUnknown, requestUnreadable } from "./problems.ts";
import { ProvisionalPools } from "./provisional-pools.ts";
import { WorkloadNotes } from "./workload-notes.ts";

/** What the plugin stands on. */
export interface DockerPluginOptions {
  readonly engine: Engine;
  readonly handover: Handover;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: Listener;
}

/** What serves Docker's requests, on whatever socket. */
export interface DockerPlugin {
  /** Always an answer that Docker understands; never rejects. */
  fetch(request: Request, ending?: AbortSignal): Promise<Response>;
}

/** Then what is under way is called off, well before the 30 s that some engines wait. */
const CALLED_OFF_AFTER = seconds(15);
/** Undoing takes time too; after this Docker is told so, and the undoing goes on. */
const ANSWERED_AFTER = seconds(20);

const CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json";
/** How long the handler took, in ms (reference: w3.org/TR/server-timing). */
const TIMING = "server-timing";
const HTTP_OK = 200;
const HTTP_NOT_FOUND = 404;
const HTTP_BUG = 500;

/** The plugin: libnetwork's remote network driver and address manager on one socket. */
export function dockerPlugin(options: DockerPluginOptions): DockerPlugin {
  const { listener, ...deps } = options;
  const pools = new ProvisionalPools(options.clock);
  const ports: Ports = { ...deps, pools, workloads: new WorkloadNotes() };
  return {
    fetch: async (request, ending) => {
      const path = pathOf(request);
      const name = path.slice(1);
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
      if (method === undefined || request.method !== "POST") {
        const problem = methodUnknown({ method: request.method, path });
        listener.refused(problem, name);
        // What Docker takes for "this driver has no such method", where it can do without.
        return refusal(problem, HTTP_NOT_FOUND);
      }
      const endings = ending === undefined ? [request.signal] : [request.signal, ending];
      const began = performance.now();
      const known = { ports, listener, name, method };
      const response = await answer(known, request, AbortSignal.any(endings));
      response.headers.set(TIMING, `handler;dur=${(performance.now() - began).toFixed(3)}`);
      return response;
    },
  };
}

/**
 * The path as it was sent. Some engines send an empty Host, and what the server makes of it then is
 * no URL that can be parsed.
 */
function pathOf({ url }: Request): string {
  return /^(?:[a-z]+:\/\/[^/]*)?(\/[^?#]*)/i.exec(url)?.[1] ?? "/";
}

interface Known {
  readonly ports: Ports;
  readonly listener: Listener;
  readonly name: string;
  readonly method: Method;
}

async function answer(known: Known, request: Request, hungUp: AbortSignal): Promise<Response> {
  const { listener, name } = known;
  try {
    const body = await bodyOf(request, name);
    const done = body.ok ? await inTime(known, body.value, hungUp) : body;
    if (done.ok) return json(done.value, HTTP_OK);
    listener.refused(done.error, name);
    return refusal(done.error, HTTP_OK);
  } catch (thrown) {
    listener.bug(errorOf(thrown), name);
    return refusal(internalError({ method: "POST", path: `/${name}` }), HTTP_BUG);
  }
}

/** Go writes no body, or null, where it has nothing to say. */
async function bodyOf(request: Request, name: string): Promise<Result<unknown, Problem>> {
  try {
    const text = (await request.text()).trim();
    return { ok: true, value: text === "" ? {} : (JSON.parse(text) ?? {}) };
  } catch (error) {
    return err(requestUnreadable({ method: name, reason: errorOf(error).message }));
  }
}

/** The method's answer, or that it was late. */
async function inTime(
  { ports, listener, name, method }: Known,
  body: unknown,
  hungUp: AbortSignal,
): Promise<Result<object, Problem>> {
  const answered = new AbortController();
  const calledOff = new AbortController();
  const call: Call = {
    name,
    signal: AbortSignal.any([hungUp, calledOff.signal]),
    warn: (problems = []) => {
      for (const problem of problems) listener.warned(problem, name);
    },
  };
  const work = method(ports, body, call);
  const late = tooLate(ports.clock, { name, calledOff, answered: answered.signal });
  try {
    return await Promise.race([work, late.finally(reportLateBug)]);
  } finally {
    answered.abort();
  }

  /** Of a bug after the answer nobody else would hear. */
  function reportLateBug(): void {
    if (!answered.signal.aborted) work.catch((error) => listener.bug(errorOf(error), name));
  }
}

interface Deadline {
  readonly name: string;
  readonly calledOff: AbortController;
  readonly answered: AbortSignal;
}

async function tooLate(
  clock: Clock,
  { name, calledOff, answered }: Deadline,
): Promise<Result<never, Problem>> {
  await clock.sleep(CALLED_OFF_AFTER, answered);
  if (!answered.aborted) calledOff.abort();
  await clock.sleep((ANSWERED_AFTER - CALLED_OFF_AFTER) as Millis, answered);
  return err(answerLate({ method: name, seconds: ANSWERED_AFTER / seconds(1) }));
}

/** Each half of the protocol has a key of its own for words; people read them on one line. */
function refusal({ detail, remedy, code }: Problem, status: number): Response {
  const words = `${detail} ${remedy} (${code})`.replace(/\s+/g, " ");
  return json({ Err: words, Error: words }, status);
}

function json(body: object, status: number): Response {
  const headers = { "content-type": CONTENT_TYPE };
  return new Response(JSON.stringify(body), { status, headers });
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
