/**
 * Which program this is: the command line, a plugin that a container runtime starts, or what stands
 * in for the daemon. A plugin is started once for every container, so it loads nothing that the
 * command line needs.
 */
import { pluginOf, STAND_IN } from "./forward/index.ts";

const { argv, argv0, env } = process;
const args = argv.slice(2);
const plugin = pluginOf({ argv0, args, env });

async function main(): Promise<number> {
  if (plugin !== undefined) return await (await import("./plugin.ts")).runAsPlugin(plugin);
  if (args[0] === STAND_IN) return await (await import("./stand-in.ts")).runAsStandIn(args[1]);
  return await (await import("./command-line.ts")).runCommandLine();
}

// Not a top-level await: Bun compiles those to no bytecode.
main().then((exitCode) => {
  process.exitCode = exitCode;
});
