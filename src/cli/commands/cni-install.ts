import { resolve } from "node:path";
import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { CniInstallCommand } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandContext } from "./context.ts";

/** Puts plugins in place, or takes them away. Errors: the installation's. */
export async function installPlugins(
  { kind, ...request }: CniInstallCommand,
  { ports, globals }: CommandContext,
): Promise<Result<Outcome, Problem>> {
  // A runtime starts the plugins wherever it happens to be.
  const directories = {
    runDirectory: resolve(globals.runDirectory),
    stateDirectory: resolve(globals.stateDirectory),
  };
  const { cni } = ports;
  const wish = { ...request, directories };
  const done = await (kind === "cni-install" ? cni.install(wish) : cni.uninstall(wish));
  return mapResult(done, (report) => ({ kind: "install", report }));
}
