import { CniCode, type Problem, type Result } from "./base/index.ts";
import type { LocalEngine } from "./engine/index.ts";
import { errorReply, type PluginRunner } from "./forward/index.ts";
import type { Machine } from "./machine.ts";

/** What the plugins work on; opened only by a call that needs it. */
export type PluginGround = () => Promise<
  Result<Machine & { readonly engine: LocalEngine }, Problem>
>;

/** Does the calls of CNI plugins on an engine of this process. */
export async function pluginRunner(_ground: PluginGround): Promise<PluginRunner> {
  return async ({ plugin }) =>
    errorReply(CniCode.refused, `This version of Landfall has no plugin ${plugin} yet.`);
}
