import { object, or } from "@optique/core/constructs";
import { attachCommand, detachCommand } from "./attach.ts";
import { cniCommand } from "./cni.ts";
import { daemonCommand } from "./daemon.ts";
import { dockerCommand } from "./docker.ts";
import { endpointCommand } from "./endpoint.ts";
import { globalOptions } from "./global.ts";
import { demoCommand, labCommand } from "./lab.ts";
import { leaseCommand } from "./lease.ts";
import { netCommand } from "./net.ts";
import { reconcileCommand, statusCommand } from "./upkeep.ts";

const commands = {
  demo: demoCommand,
  lab: labCommand,
  net: netCommand,
  attach: attachCommand,
  detach: detachCommand,
  endpoint: endpointCommand,
  lease: leaseCommand,
  status: statusCommand,
  reconcile: reconcileCommand,
  docker: dockerCommand,
  cni: cniCommand,
} as const;

/**
 * The grammar of one command alone, by the first word that is none of an option. It reads what the
 * whole grammar reads, several times faster; what it cannot read, the whole one can tell why.
 */
export function grammarOf(argv: readonly string[]) {
  const name = argv.find((word) => !word.startsWith("-")) ?? "";
  const command = new Map(Object.entries(commands)).get(name);
  return command === undefined ? undefined : object({ command, globals: globalOptions });
}

/** The whole command line: one command, and the global options before or after it. */
export const grammar = object({
  command: or(
    or(demoCommand, labCommand),
    or(netCommand, attachCommand, detachCommand, endpointCommand, leaseCommand),
    or(statusCommand, reconcileCommand, daemonCommand, dockerCommand, cniCommand),
  ),
  globals: globalOptions,
});
