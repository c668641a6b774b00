import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { Action } from "./actions.ts";
import { resolveCheck } from "./resolve-checks.ts";
import { featuresOf } from "./resolve-network.ts";
import { resolveTopology } from "./resolve-topology.ts";
import type { KernelFeature, Scenario, ScenarioNetwork, Topology } from "./scenario.ts";
import { scenarioInvalid } from "./scenario-problems.ts";
import { type ScenarioDraft, scenarioSchema } from "./scenario-schema.ts";
import {
  type Mistake,
  type Path,
  type PlacedMistake,
  readSource,
  type ScenarioSource,
} from "./scenario-source.ts";
import { schemaMistakes } from "./schema-mistakes.ts";

/**
 * Reads a scenario file; `file` is its name for messages. What comes back needs no further checks:
 * names lead somewhere, defaults are filled in. LF-SCENARIO-INVALID lists every mistake found.
 */
export function parseScenario(text: string, file: string): Result<Scenario, Problem> {
  const source = readSource(text);
  if (!source.ok) return err(problem(file, source.error));
  const { value, place } = source.value;
  const parsed = scenarioSchema.safeParse(value, { reportInput: true });
  const refused = parsed.success ? [] : schemaMistakes(parsed.error.issues);
  const draft = parsed.success ? parsed.data : draftWithout(value, refused);
  if (draft === undefined) return err(problem(file, refused.map(place)));
  const dangling: Mistake[] = [];
  const scenario = resolveScenario(declareAttached(draft), source.value, (path, message) => {
    // What was refused is not in the draft; what seems wrong above it may only be its absence.
    if (!refused.some((mistake) => leadsInto(mistake.path, path))) {
      dangling.push({ path, at: "value", message });
    }
  });
  const mistakes = [...refused, ...dangling];
  return mistakes.length === 0 ? ok(scenario) : err(problem(file, mistakes.map(place)));
}

function leadsInto(path: Path, holder: Path): boolean {
  return holder.every((step, index) => step === path[index]);
}

function problem(file: string, mistakes: readonly PlacedMistake[]): Problem {
  const sorted = mistakes.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return scenarioInvalid({ file, mistakes: [...new Set(lines)] });
}

function resolveScenario(
  draft: ScenarioDraft,
  source: ScenarioSource,
  report: (path: Path, message: string) => void,
): Scenario {
  const topology = resolveTopology(draft, report);
  if (draft.door !== "docker") reportDoorsOwn(draft, report);
  const openNodes = findOpenNodes(draft, topology);
  const checks = draft.checks.flatMap((check, index) => {
    const path = ["checks", index];
    const scope = {
      topology,
      openNodes,
      report: (place: Path, message: string) => report([...path, ...place], message),
    };
    return resolveCheck(scope, check, source.lineOf(path));
  });
  const { id, title, description, door } = draft;
  const implied = topology.hosts.flatMap(({ networks }) => networks.flatMap(featuresOf));
  const taps = topology.hosts
    .flatMap(({ containers }) => containers.flatMap(({ networks }) => networks))
    .flatMap(({ tap }) => (tap ? (["macvtap"] as const) : []));
  const tags = hasTags(topology) ? (["vlan"] as const) : [];
  const needs = [...new Set<KernelFeature>([...draft.needs, ...implied, ...taps, ...tags])];
  return {
    id,
    title,
    ...(description === undefined ? {} : { description }),
    needs,
    door,
    ...topology,
    checks,
  };
}

/** Whether a switch or a NIC looks at tags: without 802.1Q a kernel's bridges do not either. */
function hasTags({ switches, hosts, machines }: Topology): boolean {
  const ports = switches.flatMap((one) => one.ports);
  const nics = [...hosts.flatMap((host) => host.nics), ...machines.map(({ nic }) => nic)];
  return (
    ports.some(({ vlan }) => vlan.kind !== "plain") || nics.some((nic) => nic.vlans.length > 0)
  );
}

/** Nodes whose links the file cannot know: made by commands, by attaching, or for host access. */
function findOpenNodes(draft: ScenarioDraft, topology: Topology): ReadonlySet<string> {
  const open = new Set<string>();
  for (const action of listActions(draft)) {
    if (action.kind === "run") open.add(action.node);
    if (action.kind === "attach") open.add(action.container);
  }
  for (const host of topology.hosts) {
    const hasAccess = host.networks.some(hasHostAccess);
    if (hasAccess) open.add(host.name);
    for (const node of [host, ...host.containers]) {
      if (node.run.length > 0) open.add(node.name);
    }
  }
  for (const machine of topology.machines) {
    if (machine.run.length > 0) open.add(machine.name);
  }
  return open;
}

