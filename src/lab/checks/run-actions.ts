import {
  defined,
  err,
  mapResult,
  millis,
  ok,
  type Problem,
  type Result,
  unreachable,
} from "../../base/index.ts";
import { parseIfName, parseNetworkName } from "../../domain/index.ts";
import type { EndpointView, Engine } from "../../engine/index.ts";
import {
  deleteLink,
  deleteNeighbour,
  listNeighbours,
  type Request,
  setLink,
} from "../../netlink/index.ts";
import { type Action, formatAction, type LinkChange } from "../format/actions.ts";
import type { ActionCheck, Check, ScenarioNic } from "../format/scenario.ts";
import { actionRefused, labUnsupported } from "../lab-problems.ts";
import type { CheckReport } from "../report.ts";
import { attachContainer, createScenarioNetwork } from "../world/attach-containers.ts";
import { plugIn } from "../world/build-topology.ts";
import type { HostRole, Lab, RunningNode } from "../world/lab.ts";
import { killContainer, startContainer } from "../world/open-container.ts";
import { rebootHost } from "../world/open-host.ts";
import { findLink, refusedOn, send } from "../world/requests.ts";
import { waitUntilReady } from "../world/wait-until-ready.ts";
import { advertise } from "./advertise.ts";
import { orReport, report } from "./check-report.ts";

/** Link names of containers that the file does not name: eth0, eth1, … */
const CONTAINER_LINK = "eth";

/** Does actions in order. Where a refusal is expected, it is the last one's. */
export async function runActions(
  lab: Lab,
  { actions, expect, code, text }: ActionCheck & Pick<Check, "text">,
): Promise<CheckReport> {
  const expected = code === undefined ? expect : `${expect} ${code}`;
  for (const [index, action] of actions.entries()) {
    const done = await runAction(lab, action);
    const last = index === actions.length - 1;
    if (done.ok && !last) continue;
    if (!done.ok && !(last && expect === "refused")) {
      const failed = orReport(done, `${text}: ${formatAction(action)}`, expected);
      if (!failed.ok) return { ...failed.error, measured: `refused ${done.error.code}` };
    }
    const told = done.ok ? done.value : [done.error];
    const kind = done.ok ? doneWord(expect, told) : "refused";
    const codes = told.map((problem) => problem.code);
    const measured = code === undefined || kind === "done" ? kind : `${kind} ${codes.join(", ")}`;
    const evidence = told.flatMap((problem) => [problem.code, problem.detail]);
    return report({ check: text, expected, measured, evidence, ok: measured === expected });
  }
  return report({ check: text, expected, measured: "done", ok: expect === "done" });
}

/** A warning counts only where one is expected: most of them are beside the point of a scenario. */
function doneWord(expect: ActionCheck["expect"], told: readonly Problem[]): "done" | "warned" {
  return expect === "warned" && told.length > 0 ? "warned" : "done";
}

/** Problems are those that it warned of. */
type Outcome = Result<readonly Problem[], Problem>;

async function runAction(lab: Lab, action: Action): Promise<Outcome> {
  switch (action.kind) {
    case "attach":
      return attach(lab, action);
    case "network":
      return changeNetwork(lab, action);
    case "container":
      return changeContainer(lab, action);
    default:
      return mapResult(await runQuietly(lab, action), () => []);
  }
}

/** The actions that nothing is ever warned of. */
function runQuietly(
  lab: Lab,
  action: Exclude<Action, { readonly kind: "attach" | "network" | "container" }>,
): Promise<Result<void, Problem>> {
  switch (action.kind) {
    case "detach":
      return detach(lab, action);
    case "link":
      return changeLink(lab, action);
    case "host":
      return changeHost(lab, action);
    case "advertise":
      return advertise(lab, action);
    case "daemon":
      return refuseDaemon(action);
    case "run":
      return run(lab, action);
    case "wait":
      return lab.platform.clock.sleep(millis(action.duration), lab.signal).then(() => ok());
    case "flush-neighbours":
      return flush(lab, action);
    default:
      return unreachable(action);
  }
}

async function attach(lab: Lab, action: Extract<Action, { kind: "attach" }>): Promise<Outcome> {
  const found = await findContainer(lab, action);
  if (!found.ok) return found;
  const { engine, container, endpoints } = found.value;
  const taken = endpoints.map(({ endpoint }) => endpoint.ifname as string);
  const names = Array.from({ length: taken.length + 1 }, (_, n) => `${CONTAINER_LINK}${n}`);
  const ifname = names.find((name) => !taken.includes(name)) ?? `${CONTAINER_LINK}0`;
  const attached = await attachContainer(engine, container, { ...action, ifname });
  return mapResult(attached, ({ warnings = [] }) => warnings);
}

async function detach(
  lab: Lab,
  action: Extract<Action, { kind: "detach" }>,
): Promise<Result<void, Problem>> {
  const found = await findContainer(lab, action);
  if (!found.ok) return found;
  const { engine, container, endpoints } = found.value;
  const meant = endpoints.filter(
    ({ network }) => action.network === undefined || action.network === network,
  );
  if (meant.length === 0) return err(unfit(action, `${container.name} is not attached`));
  for (const { endpoint } of meant) {
    const detached = await engine.detach({ kind: "id", id: endpoint.id });
    if (!detached.ok) return detached;
  }
  return ok();
}

/** A container, the engine of its host, and what the engine has in its book for it. */
async function findContainer(
  lab: Lab,
  action: Extract<Action, { kind: "attach" | "detach" | "container" }>,
): Promise<
  Result<
    {
      readonly engine: Engine;
      readonly role: HostRole;
      readonly container: RunningNode;
      readonly endpoints: readonly EndpointView[];
    },
    Problem
  >
