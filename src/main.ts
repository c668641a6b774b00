/**
 * Which program this is: the command line, or a plugin that a container runtime starts. A plugin is
 * started once for every container, so it loads nothing that the command line needs.
 */
import { pluginOf } from "./forward/index.ts";

const { argv, argv0, env } = process;
const plugin = pluginOf({ argv0, args: argv.slice(2), env });

async function main(): Promise<number> {
  if (plugin !== undefined) return await (await import("./plugin.ts")).runAsPlugin(plugin);
  return await (await import("./command-line.ts")).runCommandLine();
}

// Not a top-level await: Bun compiles those to no bytecode.
main().then((exitCode) => {
  process.exitCode = exitCode;
});