/** A link of the host's own beside its NICs; a bridge of Docker's has a name of Docker's too. */
function hasHostAccess(network: ScenarioNetwork): boolean {
  if (network.driver === "docker-bridge") return true;
  return network.hostAccess !== undefined && network.hostAccess !== "none";
}

/** Reports what there only is where containers come through Docker, or by CNI. */
function reportDoorsOwn(
  { hosts, door }: ScenarioDraft,
  report: (path: Path, message: string) => void,
): void {
  const why = `needs door: docker, and the door is ${door}`;
  for (const [name, { networks, containers, nameservers }] of Object.entries(hosts)) {
    const path = ["hosts", name];
    if (nameservers.length > 0) report([...path, "nameservers"], `nameservers ${why}`);
    for (const [network, { driver, cni }] of Object.entries(networks)) {
      const conf = [...path, "networks", network, "cni"];
      const other = `a CNI configuration needs door: cni, and the door is ${door}`;
      if (cni !== undefined && door !== "cni") report(conf, other);
      const place = [...path, "networks", network, "driver"];
      if (driver === "docker-bridge") report(place, `a docker-bridge ${why}`);
    }
    for (const [container, { publish }] of Object.entries(containers)) {
      const place = [...path, "containers", container, "publish"];
      if (publish.length > 0) report(place, `publish ${why}`);
    }
  }
}

function listActions(draft: ScenarioDraft): readonly Action[] {
  return draft.checks.flatMap((check) => ("do" in check ? check.do : []));
}

/**
 * Declares the containers that only an `attach` names, on the one host that has the network. They
 * start on no network.
 */
function declareAttached(draft: ScenarioDraft): ScenarioDraft {
  const hosts = { ...draft.hosts };
  const taken = new Set([
    ...Object.keys(draft.hosts),
    ...Object.keys(draft.machines),
    ...Object.values(draft.hosts).flatMap(({ containers }) => Object.keys(containers)),
  ]);
  for (const action of listActions(draft)) {
    if (action.kind !== "attach" || taken.has(action.container)) continue;
    const homes = Object.entries(hosts).filter(([, { networks }]) =>
      Object.hasOwn(networks, action.network),
    );
    const [home] = homes;
    if (home === undefined || homes.length > 1) continue;
    const [name, host] = home;
    const container = { networks: {}, sysctls: {}, run: [], publish: [] };
    hosts[name] = { ...host, containers: { ...host.containers, [action.container]: container } };
    taken.add(action.container);
  }
  return { ...draft, hosts };
}

/**
 * The draft without what the schema refused, so that names are looked up in the rest and all
 * mistakes are told together. Undefined where too little is left, or where names may have gone with
 * it. A mistaken check is replaced by one that refers to nothing, so that the others keep their
 * places.
 */
function draftWithout(value: unknown, refused: readonly Mistake[]): ScenarioDraft | undefined {
  const rest: unknown = structuredClone(value);
  const paths = new Map(refused.map(({ path }) => [JSON.stringify(path), path]));
  // Backwards, so that the indices of a list stay right while items go.
  for (const path of [...paths.values()].toReversed()) {
    if (path[0] === "checks" && path.length > 1) {
      replaceCheck(rest, path);
    } else if (remove(rest, path) === "names") {
      return undefined;
    }
  }
  const heading = { id: "unknown", title: "unknown" };
  const parsed = scenarioSchema.safeParse(isHolder(rest) ? { ...heading, ...rest } : rest);
  return parsed.success ? parsed.data : undefined;
}

function replaceCheck(root: unknown, [, index]: Path): void {
  const checks = isHolder(root) ? root.checks : undefined;
  if (isHolder(checks) && index !== undefined) checks[index] = { do: "wait 0 ms" };
}

/** Removes a value; says whether it was a mere value, or something that names stand in. */
function remove(root: unknown, path: Path): "value" | "names" {
  const holder = path
    .slice(0, -1)
    .reduce((at: unknown, step) => (isHolder(at) ? at[step] : undefined), root);
  const last = path.at(-1);
  if (last === undefined || !isHolder(holder)) return "value";
  const removed = holder[last];
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  // A map, a list, or nothing where one of them should be.
  return typeof removed === "object" ? "names" : "value";
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
