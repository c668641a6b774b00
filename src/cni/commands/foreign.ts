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
