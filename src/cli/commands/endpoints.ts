import { err, mapResult, nearest, ok, type Problem, type Result } from "../../base/index.ts";
import { type EndpointId, endpointMissing } from "../../domain/index.ts";
import { type Engine, openSandbox } from "../../engine/index.ts";
import type { AttachCommand, DetachTarget, SandboxWish } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import type { Host } from "../ports.ts";

type Handled = Promise<Result<Outcome, Problem>>;

export async function attach(host: Host, command: AttachCommand, signal: AbortSignal): Handled {
  const { kind: _, sandbox: asked, ...wish } = command;
  const opened = await openWished(host, asked);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  const attached = await host.engine.attach({ ...wish, sandbox, signal });
  return mapResult(attached, (view) => ({ kind: "endpoint", event: "attached", view }));
}

export async function detach(host: Host, target: DetachTarget, signal: AbortSignal): Handled {
  const detached =
    target.kind === "id"
      ? await host.engine.detach(target, { signal })
      : await detachOwner(host, target, signal);
  return mapResult(detached, (view) => ({ kind: "endpoint", event: "detached", view }));
}

async function detachOwner(
  host: Host,
  { sandbox: asked, ifname }: Extract<DetachTarget, { readonly kind: "owner" }>,
  signal: AbortSignal,
): ReturnType<Engine["detach"]> {
  const opened = await openWished(host, asked);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  return await host.engine.detach({ kind: "owner", sandbox, ifname }, { signal });
}

async function openWished(
  { openNamespace, findContainer }: Host,
  asked: SandboxWish,
): Promise<ReturnType<typeof openSandbox>> {
  if (asked.kind === "path") return openSandbox(openNamespace, asked.path);
  const found = await findContainer(asked.container);
  return found.ok ? openSandbox(openNamespace, found.value) : found;
}

export async function listEndpoints(engine: Engine): Handled {
  const listed = await engine.listEndpoints();
  return mapResult(listed, (endpoints) => ({ kind: "endpoints", endpoints }));
}

export async function inspectEndpoint(engine: Engine, id: EndpointId): Handled {
  const listed = await engine.listEndpoints();
  if (!listed.ok) return listed;
  const view = listed.value.find(({ endpoint }) => endpoint.id === id);
  if (view !== undefined) return ok({ kind: "endpoint", event: "inspected", view });
  const known = listed.value.map(({ endpoint }) => endpoint.id);
  return err(endpointMissing({ endpoint: id, nearest: nearest(id, known) }));
}
