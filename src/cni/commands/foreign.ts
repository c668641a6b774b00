import { ok } from "../../base/index.ts";
import { delegate } from "../ipam/delegate.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import type { Answer, Context } from "./context.ts";

/** IPAM plugins that are served here, without another process. */
const ownIpam: readonly string[] = ["host-local", "static"];

/** Whether a configuration's IPAM plugin is another's, which has a part in each call. */
export function isForeign(
  { plugin }: Pick<Context, "plugin">,
  type: string | undefined,
): type is string {
  return plugin !== "landfall" && type !== undefined && !ownIpam.includes(type);
}

/** They send from the link itself, so it is there for as long as they have a part. */
const askedOnLink: readonly string[] = ["dhcp"];

/** Whether an IPAM plugin is asked when the link is made, and told DEL before it is deleted. */
export function isAskedOnLink(type: string): boolean {
  return askedOnLink.includes(type);
}

/** Tells an IPAM plugin DEL of the container and link that the context's environment names. */
export async function tellDel(
  { ports, env, signal }: Pick<Context, "ports" | "env" | "signal">,
  call: AttachmentCall | NetworkCall,
  type: string,
): Answer {
  const said = await delegate({ execute: ports.execute, call, env, type }, "DEL", signal);
  return said.ok ? ok("") : said;
}

/** The two halves of taking an attachment away. */
interface Halves {
  readonly remove: () => Answer;
  /** Tells the IPAM plugin DEL. */
  readonly leave: () => Answer;
}

/**
 * Takes away the link, and then its addresses: an address in use is given to nobody. Who sends from
 * the link itself is told first, and what it cannot give back, such as a lease of a server that is
 * away, does not keep the link.
 */
export async function removeAndLeave(type: string, { remove, leave }: Halves): Answer {
  if (!isAskedOnLink(type)) {
    const removed = await remove();
    return removed.ok ? await leave() : removed;
  }
  const left = await leave();
  const removed = await remove();
  return removed.ok ? left : removed;
}
