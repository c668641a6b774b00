import {
  type AttachContext,
  callProblem,
  observeLife,
  observeOwnLink,
  openAttachContext,
  openConversation,
  type Permit,
  removeAllocationFiles,
  runPlan,
} from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  holderOf,
  type LinkIdentity,
  type Network,
  type Sandbox,
  type Step,
  sandboxId,
  sandboxUnreachable,
} from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { EngineDeps } from "./deps.ts";

/** No such path, a process that ended, or what is no namespace: a file, a socket (ENXIO). */
const goneErrnos: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ESRCH", "EINVAL", "ENXIO"]);

/** A remembered sandbox as it is now: open, or no longer where it was. */
export type FoundSandbox =
  | { readonly kind: "open"; readonly netns: NetnsHandle }
  | { readonly kind: "gone" };

/**
 * Looks for the sandbox of an endpoint where it was, and where somebody says that it is; the caller
 * closes what is open.
 */
export function findSandbox(
  deps: EngineDeps,
  { sandbox, link }: Pick<Endpoint, "sandbox" | "link">,
  elsewhere?: string,
): Result<FoundSandbox, Problem> {
  if (sandbox.mover !== undefined) return findMovedLink(deps, sandbox, link);
  const found = findByIdentity(deps, sandbox, sandbox.path);
  if (!found.ok || found.value.kind === "open" || elsewhere === undefined) return found;
  return findByIdentity(deps, sandbox, elsewhere);
}

function findByIdentity(
  deps: EngineDeps,
  sandbox: Sandbox,
  path: string,
): Result<FoundSandbox, Problem> {
  const opened = deps.platform.namespaces.open(path);
  if (!opened.ok) {
    // Only these say that nothing is there; EMFILE or EACCES say nothing about the sandbox.
    if (goneErrnos.has(opened.error.errno)) return ok({ kind: "gone" });
    return err(callProblem(opened.error, "enter the sandbox"));
  }
  // Names and pids are used again: another namespace may stand at the same path now.
  const id = sandboxId(deps.platform.process.bootId, opened.value.cookie);
  if (id === sandbox.id) return ok({ kind: "open", netns: opened.value });
  opened.value.close();
  return ok({ kind: "gone" });
}

/**
 * The namespace that a moved link is in: the host's, or that where the runtime said it takes it. It
 * may move while we look, so the host is asked once more. A runtime that dies takes the path away,
 * and a process may go on in the namespace: it is looked for among those of all processes then.
 */
function findMovedLink(
  deps: EngineDeps,
  { path }: Sandbox,
  link: LinkIdentity,
): Result<FoundSandbox, Problem> {
  for (const place of ["host", "sandbox", "host"] as const) {
    const opened = place === "host" ? ok(keptOpen(deps.hostNamespace)) : openPath(deps, path);
    if (!opened.ok) return opened;
    if (opened.value === undefined) continue;
    const own = ownLinkIn(deps, opened.value, link);
    if (own.ok && own.value.kind === "ours") return ok({ kind: "open", netns: opened.value });
    opened.value.close();
    if (!own.ok) return own;
  }
  return ok(findAmongProcesses(deps, link));
}

function findAmongProcesses(deps: EngineDeps, link: LinkIdentity): FoundSandbox {
  for (const path of deps.platform.namespaces.ofProcesses()) {
    const opened = deps.platform.namespaces.open(path);
    // Whoever it was has ended.
    if (!opened.ok) continue;
    const own = ownLinkIn(deps, opened.value, link);
    if (own.ok && own.value.kind === "ours") return { kind: "open", netns: opened.value };
    opened.value.close();
  }
  return { kind: "gone" };
}

function signAmongProcesses(deps: EngineDeps, link: LinkIdentity): string | undefined {
  const found = findAmongProcesses(deps, link);
  if (found.kind === "gone") return undefined;
  found.netns.close();
  return link.mac ?? link.alias;
}