> {
  const container = lab.node(action.container);
  const host = container.role.kind === "container" ? lab.node(container.role.host).role : undefined;
  if (host?.kind !== "host") return err(unfit(action, `${container.name} is not a container`));
  const { engine } = host;
  const listed = await engine.listEndpoints();
  if (!listed.ok) return listed;
  const endpoints = listed.value.filter(({ endpoint }) => endpoint.workload === container.name);
  return ok({ engine, role: host, container, endpoints });
}

function unfit(action: Action, reason: string): Problem {
  return actionRefused({ action: formatAction(action), reason });
}

async function changeLink(
  lab: Lab,
  { link: name, node: on, change }: Extract<Action, { kind: "link" }>,
): Promise<Result<void, Problem>> {
  const node = lab.node(on);
  const checked = parseIfName(name);
  if (!checked.ok) return checked;
  if (change.kind === "plug") return await plugAgain(lab, node, name);
  const link = findLink(node, name);
  if (!link.ok) return link;
  return send(node, [linkRequest({ ifindex: link.value.ifindex, name }, change)]);
}

function linkRequest(
  link: { readonly ifindex: number; readonly name: string },
  change: Exclude<LinkChange, { readonly kind: "plug" }>,
): Request {
  switch (change.kind) {
    case "up":
    case "down":
      return setLink({ link, state: change.kind });
    case "delete":
      return deleteLink(link);
    case "mtu":
      return setLink({ link, mtu: change.mtu });
    default:
      return unreachable(change);
  }
}

/** A NIC whose link is gone gets a new wire, with the MAC and the addresses of the file. */
async function plugAgain(
  lab: Lab,
  node: RunningNode,
  name: string,
): Promise<Result<void, Problem>> {
  const nic = defined(
    nicsOf(node).find((one) => one.name === name),
    `NIC ${name}`,
  );
  const plugged = plugIn(lab, node, nic);
  return plugged.ok ? await waitUntilReady(lab) : plugged;
}

function nicsOf({ role }: RunningNode): readonly ScenarioNic[] {
  if (role.kind === "host") return role.spec.nics;
  return role.kind === "machine" ? [role.nic] : [];
}

/** A container goes, or comes as the file says. */
async function changeContainer(
  lab: Lab,
  action: Extract<Action, { kind: "container" }>,
): Promise<Outcome> {
  const found = await findContainer(lab, action);
  if (!found.ok) return found;
  const { role, container } = found.value;
  if (action.change === "start") return startContainer(lab, role, container.name);
  return mapResult(await killContainer(lab, role, container.name), () => []);
}

async function changeHost(
  lab: Lab,
  action: Extract<Action, { kind: "host" }>,
): Promise<Result<void, Problem>> {
  const node = lab.node(action.host);
  const { role } = node;
  if (role.kind !== "host") return err(unfit(action, `${action.host} is not a host`));
  if (action.change === "reboot") return await rebootHost(lab, node, role);
  const acted = await role.engine.reconcile();
  if (!acted.ok) return acted;
  const failed = acted.value.find(({ problem }) => problem !== undefined)?.problem;
  return failed === undefined ? ok() : err(failed);
}

async function changeNetwork(
  lab: Lab,
  action: Extract<Action, { kind: "network" }>,
): Promise<Outcome> {
  const { role } = lab.node(action.host);
  const name = parseNetworkName(action.network);
  if (!name.ok) return name;
  if (role.kind !== "host") return err(unfit(action, `${action.host} is not a host`));
  const { change } = action;
  switch (change.kind) {
    case "create": {
      const { networks } = role.spec;
      const spec = networks.find((network) => network.name === action.network);
      return createScenarioNetwork(role.engine, defined(spec, `network ${action.network}`));
    }
    case "remove":
      return mapResult(await role.engine.removeNetwork(name.value), () => []);
    case "set": {
      const { kind: _, sources, ...rest } = change;
      const wish = { name: name.value, ...rest, ...(sources.length === 0 ? {} : { sources }) };
      return mapResult(await role.engine.updateNetwork(wish), ({ warnings = [] }) => warnings);
    }
    default:
      return unreachable(change);
  }
}

async function refuseDaemon(
  action: Extract<Action, { kind: "daemon" }>,
): Promise<Result<void, Problem>> {
  return err(labUnsupported({ what: `a daemon in a lab ("${formatAction(action)}")` }));
}

async function run(
  lab: Lab,
  { command, node }: Extract<Action, { kind: "run" }>,
): Promise<Result<void, Problem>> {
  const ran = await lab.node(node).keeper.run(command);
  return ran.ok ? ok() : ran;
}

/** Forgets what was learned; what was set by hand stays, as with `ip neigh flush all`. */
async function flush(
  lab: Lab,
  { node: only }: Extract<Action, { kind: "flush-neighbours" }>,
): Promise<Result<void, Problem>> {
  const nodes = only === undefined ? [...lab.nodes.values()] : [lab.node(only)];
  for (const node of nodes) {
    const neighbours = node.link.dump(listNeighbours());
    if (!neighbours.ok) return err(refusedOn(node.name, neighbours.error));
    const learned = neighbours.value.filter(
      ({ states }) => !states.includes("permanent") && !states.includes("noarp"),
    );
    const requests = learned.map(({ ip, ifindex }) => deleteNeighbour({ ip, link: { ifindex } }));
    for (const answer of node.link.execute(requests)) {
      // ENOENT: the kernel dropped the entry meanwhile.
      if (!answer.ok && answer.error.errno !== "ENOENT") {
        return err(refusedOn(node.name, answer.error));
      }
    }
  }
  return ok();
}
