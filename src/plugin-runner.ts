import { mapResult, type Problem, type Result } from "./base/index.ts";
import { runPlugin } from "./cni/index.ts";
import { pluginExecutor } from "./cnirun/index.ts";
import type { LocalEngine } from "./engine/index.ts";
import type { PluginRunner } from "./forward/index.ts";
import type { Machine } from "./machine.ts";

/** What the plugins work on; opened only by a call that needs it. */
export type PluginGround = () => Promise<
  Result<Omit<Machine, typeof Symbol.dispose> & { readonly engine: LocalEngine }, Problem>
>;

/** Does the calls of CNI plugins on an engine of this process. */
export function pluginRunner(ground: PluginGround): PluginRunner {
  const open = async () =>
    mapResult(await ground(), ({ platform, home, engine }) => ({
      ...{ platform, hostNamespace: home, execute: pluginExecutor() },
      ...{ attachments: engine.attachments, facts: engine.facts },
    }));
  return (call, signal) => runPlugin(open, call, signal);
}
