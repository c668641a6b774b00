import { err, mapResult, ok, type Result } from "../../base/index.ts";
import { formatAttachment } from "../../domain/index.ts";
import type { AttachmentView } from "../../engine/index.ts";
import { ipamTypeOf } from "../conf/leave.ts";
import { delegate } from "../ipam/delegate.ts";
import { decodeAttachments } from "../spec/attachment-list.ts";
import type { NetworkCall } from "../spec/call.ts";
import type { CniError } from "../spec/error.ts";
import { collectFiles, validity } from "./collect-files.ts";
import { type Answer, alone, type Context, inCniWords, leadsNowhere } from "./context.ts";
import { isForeign, removeAndLeave, tellDel } from "./foreign.ts";

/**
 * Takes away every attachment of the configuration that the runtime does not call valid. One that
 * cannot be taken away does not keep the others; all that went wrong is told.
 */
export async function gc(context: Context, call: NetworkCall): Answer {
  const valid = decodeAttachments(call.config);
  if (!valid.ok) return valid;
  const { ports, signal } = context;
  const listed = await ports.attachments.list(call.config.name);
  if (!listed.ok) return inCniWords(listed);
  const isValid = validity(valid.value);
  const failures: CniError[] = [];
  for (const view of listed.value.filter(({ key }) => !isValid(key))) {
    const removed = await removeStale(context, call, view);
    if (!removed.ok) failures.push(removed.error);
  }
  failures.push(...(await collectFiles(context.ports, call, { signal, isValid })));
  failures.push(...(await collectForeign(context, call)));
  return answerOf(failures);
}

/** Nothing, or the first failure with the others behind it. */
export function answerOf([first, ...others]: readonly CniError[]): Result<string, CniError> {
  if (first === undefined) return ok("");
  if (others.length === 0) return err(first);
  const msgs = others.map(({ msg }) => msg).join("; ");
  return err({ ...first, details: `${first.details ?? ""} Also: ${msgs}`.trim() });
}

/** As the DEL would that never comes. */
async function removeStale(context: Context, call: NetworkCall, view: AttachmentView): Answer {
  const { ports, signal } = context;
  const type = ipamTypeOf(call.config);
  const remove = async () =>
    mapResult(inCniWords(await ports.attachments.remove(view.key, { signal })), () => "");
  return await alone(context, view.key, async () => {
    if (!isForeign(context, type)) return await remove();
    const leave = async () => {
      const told = await tellDel(inNameOf(context, view), call, type);
      return told.ok ? told : err(withWhose(told.error, view));
    };
    const isGone = leadsNowhere(context, view.endpoint.sandbox.path);
    if (!isGone) return await removeAndLeave(type, { remove, leave });
    // Nothing of it is in use. It stays in the book, and so in the next GC, until they are back.
    const left = await leave();
    return left.ok ? await remove() : left;
  });
}

/** Its own words do not say which of many it was asked about. */
function withWhose({ code, msg, details }: CniError, { key }: AttachmentView): CniError {
  const said = `The addresses of ${formatAttachment(key)} were not taken back: ${msg}`;
  return { code, msg: said, ...(details === undefined ? {} : { details }) };
}

/** What a plugin is told of an attachment. A GC has none: those variables are empty or absent. */
function inNameOf(context: Context, { key, endpoint }: AttachmentView): Context {
  const { containerId, ifname } = key;
  const env = { CNI_CONTAINERID: containerId, CNI_IFNAME: ifname };
  return { ...context, env: { ...context.env, ...env, CNI_NETNS: endpoint.sandbox.path } };
}

/** What it gave to containers that the book knows nothing of, if it knows GC. */
async function collectForeign(context: Context, call: NetworkCall): Promise<readonly CniError[]> {
  const { ports, env, signal } = context;
  const type = ipamTypeOf(call.config);
  if (!isForeign(context, type)) return [];
  const said = await delegate({ execute: ports.execute, call, env, type }, "GC", signal);
  return said.ok ? [] : [said.error];
}
