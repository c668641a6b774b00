/**
 * The CNI plugins: what a runtime asks is translated into the engine's words, and its answer back.
 * Contract: one call of `runPlugin` is one execution of a plugin, whoever hosts it, and ends in
 * what the specification has for stdout. Nothing heavy may be imported here: it is started once for
 * each container. Must not know Docker, or speak to the kernel.
 */
export { namedDataDir } from "./conf/named-data-dir.ts";
export type { CniPorts, Invocation, Reply } from "./ports.ts";
export { type OpenPorts, runPlugin } from "./run-plugin.ts";
