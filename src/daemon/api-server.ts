import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import {
  type DaemonInfo,
  endpointDocument,
  internalError,
  leaseDocument,
  type loadRoutes,
  networkDocument,
  pathUnknown,
  problemDocument,
  reconciledDocument,
  requestWrong,
} from "../api/index.ts";
import { ExitCode, err, ok, type Problem, type Result } from "../base/index.ts";
import { type IfName, sandboxMissing, sandboxNotNetns } from "../domain/index.ts";
import { type Engine, type OpenSandbox, openSandbox } from "../engine/index.ts";
import type { NetnsHandle, SysResult } from "../platform/index.ts";
import { sandboxOther } from "./problems.ts";

/** What the API stands on. */
export interface ApiOptions {
  readonly engine: Engine;
  readonly openNamespace: (path: string) => SysResult<NetnsHandle>;
  readonly info: DaemonInfo;
  readonly api: Awaited<ReturnType<typeof loadRoutes>>;
  /** Fires when the daemon ends and has waited long enough: what is under way is undone. */
  readonly signal: AbortSignal;
  /** Told of bugs. */
  readonly onBug: (error: Error, where: string) => void;
}

const schemaVersion = 1;
/** The name that `landfall attach` gives a link. */
const DEFAULT_IFNAME = "eth0" as IfName;

/** The HTTP API: each route is one use case of the engine. */
export function apiServer(options: ApiOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (read, context) => {
      if (!read.success) return refuse(context, problemOfIssues(read.error.issues, read.target));
    },
  });
  app.get("/v1/openapi.json", (context) => context.json(options.api.describe()));
  networkRoutes(app, options);
  endpointRoutes(app, options);
  upkeepRoutes(app, options);
  app.notFound((context) => {
    const { method, path } = context.req;
    return refuse(context, pathUnknown({ method, path }));
  });
  app.onError((error, context) => {
    const { method, path } = context.req;
    // Hono's own refusal of a body that is no JSON.
    if ("status" in error && error.status === HTTP_BAD_REQUEST) {
      return refuse(context, requestWrong({ where: "body", reason: error.message }));
    }
    options.onBug(error, `${method} ${path}`);
    return refuse(context, internalError({ method, path }));
  });
  return app;
}

function networkRoutes(app: OpenAPIHono, { engine, api: { routes } }: ApiOptions): void {
  const network = "network";
  app.openapi(routes.listNetworks, async (context) =>
    answer(context, await engine.listNetworks(), (views) => ({
      networks: views.map(networkDocument),
    })),
  );
  app.openapi(routes.createNetwork, async (context) =>
    answer(context, await engine.createNetwork(context.req.valid("json")), (view) => ({
      [network]: networkDocument(view),
      ...warningsOf(view),
    })),
  );
  app.openapi(routes.inspectNetwork, async (context) =>
    answer(context, await engine.inspectNetwork(context.req.valid("param").name), (view) => ({
      [network]: networkDocument(view),
    })),
  );
  app.openapi(routes.updateNetwork, async (context) => {
    const change = { ...context.req.valid("json"), ...context.req.valid("param") };
    return answer(context, await engine.updateNetwork(change), (view) => ({
      [network]: networkDocument(view),
      ...warningsOf(view),
    }));
  });
  app.openapi(routes.removeNetwork, async (context) =>
    answer(context, await engine.removeNetwork(context.req.valid("param").name), (view) => ({
      [network]: networkDocument(view),
    })),
  );
}

function endpointRoutes(app: OpenAPIHono, options: ApiOptions): void {
  const { engine, api } = options;
  const { routes } = api;
  app.openapi(routes.listEndpoints, async (context) =>
    answer(context, await engine.listEndpoints(), (views) => ({
      endpoints: views.map(endpointDocument),
    })),
  );
  app.openapi(routes.attach, async (context) => {
    const { sandbox: path, cookie, ifname = DEFAULT_IFNAME, ...wish } = context.req.valid("json");
    const opened = openMeant(options, path, cookie);
    if (!opened.ok) return refuse(context, opened.error);
    using sandbox = opened.value;
    const signal = signalOf(context, options);
    const request = { addresses: [], ...wish, ifname, sandbox, signal };
    return answer(context, await engine.attach(request), endpointAnswer);
  });
  app.openapi(routes.detachOwner, async (context) => {
    const { sandbox: path, cookie, ifname } = context.req.valid("query");
    const opened = openMeant(options, path, cookie);
    if (!opened.ok) return refuse(context, opened.error);
    using sandbox = opened.value;
    const signal = signalOf(context, options);
    const detached = await engine.detach({ kind: "owner", sandbox, ifname }, { signal });
    return answer(context, detached, endpointAnswer);
  });
  app.openapi(routes.detach, async (context) => {
    const { id } = context.req.valid("param");
    const signal = signalOf(context, options);
    return answer(context, await engine.detach({ kind: "id", id }, { signal }), endpointAnswer);
  });
}