function ownLinkIn(deps: EngineDeps, netns: NetnsHandle, link: LinkIdentity) {
  const opened = openConversation(deps.platform, netns);
  if (!opened.ok) return opened;
  using inside = opened.value;
  return observeOwnLink(inside, link);
}

/** Undefined where nothing is. */
function openPath(deps: EngineDeps, path: string): Result<NetnsHandle | undefined, Problem> {
  if (path === "") return ok(undefined);
  const opened = deps.platform.namespaces.open(path);
  if (opened.ok) return opened;
  if (goneErrnos.has(opened.error.errno)) return ok(undefined);
  return err(callProblem(opened.error, "enter the sandbox"));
}

/** The host's namespace is not ours to close. */
function keptOpen(netns: NetnsHandle): NetnsHandle {
  const close = (): void => undefined;
  return { fd: netns.fd, cookie: netns.cookie, close, [Symbol.dispose]: close };
}

/** Whether a sandbox was of an earlier boot: then everything in it is gone for certain. */
export function isOfEarlierBoot(deps: EngineDeps, sandbox: Sandbox): boolean {
  return !sandbox.id.startsWith(`${deps.platform.process.bootId}/`);
}

/**
 * Two facts before an address is free: no namespace where it was, and no living link. A process may
 * still hold a namespace that has lost its name; the parent then still receives for the link.
 */
export function confirmGone(
  deps: EngineDeps,
  endpoint: Endpoint,
  network: Network,
): Result<void, Problem> {
  const { sandbox } = endpoint;
  if (isOfEarlierBoot(deps, sandbox)) return ok();
  const life = signOfLife(deps, endpoint, network);
  if (!life.ok) return life;
  const sign = life.value;
  if (sign === undefined) return ok();
  return err(sandboxUnreachable({ path: sandbox.path, sign, parent: network.parent }));
}

/** As `confirmGone`, and then takes away what else the endpoint left on this machine. */
export async function endGone(
  deps: EngineDeps,
  endpoint: Endpoint,
  network: Network,
): Promise<Result<void, Problem>> {
  const gone = confirmGone(deps, endpoint, network);
  return gone.ok ? await removeFiles(deps, endpoint) : gone;
}

/** The files that tell of the addresses of an endpoint, whose link is seen to be gone. */
export async function removeFiles(
  { platform }: EngineDeps,
  { allocations, attachment }: Endpoint,
): Promise<Result<void, Problem>> {
  if (allocations === undefined || attachment === undefined) return ok();
  return await removeAllocationFiles(platform, allocations, holderOf(attachment));
}

/** What shows that the link of an endpoint lives although nothing leads to its sandbox. */
export function signOfLife(
  deps: EngineDeps,
  { link, addresses }: Endpoint,
  network: Network,
): Result<string | undefined, Problem> {
  // The parent went with the sandbox, or is where nothing leads to: only processes can tell.
  if (network.parentPlace === "sandbox") return ok(signAmongProcesses(deps, link));
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  return observeLife(deps.platform, host, { link, addresses, network });
}

/** Both sides of a sandbox on a network: the parent may be in the sandbox itself. */
export function openContext(
  deps: EngineDeps,
  { parentPlace }: Pick<Network, "parentPlace">,
  netns: NetnsHandle,
): Result<AttachContext, Problem> {
  const outside = parentPlace === "sandbox" ? netns : deps.hostNamespace;
  return openAttachContext(deps.platform, outside, netns);
}

/** Runs a plan in an open sandbox. */
export async function runInSandbox(
  deps: EngineDeps,
  netns: NetnsHandle,
  plan: readonly Step[],
  permit: Permit,
): Promise<Result<void, Problem>> {
  const opened = openAttachContext(deps.platform, deps.hostNamespace, netns);
  if (!opened.ok) return opened;
  using context = opened.value;
  const done = await runPlan(plan, context, permit);
  return done.ok ? ok() : err(done.error.problem);
}
