import { object, or } from "@optique/core/constructs";
import { attachCommand, detachCommand } from "./attach.ts";
import { daemonCommand } from "./daemon.ts";
import { endpointCommand } from "./endpoint.ts";
import { globalOptions } from "./global.ts";
import { demoCommand, labCommand } from "./lab.ts";
import { leaseCommand } from "./lease.ts";
import { netCommand } from "./net.ts";
import { reconcileCommand, statusCommand } from "./upkeep.ts";

/** The whole command line: one command, and the global options before or after it. */
export const grammar = object({
  command: or(
    or(demoCommand, labCommand),
    or(netCommand, attachCommand, detachCommand, endpointCommand, leaseCommand),
    or(statusCommand, reconcileCommand, daemonCommand),
  ),
  globals: globalOptions,
});
