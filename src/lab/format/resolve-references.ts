import { type IpVersion, interfaceAddressIp, ipVersion, prefixVersion } from "../../addr/index.ts";
import { unreachable } from "../../base/index.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { FlowText, PointText, RefText } from "./references.ts";
import { formatRef } from "./references.ts";
import type {
  CapturePoint,
  Flow,
  FlowTarget,
  LabNode,
  NodeRef,
  Probe,
  ScenarioContainer,
  ScenarioNetwork,
  Topology,
} from "./scenario.ts";
import type { Path } from "./scenario-source.ts";

/** What names are looked up in, and who is told where they lead nowhere. */
export interface Scope {
  readonly topology: Topology;
  /** Nodes in which commands or attachments may make links that the file does not name. */
  readonly openNodes: ReadonlySet<string>;
  readonly report: (place: Path, message: string) => void;
}

/** How a flow is probed, as the file says it. */
export interface ProbeDraft {
  readonly tcp?: number;
  readonly udp?: number;
  readonly version?: IpVersion;
  readonly size?: number;
  readonly fromInterface?: string;
}

/** The node of this name. */
export function findNode(topology: Topology, name: string): LabNode | undefined {
  return listNodes(topology).find((node) => node.name === name);
}

/** Every node: each host followed by its containers, then the machines. */
export function listNodes(topology: Topology): readonly LabNode[] {
  const hosts = topology.hosts.flatMap(({ name: host, containers }): LabNode[] => [
    { kind: "host", name: host },
    ...containers.map(({ name }): LabNode => ({ kind: "container", name, host })),
  ]);
  return [...hosts, ...topology.machines.map(({ name }): LabNode => ({ kind: "machine", name }))];
}

/** The node of this name; reports where there is none. */
export function resolveNode(scope: Scope, name: string, place: Path): LabNode | undefined {
  const node = findNode(scope.topology, name);
  if (node !== undefined) return node;
  const isSwitch = scope.topology.switches.some((one) => one.name === name);
  const known = listNodes(scope.topology).map((one) => one.name);
  const why = isSwitch
    ? `"${name}" is a switch; it has no address`
    : `no host, container or machine "${name}"${didYouMean(name, known)}`;
  scope.report(place, why);
  return undefined;
}

/** The node that a reference means; an address alone is reported. */
export function resolveNodeRef(scope: Scope, ref: RefText, place: Path): NodeRef | undefined {
  if (ref.kind === "address") {
    scope.report(place, `${ref.address} is an address; a node's name is needed here`);
    return undefined;
  }
  const node = resolveNode(scope, ref.name, place);
  if (node === undefined) return undefined;
  const address = ref.address === undefined ? {} : { address: ref.address };
  if (ref.on === undefined) return { kind: "node", node, ...address };
  const on = resolveOn(scope, { node, name: ref.on, place });
  return on === undefined ? undefined : { kind: "node", node, on, ...address };
}

/** Where a flow may go, or whose entry is looked for: a node or an address. */
export function resolveTarget(scope: Scope, ref: RefText, place: Path): FlowTarget | undefined {
  return ref.kind === "address" ? ref : resolveNodeRef(scope, ref, place);
}

/** The flows of `A -> B` (one) or `A <-> B` (two); none where something was reported. */
export function resolveFlows(
  scope: Scope,
  text: FlowText,
  draft: ProbeDraft,
  place: Path,
): readonly Flow[] {
  const there = resolveFlow(scope, text, draft, place);
  if (there === undefined) return [];
  if (text.arrow === "->") return [there];
  const back = resolveFlow(scope, { from: text.to, to: text.from, arrow: "->" }, draft, place);
  return back === undefined ? [] : [there, back];
}

function resolveFlow(
  scope: Scope,
  text: FlowText,
  draft: ProbeDraft,
  place: Path,
): Flow | undefined {
  const from = resolveNodeRef(scope, text.from, place);
  const to = resolveTarget(scope, text.to, place);
  const probe = resolveProbe(scope, draft);
  if (from === undefined || to === undefined || probe === undefined) return undefined;
  const version = resolveVersion(scope, [from, to], draft.version, place);
  if (version === undefined) return undefined;
  const { fromInterface } = draft;
  if (fromInterface !== undefined && !hasLink(scope, from.node, fromInterface)) {
    reportLink(scope, { node: from.node, name: fromInterface, place: ["fromInterface"] });
  }
  return {
    text: `${formatRef(text.from)} -> ${formatRef(text.to)}`,
    from,
    to,
    version,
    probe,
    ...(fromInterface === undefined ? {} : { fromInterface }),
  };
}

function resolveProbe(scope: Scope, { tcp, udp, size }: ProbeDraft): Probe | undefined {
  if (tcp !== undefined && udp !== undefined) {
    scope.report(["udp"], "a flow is either tcp or udp");
    return undefined;
  }
  if (tcp !== undefined) {
    if (size !== undefined) scope.report(["size"], "size goes with a ping or udp");
    return { kind: "tcp", port: tcp };
  }
  const payload = size === undefined ? {} : { size };
  return udp === undefined ? { kind: "ping", ...payload } : { kind: "udp", port: udp, ...payload };
}

