import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { Scenario, ScenarioHost } from "../format/scenario.ts";
import { labUnsupported } from "../lab-problems.ts";
import { buildSwitch, plugIn, setUpNode } from "./build-topology.ts";
import { emptyLab } from "./empty-lab.ts";
import type { HostDoor, Lab } from "./lab.ts";
import { serveNames } from "./name-server.ts";
import { openContainer } from "./open-container.ts";
import { openHost } from "./open-host.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

/** Builds a scenario's world and waits until the kernel says that it is up. */
export async function openLab(
  platform: Platform,
  scenario: Scenario,
  { signal, doorOf }: LabParts,
): Promise<Result<Lab, Problem>> {
  const lab = emptyLab(platform, signal);
  const built = await build(lab, scenario, doorOf);
  if (built.ok) return ok(lab);
  await lab[Symbol.asyncDispose]();
  return err(built.error);
}

/** What a lab is opened with. */
export interface LabParts {
  readonly signal: AbortSignal;
  /** The door that the containers of a host come through. */
  readonly doorOf: DoorOf;
}

type DoorOf = (lab: Lab, host: ScenarioHost) => HostDoor;

async function build(lab: Lab, scenario: Scenario, doorOf: DoorOf): Promise<Result<void, Problem>> {
  const wired = buildWires(lab, scenario, doorOf);
  if (!wired.ok) return wired;
  // Networks look at their parents, so those must be up first.
  const ready = await waitUntilReady(lab);
  if (!ready.ok) return ready;
  for (const machine of scenario.machines) {
    const done = await setUpNode(lab.platform, lab.node(machine.name), machine);
    if (!done.ok) return done;
    const served = serveNames(lab, lab.node(machine.name), machine.names);
    if (!served.ok) return served;
  }
  for (const host of scenario.hosts) {
    const done = await populateHost(lab, host);
    if (!done.ok) return done;
  }
  return waitUntilReady(lab);
}

/** Every namespace but the containers', and the wires between them. */
function buildWires(
  lab: Lab,
  { switches, machines, hosts }: Scenario,
  doorOf: DoorOf,
): Result<void, Problem> {
  for (const spec of switches) {
    const built = buildSwitch(lab, spec);
    if (!built.ok) return built;
  }
  for (const spec of machines) {
    const { nic } = spec;
    if (spec.dhcp !== undefined) {
      return err(labUnsupported({ what: `a DHCP server on a machine (${spec.name})` }));
    }
    const node = lab.open(spec.name, () => ({ kind: "machine", setup: spec, nic }));
    if (!node.ok) return node;
    const plugged = plugIn(lab, node.value, nic);
    if (!plugged.ok) return plugged;
  }
  for (const spec of hosts) {
    const node = openHost(lab, spec, doorOf(lab, spec));
    if (!node.ok) return node;
  }
  return ok();
}

/** What the file says of a host, its networks and its containers. */
async function populateHost(lab: Lab, host: ScenarioHost): Promise<Result<void, Problem>> {
  const node = lab.node(host.name);
  const done = await setUpNode(lab.platform, node, host);
  if (!done.ok) return done;
  if (node.role.kind !== "host") return ok();
  const { door } = node.role;
  const opened = await door.open(node, node.role);
  if (!opened.ok) return opened;
  for (const network of host.networks.filter(({ create }) => create === "start")) {
    const created = await door.createNetwork(network);
    if (!created.ok) return created;
  }
  for (const container of host.containers) {
    const empty = openContainer(lab, host.name, container);
    if (!empty.ok) return empty;
    const started = await door.change(container.name, "start");
    if (!started.ok) return started;
  }
  return ok();
}
