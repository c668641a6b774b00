import { formatRange } from "../addr/index.ts";
import type { Problem } from "../base/index.ts";
import {
  driverFlag,
  type Endpoint,
  type EndpointRoute,
  type ExtraRoute,
  formatVlanTag,
  type NetworkSpec,
  tapDevice,
  type VlanDriver,
  type VlanTag,
} from "../domain/index.ts";
import type { EndpointView, LeaseView, NetworkView, Reconciled } from "../engine/index.ts";
import type { documents } from "./documents.ts";

/** The JSON of a network; keys without a value are undefined, and so absent in the text. */
export function networkDocument({ network, endpoints }: NetworkView): documents["network"] {
  const { id, name, parent, segment, mtu, reach, createdAt, parentChecks, driver } = network;
  return {
    id,
    name,
    ...driverDocument(network),
    vlanTag: driver.kind === "vlan" ? formatVlanTag(tagOf(driver)) : undefined,
    parent,
    segment,
    subnets: network.subnets.map(({ prefix, gateway, ranges, exclusions }) => ({
      prefix,
      gateway,
      ranges: ranges.map(formatRange),
      exclusions: exclusions.map(formatRange),
    })),
    reservations: (network.reservations ?? []).map(({ workload, address }) => {
      return { workload, address };
    }),
    routes: network.routes.map(routeDocument),
    mtu,
    internal: reach === "internal",
    endpoints: [...endpoints],
    createdAt,
    parentChecks,
    vlan: network.vlan && { on: network.vlan.on, tags: network.vlan.tags.map(formatVlanTag) },
    ...originDocument(network),
  };
}

function tagOf({ mode: protocol, id }: VlanDriver): VlanTag {
  return { protocol, id };
}

function originDocument({
  parentLink,
  parentPlace,
  addressing,
  routers,
  origin,
}: NetworkSpec): Pick<
  documents["network"],
  "parentLink" | "parentPlace" | "addressing" | "routers" | "origin"
> {
  const known = { parentLink, parentPlace, addressing, routers: routers && [...routers] };
  if (origin?.kind !== "docker") return { ...known, origin };
  const pools = origin.pools.map(({ id, prefix }) => ({ id, prefix }));
  return { ...known, origin: { ...origin, pools } };
}

function driverDocument({
  driver,
}: NetworkSpec): Pick<documents["network"], "driver" | "mode" | "flag" | "sources" | "bcQueueLen"> {
  return {
    driver: driver.kind,
    mode: driver.mode,
    flag: driverFlag(driver),
    sources: driver.mode === "source" ? [...driver.allowedMacs] : undefined,
    bcQueueLen: driver.kind === "macvlan" ? driver.bcQueueLen : undefined,
  };
}

/** The JSON of an endpoint. */
export function endpointDocument({ endpoint, network }: EndpointView): documents["endpoint"] {
  const { id, sandbox, ifname, link, addresses, gateways, mtu, workload, state } = endpoint;
  const { mac, ...identity } = link;
  return {
    id,
    network,
    networkId: endpoint.network,
    sandbox: sandbox.path,
    sandboxId: sandbox.id,
    mover: sandbox.mover,
    ifname,
    mac,
    link: identity,
    linkKind: endpoint.linkKind,
    tap: tapDevice(endpoint),
    addresses: [...addresses],
    gateway: gateways[0],
    gateways: [...gateways],
    routes: endpoint.routes.map(endpointRouteDocument),
    mtu,
    workload,
    attachment: endpoint.attachment,
    allocations: allocationsDocument(endpoint),
    state,
    createdAt: endpoint.createdAt,
  };
}

/** The JSON of an address in the book. */
export function leaseDocument(view: LeaseView): documents["lease"] {
  if (view.kind === "elsewhere") {
    const { kind: state, ...row } = view;
    return { ...row, state };
  }
  const { segment, address, prefix, network, endpoint, workload, origin, acquiredAt } = view;
  return {
    segment,
    address,
    prefix,
    network,
    endpoint,
    workload,
    origin,
    acquiredAt,
    ...(view.kind === "resting"
      ? { state: view.kind, until: view.until }
      : { state: view.kind, attachment: view.attachment }),
  };
}

/** The JSON of what became of a finding. */
export function reconciledDocument(row: Reconciled): documents["reconciled"] {
  const { finding, outcome, problem } = row;
  const cause = problem === undefined ? {} : { problem: problemDocument(problem) };
  return { ...finding, outcome, ...cause };
}

/** All of a Problem: what is told of it, and what programs decide by. */
export function problemDocument({ causes, ...fields }: Problem): documents["problem"] {
  const row = { ...fields, facts: factsOf(fields) };
  return causes === undefined ? row : { ...row, causes: causes.map(causeDocument) };
}

/** Causes of causes are not told: nobody could act on them. */
function causeDocument({ causes: _, ...fields }: Problem): documents["cause"] {
  return { ...fields, facts: factsOf(fields) };
}

function factsOf({ facts }: Pick<Problem, "facts">): documents["cause"]["facts"] {
  const known = Object.entries(facts).flatMap(([name, fact]) => {
    if (fact === undefined) return [];
    return [[name, typeof fact === "object" ? [...fact] : fact] as const];
  });
  return Object.fromEntries(known);
}

/** How a network like this one is asked for. */
export function networkRequestDocument(spec: NetworkSpec): documents["networkRequest"] {
  const { name, parent, vlan, mtu, reach, reservations } = spec;
  return {
    name,
    parent: vlan?.on ?? parent,
    vlan: vlan?.tags.map(formatVlanTag),
    ...driverDocument(spec),
    subnets: spec.subnets.map(({ prefix, gateway, ranges, exclusions }) => ({
      prefix,
      gateway,
      ranges: ranges.map(formatRange),
      exclusions: exclusions.map(formatRange),
    })),
    reservations: reservations?.map(({ workload, address }) => ({ workload, address })),
    routes: spec.routes.map(routeDocument),
    mtu,
    internal: reach === "internal",
  };
}

function allocationsDocument({ allocations }: Endpoint): documents["endpoint"]["allocations"] {
  if (allocations === undefined) return undefined;
  return {
    directory: allocations.directory,
    files: allocations.files.map(({ address, set }) => ({ address, set })),
  };
}

function endpointRouteDocument(route: EndpointRoute): documents["endpointRoute"] {
  const { metric, table, scope } = route;
  return { ...routeDocument(route), metric, table, scope };
}

function routeDocument({ to, via }: ExtraRoute): documents["route"] {
  return { to, via };
}
