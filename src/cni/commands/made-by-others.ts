import { ok, type Result } from "../../base/index.ts";
import type { SandboxHandle } from "../../engine/index.ts";
import { hostLocalDirectory, ipamTypeOf } from "../conf/leave.ts";
import { folderError } from "../ipam/allocate.ts";
import { allocationsOf, removeAllocations, scanAllocations } from "../ipam/allocation-folder.ts";
import { type Folder, folderAt } from "../ipam/folder-files.ts";
import type { AttachmentCall } from "../spec/call.ts";
import { decodeResult } from "../spec/decode-result.ts";
import { type CniError, cniErrorOf } from "../spec/error.ts";
import { member } from "../spec/json.ts";
import { type Context, inCniWords, keyOf } from "./context.ts";

/**
 * An attachment that is not in the book: other plugins made it, before ours took their place, or
 * the book is lost. Its link goes only where something says that it is this attachment's, because
 * a DEL also follows an ADD that was refused for the sake of a link of that name.
 */
export async function removeMadeByOthers(
  context: Context,
  call: AttachmentCall,
  sandbox: SandboxHandle | undefined,
): Promise<Result<void, CniError>> {
  const { attachments, facts } = context.ports;
  const folder = folderOf(context, call);
  const files = folder === undefined ? ok([]) : await scanAllocations(folder);
  if (!files.ok && folder !== undefined)
    return { ok: false, error: folderError(folder, files.error) };
  const own = files.ok ? allocationsOf(files.value, call) : [];
  if (sandbox !== undefined) {
    const isMeant = own.length > 0 || (await isInResult(context, call, sandbox));
    const removed = isMeant ? await facts.removeUnrecorded(sandbox, call.ifname) : ok();
    if (!removed.ok) return inCniWords(removed);
  }
  const ended = await attachments.unhold(keyOf(call));
  if (!ended.ok) return { ok: false, error: cniErrorOf(ended.error) };
  if (folder === undefined || own.length === 0) return ok();
  const gone = await removeAllocations(folder, context.signal, (all) => allocationsOf(all, call));
  return gone.ok ? ok() : { ok: false, error: folderError(folder, gone.error) };
}

function folderOf({ ports }: Context, { config }: AttachmentCall): Folder | undefined {
  const directory = ipamTypeOf(config) === "host-local" ? hostLocalDirectory(config) : undefined;
  return directory === undefined ? undefined : folderAt(ports.platform, directory);
}

/** Whether the runtime's own record has a link of that name and MAC in a namespace. */
async function isInResult(
  { ports }: Context,
  { config, ifname }: AttachmentCall,
  sandbox: SandboxHandle,
): Promise<boolean> {
  const previous = member(config.object, "prevResult");
  if (previous === undefined) return false;
  const result = decodeResult(previous, config.version, "prevResult");
  if (!result.ok) return false;
  const link = await ports.facts.observe(sandbox, ifname);
  const mac = link.ok ? link.value?.mac : undefined;
  return result.value.interfaces.some(
    (one) => one.name === ifname && one.sandbox !== undefined && one.mac?.toLowerCase() === mac,
  );
}
