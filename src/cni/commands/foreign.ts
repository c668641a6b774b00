import type { Context } from "./context.ts";

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
