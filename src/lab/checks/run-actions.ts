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
import { deleteLink, type Request, setLink } from "../../netlink/index.ts";
import { type Action, formatAction, type LinkChange } from "../format/actions.ts";
import type { ActionCheck, Check, ScenarioNic } from "../format/scenario.ts";
import { actionRefused } from "../lab-problems.ts";
import type { CheckReport } from "../report.ts";
import { plugIn } from "../world/build-topology.ts";
import { type HostDoor, hostRole, type Lab, type RunningNode } from "../world/lab.ts";
import { rebootHost } from "../world/open-host.ts";
import { findLink, send } from "../world/requests.ts";
import { waitUntilReady } from "../world/wait-until-ready.ts";
import { advertise } from "./advertise.ts";
import { orReport, report } from "./check-report.ts";
import { forgetNeighbours } from "./forget-neighbours.ts";

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
    case "service":
      return changeService(lab, action);
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
  const door = doorOf(lab, action.container);
  return door === undefined
    ? err(noContainer(action))
    : await door.attach(action.container, action);
}

async function detach(
  lab: Lab,
  action: Extract<Action, { kind: "detach" }>,
): Promise<Result<void, Problem>> {
  const { container, network } = action;
  const door = doorOf(lab, container);
  if (door === undefined) return err(noContainer(action));
  const detached = await door.detach(container, network);
  if (!detached.ok) return detached;
  return detached.value === "detached" ? ok() : err(unfit(action, `${container} is not attached`));
}

/** The door that a container came through; undefined for what is no container. */
function doorOf(lab: Lab, container: string): HostDoor | undefined {
  const { role } = lab.node(container);
  if (role.kind !== "container") return undefined;
  return hostRole(lab, role.host).door;
}

function noContainer(action: Extract<Action, { readonly container: string }>): Problem {
  return unfit(action, `${action.container} is not a container`);
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
  const door = doorOf(lab, action.container);
  if (door === undefined) return err(noContainer(action));
  return await door.change(action.container, action.change);
}

async function changeService(
  lab: Lab,
  action: Extract<Action, { kind: "service" }>,
): Promise<Result<void, Problem>> {
  const { role } = lab.node(action.host);
  if (role.kind !== "host") return err(unfit(action, `${action.host} is not a host`));
  return await role.door.changeService(action.service, action.change);
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
      return role.door.createNetwork(defined(spec, `network ${action.network}`));
    }
    case "remove":
      return role.door.removeNetwork(name.value);
    case "set": {
      const { kind: _, sources, ...rest } = change;
      const wish = { name: name.value, ...rest, ...(sources.length === 0 ? {} : { sources }) };
      return mapResult(await role.engine.updateNetwork(wish), ({ warnings = [] }) => warnings);
    }
    default:
      return unreachable(change);
  }
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
    const forgotten = forgetNeighbours(node, (state) => state !== "permanent" && state !== "noarp");
    if (!forgotten.ok) return forgotten;
  }
  return ok();
}
