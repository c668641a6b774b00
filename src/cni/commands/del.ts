import { ok } from "../../base/index.ts";
import type { SandboxHandle } from "../../engine/index.ts";
import { ipamTypeOf } from "../conf/leave.ts";
import { delegate } from "../ipam/delegate.ts";
import type { AttachmentCall } from "../spec/call.ts";
import {
  type Answer,
  alone,
  type Context,
  inCniWords,
  keyOf,
  openNetnsIfThere,
} from "./context.ts";
import { isAskedOnLink, isForeign } from "./foreign.ts";
import { removeMadeByOthers } from "./made-by-others.ts";

/**
 * Takes the attachment of the call away: the link first, and its addresses when it is gone. What
 * is not there is no error, and the configuration may be broken but for its name.
 */
export async function del(context: Context, call: AttachmentCall): Answer {
  const opened = openNetnsIfThere(context, call);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  return await alone(context, call, () => delAlone(context, call, sandbox));
}

async function delAlone(
  context: Context,
  call: AttachmentCall,
  sandbox: SandboxHandle | undefined,
): Answer {
  const type = ipamTypeOf(call.config);
  const remove = () => removeLink(context, call, sandbox);
  if (!isForeign(context, type)) return await remove();
  const leave = () => tellDel(context, call, type);
  if (!isAskedOnLink(type)) {
    const removed = await remove();
    return removed.ok ? await leave() : removed;
  }
  // What it cannot give back, such as a lease of a server that is away, does not keep the link.
  const left = await leave();
  const removed = await remove();
  return removed.ok ? left : removed;
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

async function tellDel(
  { ports, env, signal }: Context,
  call: AttachmentCall,
  type: string,
): Answer {
  const said = await delegate({ execute: ports.execute, call, env, type }, "DEL", signal);
  return said.ok ? ok("") : said;
}
