import type { Mac } from "../../addr/index.ts";
import { defined, err, ok, type Problem, type Result } from "../../base/index.ts";
import { listLinks } from "../../netlink/index.ts";
import type { ScenarioContainer } from "../format/scenario.ts";
import { attachContainer } from "./attach-containers.ts";
import { runAll, writeSysctls } from "./build-topology.ts";
import type { HostRole, Lab, RunningNode } from "./lab.ts";
import { refusedOn } from "./requests.ts";
import { waitUntilForgotten } from "./wait-until-ready.ts";

/** A container's namespace, with nothing in it yet. */
export function openContainer(
  lab: Lab,
  host: string,
  spec: ScenarioContainer,
): Result<RunningNode, Problem> {
  const node = lab.open(spec.name, () => ({ kind: "container", host }));
  if (!node.ok) return node;
  const written = writeSysctls(lab.platform, node.value, spec.sysctls);
  return written.ok ? node : written;
}

/** Attaches a container to its networks and runs its commands; returns what was warned of. */
export async function startContainer(
  lab: Lab,
  role: HostRole,
  name: string,
): Promise<Result<readonly Problem[], Problem>> {
  const { networks, run } = specOf(role, name);
  const node = lab.node(name);
  const warnings: Problem[] = [];
  for (const attachment of networks) {
    const attached = await attachContainer(role.engine, node, attachment);
    if (!attached.ok) return attached;
    warnings.push(...(attached.value.warnings ?? []));
  }
  const ran = await runAll(node, run);
  return ran.ok ? ok(warnings) : ran;
}

/**
 * A container's processes and its namespace are gone, and nobody told the engine. What comes next
 * under this name finds an empty namespace.
 */
export async function killContainer(
  lab: Lab,
  role: HostRole,
  name: string,
): Promise<Result<void, Problem>> {
  const macs = macsOf(lab.node(name));
  if (!macs.ok) return macs;
  lab.close(name);
  const opened = openContainer(lab, role.spec.name, specOf(role, name));
  if (!opened.ok) return opened;
  // The kernel takes a namespace down some time after its last user has left.
  return await waitUntilForgotten(lab, lab.node(role.spec.name), macs.value);
}

function specOf({ spec }: HostRole, name: string): ScenarioContainer {
  return defined(
    spec.containers.find((container) => container.name === name),
    `container ${name}`,
  );
}

function macsOf(node: RunningNode): Result<ReadonlySet<Mac>, Problem> {
  const links = node.link.dump(listLinks());
  if (!links.ok) return err(refusedOn(node.name, links.error));
  const macs = links.value.filter(({ name }) => name !== "lo").flatMap(({ mac }) => mac ?? []);
  return ok(new Set(macs));
}
