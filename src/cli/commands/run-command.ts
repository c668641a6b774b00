import { type Problem, type Result, unreachable } from "../../base/index.ts";
import type { Command } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import type { Host } from "../ports.ts";
import { runCni } from "./cni.ts";
import { installPlugins } from "./cni-install.ts";
import type { CommandContext } from "./context.ts";
import { serve } from "./daemon.ts";
import { installDocker } from "./docker.ts";
import { attach, detach, inspectEndpoint, listEndpoints } from "./endpoints.ts";
import { runDemo, runLab } from "./labs.ts";
import { listLeases, releaseLease } from "./leases.ts";
import {
  createNetwork,
  inspectNetwork,
  listNetworks,
  removeNetwork,
  updateNetwork,
} from "./networks.ts";
import { reconcile, status } from "./upkeep.ts";

/** Does what the command says. Errors: whatever the engine or the lab meets. */
export async function runCommand(
  command: Command,
  context: CommandContext,
): Promise<Result<Outcome, Problem>> {
  switch (command.kind) {
    case "demo":
      return runDemo(context);
    case "lab-run":
      return runLab(command, context);
    case "daemon":
      return serve(command, context);
    case "docker-install":
    case "docker-uninstall":
      return installDocker(command, context);
    case "cni-install":
    case "cni-uninstall":
      return installPlugins(command, context);
    case "cni-run":
      return runCni(command.request, context);
    default:
      return onHost(command, context);
  }
}

type HostCommand = Exclude<Command, { readonly kind: (typeof hostless)[number] }>;

/** What has nothing to do with this host's networks. */
const hostless = [
  ...(["demo", "lab-run", "daemon", "docker-install", "docker-uninstall"] as const),
  ...(["cni-install", "cni-uninstall", "cni-run"] as const),
] as const;

async function onHost(
  command: HostCommand,
  { ports, globals }: CommandContext,
): Promise<Result<Outcome, Problem>> {
  const opened = await ports.openHost(globals);
  if (!opened.ok) return opened;
  using host = opened.value;
  return await runOnHost(command, host, ports.signal);
}

function runOnHost(
  command: HostCommand,
  host: Host,
  signal: AbortSignal,
): Promise<Result<Outcome, Problem>> {
  switch (command.kind) {
    case "net-create":
      return createNetwork(host.engine, command.spec);
    case "net-ls":
      return listNetworks(host.engine);
    case "net-inspect":
      return inspectNetwork(host.engine, command.name);
    case "net-set":
      return updateNetwork(host.engine, command, signal);
    case "net-rm":
      return removeNetwork(host.engine, command.name, signal);
    case "attach":
      return attach(host, command, signal);
    case "detach":
      return detach(host, command.target, signal);
    case "lease-ls":
      return listLeases(host.engine);
    case "lease-release":
      return releaseLease(host.engine, command);
    case "endpoint-ls":
      return listEndpoints(host.engine);
    case "endpoint-inspect":
      return inspectEndpoint(host.engine, command.id);
    case "status":
      return status(host.engine);
    case "reconcile":
      return command.effect === "none" ? status(host.engine) : reconcile(host.engine);
    default:
      return unreachable(command);
  }
}
