import { err, ok, type Result } from "../../base/index.ts";
import type { AttachmentKey } from "../../domain/index.ts";
import { ipamTypeOf } from "../conf/leave.ts";
import { delegate } from "../ipam/delegate.ts";
import { decodeAttachments } from "../spec/attachment-list.ts";
import type { NetworkCall } from "../spec/call.ts";
import { type CniError, cniErrorOf } from "../spec/error.ts";
import { collectFiles, validity } from "./collect-files.ts";
import { type Answer, type Context, inCniWords } from "./context.ts";
import { isForeign } from "./foreign.ts";

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
  for (const { key } of listed.value.filter((view) => !isValid(view.key))) {
    const removed = await removeStale(context, key);
    if (!removed.ok) failures.push(cniErrorOf(removed.error));
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

async function removeStale({ ports, signal }: Context, key: AttachmentKey) {
  return ports.attachments.exclusively(key, signal, () =>
    ports.attachments.remove(key, { signal }),
  );
}

async function collectForeign(context: Context, call: NetworkCall): Promise<readonly CniError[]> {
  const { ports, env, signal } = context;
  const type = ipamTypeOf(call.config);
  if (!isForeign(context, type)) return [];
  const said = await delegate({ execute: ports.execute, call, env, type }, "GC", signal);
  return said.ok ? [] : [said.error];
}
