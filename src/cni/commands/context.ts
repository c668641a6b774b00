import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { type AttachmentKey, sandboxMissing, sandboxNotNetns } from "../../domain/index.ts";
import { type OpenSandbox, openSandbox } from "../../engine/index.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import type { CniPorts } from "../ports.ts";
import type { AttachmentCall } from "../spec/call.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";

/** One execution of a plugin that works on links. */
export interface Context {
  readonly ports: CniPorts;
  readonly plugin: PluginConfig["kind"];
  readonly env: Readonly<Record<string, string>>;
  /** Fires when whoever asked goes away. */
  readonly signal: AbortSignal;
}

/** What the command answers on stdout. */
export type Answer = Promise<Result<string, CniError>>;

/** What the engine calls the attachment of a call. */
export function keyOf({ config, containerId, ifname }: AttachmentCall): AttachmentKey {
  return { network: config.name, containerId, ifname };
}

/** An answer of the engine's in the words of the specification. */
export function inCniWords<T>(result: Result<T, Problem>): Result<T, CniError> {
  return result.ok ? result : err(cniErrorOf(result.error));
}

/** Does `work` while nobody else does anything about the attachment. */
export async function alone<T>(
  { ports, signal }: Context,
  key: AttachmentKey,
  work: () => Promise<Result<T, CniError>>,
): Promise<Result<T, CniError>> {
  const done = await ports.attachments.exclusively(key, signal, async () => ok(await work()));
  return done.ok ? done.value : err(cniErrorOf(done.error));
}

/** The namespace of an ADD or CHECK. */
export function openNetns(context: Context, call: AttachmentCall): Result<OpenSandbox, CniError> {
  const opened = openPath(context, call.netns ?? "");
  return opened.ok ? refuseOwn(context, call, opened.value) : inCniWords(opened);
}

/** The namespace of a DEL; undefined where it is gone, or was never told. */
export function openNetnsIfThere(
  context: Context,
  call: AttachmentCall,
): Result<OpenSandbox | undefined, CniError> {
  if (call.netns === undefined) return ok(undefined);
  const opened = openPath(context, call.netns);
  if (opened.ok) return refuseOwn(context, call, opened.value);
  return goneCodes.includes(opened.error.code) ? ok(undefined) : inCniWords(opened);
}

/** Whether no namespace is at a path any more. */
export function leadsNowhere(context: Context, path: string): boolean {
  const opened = openPath(context, path);
  if (!opened.ok) return goneCodes.includes(opened.error.code);
  opened.value[Symbol.dispose]();
  return false;
}

/** A path that leads nowhere, or to the plain file that a named namespace was mounted on. */
const goneCodes: readonly string[] = [sandboxMissing.code, sandboxNotNetns.code];

function openPath({ ports }: Context, netns: string) {
  return openSandbox((path) => ports.platform.namespaces.open(path), netns);
}

/** Refuses the namespace that the plugin itself is in, unless the call allows it. */
function refuseOwn(
  { ports }: Context,
  { ownNetns, netns }: AttachmentCall,
  sandbox: OpenSandbox,
): Result<OpenSandbox, CniError> {
  const isOwn = sandbox.netns.cookie === ports.hostNamespace.cookie;
  if (!isOwn || ownNetns === "allowed") return ok(sandbox);
  sandbox[Symbol.dispose]();
  const msg = "plugin's netns and netns from CNI_NETNS should not be the same";
  return err(cniError("invalidNamespace", msg, `CNI_NETNS is ${netns}`));
}