/** IPv4 where both sides have it, else IPv6, unless the file says which. */
export function resolveVersion(
  scope: Scope,
  ends: readonly [FlowTarget, FlowTarget],
  asked: IpVersion | undefined,
  place: Path,
): IpVersion | undefined {
  const [from, to] = ends.map((end) => versionsOf(scope.topology, end));
  const fixed = ends.flatMap((end) => (end.address === undefined ? [] : [ipVersion(end.address)]));
  if (asked !== undefined && fixed.some((version) => version !== asked)) {
    scope.report(["version"], `an address here is not IPv${asked}`);
    return undefined;
  }
  const version = asked ?? ([4, 6] as const).find((one) => from?.has(one) && to?.has(one));
  if (version === undefined)
    scope.report(place, "the two sides share no IP version; write version");
  return version;
}

/** The versions that a target has addresses of; both where only the running lab can tell. */
function versionsOf(topology: Topology, target: FlowTarget): ReadonlySet<IpVersion> {
  if (target.address !== undefined) return new Set([ipVersion(target.address)]);
  if (target.kind === "address") return unreachable(target as never);
  const known = new Set(declaredVersions(topology, target));
  return known.size === 0 ? new Set([4, 6]) : known;
}

function declaredVersions(topology: Topology, { node, on }: NodeRef): readonly IpVersion[] {
  switch (node.kind) {
    case "host":
    case "machine":
      return nicsOf(topology, node)
        .flatMap((nic) => [nic, ...nic.vlans])
        .filter(({ name }) => on === undefined || on.name === name)
        .flatMap(({ addresses }) => addresses.map(interfaceAddressIp).map(ipVersion));
    case "container": {
      const attached = containerOf(topology, node)?.networks.map(({ network }) => network) ?? [];
      const names = on === undefined ? attached : [on.name];
      const networks = networksOf(topology, node).filter(({ name }) => names.includes(name));
      return networks.flatMap(networkVersions);
    }
    default:
      return unreachable(node);
  }
}

function networkVersions(network: ScenarioNetwork): readonly IpVersion[] {
  const versions = network.subnets.map(prefixVersion);
  // Where the file names no subnet of a bridge, Docker chooses one.
  if (network.driver === "docker-bridge") return versions.length === 0 ? [4] : versions;
  const { addressing } = network;
  if (addressing === "none") return [4, 6];
  return addressing === "dhcp" ? [4, ...versions] : versions;
}

/** A place to capture at: a node's link or a switch's port. */
export function resolvePoint(
  scope: Scope,
  { owner, link }: PointText,
  place: Path,
): CapturePoint | undefined {
  const found = scope.topology.switches.find(({ name }) => name === owner);
  if (found === undefined) {
    const node = resolveNode(scope, owner, place);
    if (node === undefined) return undefined;
    if (!hasLink(scope, node, link)) reportLink(scope, { node, name: link, place });
    return { kind: "link", node, link };
  }
  const ports = found.ports.map(({ name }) => name);
  if (!ports.includes(link)) {
    scope.report(place, `no port "${link}" on ${owner}${didYouMean(link, ports)}`);
  }
  return { kind: "port", switch: owner, port: link };
}

interface NamedOn {
  readonly node: LabNode;
  readonly name: string;
  readonly place: Path;
}

function resolveOn(scope: Scope, { node, name, place }: NamedOn): NodeRef["on"] | undefined {
  if (node.kind === "container") {
    const known = networksOf(scope.topology, node).map((network) => network.name);
    if (known.includes(name)) return { kind: "network", name };
    scope.report(place, `no network "${name}" on ${node.host}${didYouMean(name, known)}`);
    return undefined;
  }
  if (hasLink(scope, node, name)) return { kind: "link", name };
  reportLink(scope, { node, name, place });
  return undefined;
}

/** Whether a node has this link, or may have it by the time it is needed. */
export function hasLink(scope: Scope, node: LabNode, name: string): boolean {
  const plain = name.replace(/\.[0-9]+$/, "");
  return linksOf(scope.topology, node).includes(plain) || scope.openNodes.has(node.name);
}

/** Reports that a node has no such link. */
export function reportLink(scope: Scope, { node, name, place }: NamedOn): void {
  const known = linksOf(scope.topology, node);
  scope.report(place, `no link "${name}" on ${node.name}${didYouMean(name, known)}`);
}

/** Reports that a node has no NIC of this name: only those can be plugged in. */
export function reportUnplugged(scope: Scope, { node, name, place }: NamedOn): void {
  const known = nicsOf(scope.topology, node).map((nic) => nic.name);
  if (known.includes(name)) return;
  scope.report(place, `no NIC "${name}" on ${node.name}${didYouMean(name, known)}`);
}

function linksOf(topology: Topology, node: LabNode): readonly string[] {
  const own =
    node.kind === "container"
      ? (containerOf(topology, node)?.networks.map(({ ifname }) => ifname) ?? [])
      : nicsOf(topology, node).map(({ name }) => name);
  return [...own, "lo"];
}

function nicsOf(topology: Topology, node: LabNode) {
  if (node.kind === "host")
    return topology.hosts.find(({ name }) => name === node.name)?.nics ?? [];
  return topology.machines.filter(({ name }) => name === node.name).map(({ nic }) => nic);
}

function networksOf(
  topology: Topology,
  node: LabNode & { readonly kind: "container" },
): readonly ScenarioNetwork[] {
  return topology.hosts.find(({ name }) => name === node.host)?.networks ?? [];
}

function containerOf(
  topology: Topology,
  node: LabNode & { readonly kind: "container" },
): ScenarioContainer | undefined {
  const host = topology.hosts.find(({ name }) => name === node.host);
  return host?.containers.find(({ name }) => name === node.name);
}
