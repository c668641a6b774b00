import { defined, err, ok, type Problem, type Result } from "../../base/index.ts";
import type { StoreSalt, StoreUuid } from "../../domain/index.ts";
import { openEngine } from "../../engine/index.ts";
import type { NetnsHandle, Platform } from "../../platform/index.ts";
import { memoryStore } from "../../store/index.ts";
import type { Scenario, ScenarioContainer, ScenarioHost, ScenarioNic } from "../format/scenario.ts";
import { labUnsupported } from "../lab-problems.ts";
import { attachContainer, createScenarioNetwork } from "./attach-containers.ts";
import {
  buildSwitch,
  ifindexes,
  plugIn,
  runAll,
  setUpNode,
  writeSysctls,
} from "./build-topology.ts";
import { emptyLab } from "./empty-lab.ts";
import type { Lab, RunningNode } from "./lab.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

/** Builds a scenario's world and waits until the kernel says that it is up. */
export async function openLab(
  platform: Platform,
  scenario: Scenario,
  signal: AbortSignal,
): Promise<Result<Lab, Problem>> {
  const lab = emptyLab(platform, signal);
  const built = await build(lab, scenario);
  if (built.ok) return ok(lab);
  lab[Symbol.dispose]();
  return err(built.error);
}

async function build(lab: Lab, scenario: Scenario): Promise<Result<void, Problem>> {
  const wired = buildWires(lab, scenario);
  if (!wired.ok) return wired;
  // Networks look at their parents, so those must be up first.
  const ready = await waitUntilReady(lab);
  if (!ready.ok) return ready;
  for (const machine of scenario.machines) {
    const done = await setUpNode(lab.platform, lab.node(machine.name), machine);
    if (!done.ok) return done;
  }
  for (const host of scenario.hosts) {
    const done = await openHost(lab, host);
    if (!done.ok) return done;
  }
  return waitUntilReady(lab);
}

/** Every namespace but the containers', and the wires between them. */
function buildWires(lab: Lab, { switches, machines, hosts }: Scenario): Result<void, Problem> {
  const next = ifindexes();
  const bridges = new Map<string, number>();
  for (const spec of switches) {
    const bridge = buildSwitch(lab, spec, next);
    if (!bridge.ok) return bridge;
    bridges.set(spec.name, bridge.value);
  }
  const plug = (node: RunningNode, nic: ScenarioNic): Result<void, Problem> => {
    const spec = defined(
      switches.find(({ name }) => name === nic.switch),
      nic.switch,
    );
    const port = defined(
      spec.ports.find(({ name }) => name === nic.port),
      nic.port,
    );
    const bridge = defined(bridges.get(nic.switch), `bridge of ${nic.switch}`);
    return plugIn(node, nic, { socket: { node: lab.node(nic.switch), bridge, port }, next });
  };
  for (const spec of machines) {
    const { nic } = spec;
    if (spec.dhcp !== undefined) {
      return err(labUnsupported({ what: `a DHCP server on a machine (${spec.name})` }));
    }
    const node = lab.open(spec.name, () => ({ kind: "machine", setup: spec, nic }));
    if (!node.ok) return node;
    const plugged = plug(node.value, nic);
    if (!plugged.ok) return plugged;
  }
  for (const spec of hosts) {
    const node = lab.open(spec.name, (netns) => hostRole(lab.platform, spec, netns));
    if (!node.ok) return node;
    for (const nic of spec.nics) {
      const plugged = plug(node.value, nic);
      if (!plugged.ok) return plugged;
    }
  }
  return ok();
}

/** A host has an engine of its own, with its own namespace and store, as a real one has. */
function hostRole(platform: Platform, spec: ScenarioHost, hostNamespace: NetnsHandle) {
  const uuid = crypto.randomUUID() as string as StoreUuid;
  const salt = platform.random.bytes(16).toHex() as StoreSalt;
  const engine = openEngine({ platform, hostNamespace, store: memoryStore({ uuid, salt }) });
  return { kind: "host", spec, engine } as const;
}

async function openHost(lab: Lab, host: ScenarioHost): Promise<Result<void, Problem>> {
  const node = lab.node(host.name);
  const done = await setUpNode(lab.platform, node, host);
  if (!done.ok) return done;
  if (node.role.kind !== "host") return ok();
  for (const network of host.networks.filter(({ create }) => create === "start")) {
    const created = await createScenarioNetwork(node.role.engine, network);
    if (!created.ok) return created;
  }
  for (const container of host.containers) {
    const opened = await openContainer(lab, node, container);
    if (!opened.ok) return opened;
  }
  return ok();
}

async function openContainer(
  lab: Lab,
  host: RunningNode,
  spec: ScenarioContainer,
): Promise<Result<void, Problem>> {
  const node = lab.open(spec.name, () => ({ kind: "container", host: host.name }));
  if (!node.ok) return node;
  const written = writeSysctls(lab.platform, node.value, spec.sysctls);
  if (!written.ok) return written;
  if (host.role.kind !== "host") return ok();
  for (const attachment of spec.networks) {
    const attached = await attachContainer(host.role.engine, node.value, attachment);
    if (!attached.ok) return attached;
  }
  return runAll(node.value, spec.run);
}
