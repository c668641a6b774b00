import { ok } from "../../base/index.ts";
import type { SandboxHandle } from "../../engine/index.ts";
import { ipamTypeOf } from "../conf/leave.ts";
import type { AttachmentCall } from "../spec/call.ts";
import {
  type Answer,
  alone,
  type Context,
  inCniWords,
  keyOf,
  openNetnsIfThere,
} from "./context.ts";
import { isForeign, removeAndLeave, tellDel } from "./foreign.ts";
import { removeMadeByOthers } from "./made-by-others.ts";

/**
 * Takes the attachment of the call away: the link first, and its addresses when it is gone. What
 * is not there is no error, and the configuration may be broken but for its name.
 */
export async function del(context: Context, call: AttachmentCall): Answer {
  const opened = openNetnsIfThere(context, call);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  return await alone(context, keyOf(call), () => delAlone(context, call, sandbox));
}

async function delAlone(
  context: Context,
  call: AttachmentCall,
  sandbox: SandboxHandle | undefined,
): Answer {
  const type = ipamTypeOf(call.config);
  const remove = () => removeLink(context, call, sandbox);
  if (!isForeign(context, type)) return await remove();
  return await removeAndLeave(type, { remove, leave: () => tellDel(context, call, type) });
}

async function removeLink(
  context: Context,
  call: AttachmentCall,
  sandbox: SandboxHandle | undefined,
): Answer {
  const { ports, signal } = context;
  const where = call.netns === undefined ? {} : { sandboxPath: call.netns };
  const removed = await ports.attachments.remove(keyOf(call), { ...where, signal });
  if (!removed.ok) return inCniWords(removed);
  if (removed.value === undefined) {
    const others = await removeMadeByOthers(context, call, sandbox);
    if (!others.ok) return others;
  }
  return ok("");
}