function upkeepRoutes(app: OpenAPIHono, { engine, info, api: { routes } }: ApiOptions): void {
  app.openapi(routes.daemon, (context) => answer(context, ok(info), (daemon) => ({ daemon })));
  app.openapi(routes.listLeases, async (context) =>
    answer(context, await engine.listLeases(), (leases) => ({ leases: leases.map(leaseDocument) })),
  );
  app.openapi(routes.releaseLease, async (context) => {
    const selector = { ...context.req.valid("param"), ...context.req.valid("query") };
    return answer(context, await engine.releaseLease(selector), (leases) => ({
      leases: leases.map(leaseDocument),
    }));
  });
  app.openapi(routes.status, async (context) =>
    answer(context, await engine.status(), (findings) => ({ findings })),
  );
  app.openapi(routes.reconcile, async (context) =>
    answer(context, await engine.reconcile(), (reconciled) => ({
      reconciled: reconciled.map(reconciledDocument),
    })),
  );
}

type View = { readonly warnings?: readonly Problem[] };

function endpointAnswer(view: Parameters<typeof endpointDocument>[0]): object {
  return { endpoint: endpointDocument(view), ...warningsOf(view) };
}

function warningsOf({ warnings = [] }: View): object {
  return warnings.length === 0 ? {} : { warnings: warnings.map(problemDocument) };
}

const differs: readonly string[] = [sandboxMissing.code, sandboxNotNetns.code];

/** The sandbox that the caller means, as far as the caller said which one that is. */
function openMeant(
  { openNamespace }: ApiOptions,
  path: string,
  cookie: string | undefined,
): Result<OpenSandbox, Problem> {
  const opened = openSandbox(openNamespace, path);
  if (cookie === undefined) return opened;
  // Who knows the cookie has it open, so it is there for him.
  if (!opened.ok) return differs.includes(opened.error.code) ? err(sandboxOther({ path })) : opened;
  if (String(opened.value.netns.cookie) === cookie) return opened;
  opened.value[Symbol.dispose]();
  return err(sandboxOther({ path }));
}

/** Fires when the caller hangs up, or the daemon must end. */
function signalOf(context: Context, { signal }: ApiOptions): AbortSignal {
  return AbortSignal.any([context.req.raw.signal, signal]);
}

/**
 * Hono would have each answer in the type of its route; the contract of documents and views is held
 * by the suite that runs an engine and its remote twin side by side.
 */
function answer<T>(
  context: Context,
  result: Result<T, Problem>,
  body: (value: T) => object,
): never {
  if (!result.ok) return refuse(context, result.error);
  return context.json({ schemaVersion, ...body(result.value) }) as never;
}

const HTTP_BAD_REQUEST = 400;

/** RFC 9110, section 15.5 and 15.6: who must change something before it can succeed. */
function statusOf({ code, exitCode, retryable }: Problem): 400 | 403 | 404 | 409 | 500 | 503 {
  if (code === internalError.code) return 500;
  if (code === pathUnknown.code) return 404;
  if (exitCode === ExitCode.usage) return HTTP_BAD_REQUEST;
  if (code.endsWith("-MISSING")) return 404;
  if (exitCode === ExitCode.notPermitted) return 403;
  return retryable ? 503 : 409;
}

/** RFC 9457. */
function refuse(context: Context, problem: Problem): never {
  const status = statusOf(problem);
  const body = {
    type: `urn:landfall:problem:${problem.code}`,
    status,
    ...problemDocument(problem),
  };
  const headers = { "content-type": "application/problem+json" };
  return context.body(JSON.stringify(body), status, headers) as never;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** The Problem of the parser that refused a value, or one that says where the mistake is. */
function problemOfIssues(issues: readonly Issue[], target: string): Problem {
  const [issue] = issues;
  const carried = issue?.params?.problem;
  if (carried !== undefined) return carried as Problem;
  const where = [target, ...(issue?.path ?? [])].join(".");
  return requestWrong({ where, reason: (issue?.message ?? "is wrong").replace(/\.$/, "") });
}
