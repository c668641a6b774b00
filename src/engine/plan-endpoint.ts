import {
  type InterfaceAddress,
  type Ip,
  type IpVersion,
  interfaceAddressIp,
  interfaceAddressPrefix,
  ipVersion,
  type Mac,
  type Prefix,
  prefixContains,
  prefixVersion,
} from "../addr/index.ts";
import { type Parent, readLastGiven } from "../attach/index.ts";
import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import {
  defaultPrefix,
  type Endpoint,
  type EndpointOperation,
  formatAttachment,
  holderOf,
  ipvlanMac,
  isRoutedByHost,
  linkAlias,
  macTaken,
  type Network,
  type OperationId,
  type Sandbox,
  type Step,
  tapKindOf,
  temporaryName,
} from "../domain/index.ts";
import {
  type AddressRequest,
  type AddressSet,
  acquireAddresses,
  acquireGiven,
  acquireSets,
  deriveMac,
} from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import type { AttachmentRequest } from "./attachments.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import type { AttachRequest } from "./engine.ts";
import { newOperation } from "./new-operation.ts";
import { passthruMacOf, refuseSharedPassthru } from "./passthru.ts";

/** Draws of a MAC address: two equal ones among 2^46 are rare, eight in a row do not happen. */
const MAC_ATTEMPTS = 8;

/** What was seen of kernel and sandbox before anything was decided. */
export interface Seen {
  readonly parent: Parent;
  readonly sandbox: Sandbox;
  /** IP versions for which the sandbox has a default route already. */
  readonly defaultRoutes: readonly IpVersion[];
}

/** What a runtime that names its attachments says of one. */
export interface AttachmentWish
  extends Pick<AttachmentRequest, "key" | "addressing" | "routes" | "allocationFiles"> {}

interface Wish {
  readonly request: Omit<AttachRequest, "sandbox"> & { readonly attachment?: AttachmentWish };
  readonly network: Network;
  readonly seen: Seen;
}

/**
 * Decides everything about a new endpoint and writes its leases; the endpoint itself is returned.
 */
export function planEndpoint(
  deps: EngineDeps,
  tx: Transaction,
  wish: Wish,
): Result<Endpoint, Problem> {
  const { request, network, seen } = wish;
  const shared = refuseSharedPassthru(tx, network);
  if (shared !== undefined) return err(shared);
  const id = deps.ids.endpoint();
  const now = momentOf(deps);
  const addresses = chooseAddresses(deps, tx, wish.request, {
    network,
    endpoint: id,
    requested: request.addresses,
    hostAddresses: seen.parent.hostAddresses,
    now,
    ...claimsAgainst(deps, wish),
    ...(request.workload === undefined ? {} : { workload: request.workload }),
  });
  if (!addresses.ok) return addresses;
  const mac = chooseMac(deps, tx, { ...wish, addresses: addresses.value });
  if (!mac.ok) return mac;
  return ok({
    id,
    network: network.id,
    sandbox: seen.sandbox,
    ifname: request.ifname,
    link: {
      ifindex: deps.ids.ifindex(),
      madeAs: seen.sandbox.mover === undefined ? request.ifname : temporaryName(id),
      alias: linkAlias(deps.store.uuid, id),
      ...(mac.value === undefined ? {} : { mac: mac.value }),
    },
    addresses: addresses.value,
    ...routingFor(wish, addresses.value),
    ...attachmentFacts(request.attachment, addresses.value),
    state: "attaching",
    createdAt: now.wall,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    ...(request.linkKind === undefined ? {} : { linkKind: tapKindOf(network.driver) }),
    ...(request.workload === undefined ? {} : { workload: request.workload }),
  });
}

function chooseAddresses(
  deps: EngineDeps,
  tx: Transaction,
  { attachment }: Wish["request"],
  request: AddressRequest,
): Result<readonly InterfaceAddress[], Problem> {
  if (attachment === undefined) return acquireAddresses(tx, request);
  const { addressing, allocationFiles: files } = attachment;
  const givenBefore = (set: AddressSet) =>
    files && readLastGiven(deps.platform, files.directory, set.index);
  switch (addressing.kind) {
    case "network":
      return acquireAddresses(tx, { ...request, requested: addressing.requested });
    case "sets":
      return acquireSets(tx, { ...request, givenBefore }, addressing.sets);
    case "given":
      return acquireGiven(
        tx,
        request,
        addressing.addresses.map(({ address }) => address),
      );
    case "none":
      return ok([]);
    default:
      return unreachable(addressing);
  }
}

/** What the endpoint remembers of the runtime's words. */
export function attachmentFacts(
  wish: AttachmentWish | undefined,
  addresses: readonly InterfaceAddress[],
): Pick<Endpoint, "attachment" | "allocations" | "readiness" | "routing"> {
  if (wish === undefined) return {};
  const { key, addressing, allocationFiles, routes } = wish;
  const gateways = knownGateways(addressing);
  const files =
    addressing.kind !== "sets"
      ? []
      : addressing.sets.flatMap(({ index: set }, at) => {
          const address = addresses[at];
          return address === undefined ? [] : [{ address: interfaceAddressIp(address), set }];
        });
  return {
    attachment: key,
    ...(routes === undefined ? {} : { routing: "given" }),
    ...(gateways.some((ip) => ipVersion(ip) === 6) ? { readiness: "addresses" } : {}),
    ...(allocationFiles === undefined || files.length === 0
      ? {}
      : { allocations: { directory: allocationFiles.directory, files } }),
  };
}

function knownGateways(addressing: AttachmentWish["addressing"]): readonly Ip[] {
  switch (addressing.kind) {
    case "sets":
      return addressing.sets.flatMap(({ pools }) => pools.flatMap(({ gateway }) => gateway ?? []));
    case "given":
      return addressing.addresses.flatMap(({ gateway }) => gateway ?? []);
    case "network":
    case "none":
      return [];
    default:
      return unreachable(addressing);
  }
}

/** What others were promised, and what of the request was promised to whoever asks. */
function claimsAgainst(
  deps: EngineDeps,
  { network, request, seen }: Wish,
): Pick<AddressRequest, "chosen" | "promised"> {
  const claims = deps.claims.on(network.segment, deps.platform.clock.boottime());
  // Only runtimes that move links claim, and each asks for what it was promised.
  const isClaimant = seen.sandbox.mover !== undefined;
  const own = claims.filter(({ address }) => isClaimant && request.addresses.includes(address));
  return {
    chosen: own.filter(({ origin }) => origin === "chosen").map(({ address }) => address),
    promised: claims.filter((claim) => !own.includes(claim)).map(({ address }) => address),
  };
}

/** The MAC asked for, if it is free on the segment, or one derived from what stays the same. */
function chooseMac(
  deps: EngineDeps,
  tx: Transaction,
  { request, network, seen, addresses }: Wish & { readonly addresses: readonly InterfaceAddress[] },
): Result<Mac | undefined, Problem> {
  if (network.driver.kind !== "macvlan") {
    const { mac } = request;
    return mac === undefined ? ok(undefined) : err(ipvlanMac({ mac, parent: network.parent }));
  }
  if (network.driver.mode === "passthru") return passthruMacOf(seen.parent, request.mac);
  const ownerOf = (mac: Mac): string | undefined => {
    if (mac === seen.parent.mac) return `the parent ${seen.parent.name}`;
    const holder = tx.endpoints
      .byMac(mac)
      .find((row) => tx.networks.get(row.network)?.segment === network.segment);
    return holder === undefined ? undefined : `endpoint ${holder.id}`;
  };
  const key = macKey(request, addresses);
  const seed = { salt: deps.store.salt, network: network.id, key };
  const first = request.mac ?? deriveMac({ ...seed, attempt: 0 });
  const owner = ownerOf(first);
  if (owner === undefined) return ok(first);
  for (let attempt = 1; request.mac === undefined && attempt < MAC_ATTEMPTS; attempt++) {
    const mac = deriveMac({ ...seed, attempt });
    if (ownerOf(mac) === undefined) return ok(mac);
  }
  return err(macTaken({ mac: first, owner }));
}

/** What stays the same when the workload comes back, or at least is nobody else's. */
function macKey(
  { workload, attachment }: Wish["request"],
  addresses: readonly InterfaceAddress[],
): string {
  if (workload !== undefined) return workload;
  return attachment === undefined ? (addresses[0] ?? "") : formatAttachment(attachment.key);
}

/** Where what it sends to others goes: to routers, or by its link alone. */
function routingFor(
  { request, network, seen }: Wish,
  addresses: readonly InterfaceAddress[],
): Pick<Endpoint, "gateways" | "routes"> {
  const given = request.attachment?.routes;
  if (given !== undefined) {
    return { gateways: [], routes: typeof given === "function" ? given(addresses) : given };
  }
  const routes = routesFor(network, addresses);
  if (request.defaultRoute === "never" || network.reach === "internal") {
    return { gateways: [], routes };
  }
  if (!isRoutedByHost(network.driver)) {
    return { gateways: gatewaysFor(network, addresses, seen.defaultRoutes), routes };
  }
  const versions = new Set(addresses.map((address) => ipVersion(interfaceAddressIp(address))));
  const missing = [...versions].filter((version) => !seen.defaultRoutes.includes(version));
  return { gateways: [], routes: [...routes, ...missing.map((v) => ({ to: defaultPrefix(v) }))] };
}

/** The gateways of the subnets that gave the addresses, where there is no default route yet. */
function gatewaysFor(
  network: Network,
  addresses: readonly InterfaceAddress[],
  present: readonly IpVersion[],
): Ip[] {
  const gateways = addresses.flatMap((address) => {
    const prefix = interfaceAddressPrefix(address);
    return network.subnets.find((subnet) => subnet.prefix === prefix)?.gateway ?? [];
  });
  const served = new Set(present);
  return gateways.filter((gateway) => {
    const version = ipVersion(gateway);
    if (served.has(version)) return false;
    served.add(version);
    return true;
  });
}

/**
 * The network's extra routes of the endpoint's IP versions, without those whose gateway it cannot
 * reach, and the ways to the network's other subnets.
 */
function routesFor(network: Network, addresses: readonly InterfaceAddress[]): Network["routes"] {
  const prefixes = addresses.map(interfaceAddressPrefix);
  const extra = network.routes.filter(({ to, via }) =>
    via === undefined
      ? prefixes.some((prefix) => prefixVersion(prefix) === prefixVersion(to))
      : prefixes.some((prefix) => prefixContains(prefix, via)),
  );
  return [...extra, ...subnetRoutes(network, prefixes)];
}

/**
 * To the subnets that the endpoint has no address of: by the router of its own, or else on the
 * link, since all of them are on one wire. The default route may lead elsewhere, or not exist.
 */
function subnetRoutes(network: Network, own: readonly Prefix[]): Network["routes"] {
  const { subnets, routes, reach, driver } = network;
  const isRouted = reach === "routed" && !isRoutedByHost(driver);
  return subnets.flatMap(({ prefix: to }) => {
    const version = prefixVersion(to);
    const near = own.filter((prefix) => prefixVersion(prefix) === version);
    const isKnown = own.includes(to) || routes.some((route) => route.to === to);
    if (isKnown || near.length === 0) return [];
    const via = subnets.find(({ prefix, gateway }) => gateway && near.includes(prefix))?.gateway;
    return [isRouted && via !== undefined ? { to, via } : { to }];
  });
}

/** The operation that makes a planned endpoint real, or its link anew. */
export function attachOperation(
  deps: EngineDeps,
  id: OperationId,
  what: {
    readonly kind: "attach" | "restore";
    readonly endpoint: Endpoint;
    readonly network: Network;
  },
): EndpointOperation {
  const { kind, endpoint, network } = what;
  const { link, ifname, addresses, gateways, routes, mtu, linkKind } = endpoint;
  const { mover } = endpoint.sandbox;
  const { routing } = endpoint;
  const plan: readonly Step[] = [
    // One that is made anew has its files, and keeps them whatever becomes of it.
    ...(kind === "attach" ? allocationSteps(endpoint, "write-allocations") : []),
    {
      kind: "create-link",
      driver: network.driver,
      parent: network.parent,
      link,
      ...(mtu === undefined ? {} : { mtu }),
      ...(linkKind === undefined ? {} : { linkKind }),
    },
    mover === undefined
      ? {
          ...{ kind: "configure-link", link, ifname, addresses, gateways, routes },
          ...(routing === undefined ? {} : { routing }),
        }
      : { kind: "mark-link", link },
    ...readinessSteps(endpoint),
  ];
  return operation(deps, endpoint, { id, kind, plan });
}

/**
 * The operation that gives a `bare` endpoint what it lacked. It is an attach whose first steps were
 * done before: when it comes to nothing, nothing of the endpoint stays.
 */
export function assignOperation(
  deps: EngineDeps,
  id: OperationId,
  what: { readonly bare: Endpoint; readonly given: Endpoint; readonly network: Network },
): { readonly operation: EndpointOperation; readonly done: number } {
  const { bare, given, network } = what;
  const attach = attachOperation(deps, id, { kind: "attach", endpoint: bare, network });
  const { link, ifname, addresses, gateways, routes, routing } = given;
  const assign: Step = {
    ...{ kind: "assign-addresses", link, ifname, addresses, gateways, routes },
    ...(routing === undefined ? {} : { routing }),
  };
  const plan = [...attach.plan, assign, ...readinessSteps(given)];
  return { operation: { ...attach, plan }, done: attach.plan.length };
}

/** Waiting, where whoever asked for the endpoint wants to use its IPv6 addresses at once. */
function readinessSteps({ link, addresses, readiness }: Endpoint): readonly Step[] {
  const late = addresses.filter((address) => ipVersion(interfaceAddressIp(address)) === 6);
  return readiness === undefined || late.length === 0
    ? []
    : [{ kind: "await-addresses", link, addresses: late }];
}

/** The operation that takes an endpoint's link away. */
export function detachOperation(
  deps: EngineDeps,
  id: OperationId,
  endpoint: Endpoint,
): EndpointOperation {
  // The files last: what they tell must be true for as long as the link lives.
  const plan: readonly Step[] = [
    { kind: "remove-link", link: endpoint.link },
    ...allocationSteps(endpoint, "remove-allocations"),
  ];
  return operation(deps, endpoint, { id, kind: "detach", plan });
}

function allocationSteps(
  { allocations, attachment }: Endpoint,
  kind: "write-allocations" | "remove-allocations",
): readonly Step[] {
  return allocations === undefined || attachment === undefined
    ? []
    : [{ kind, allocations, holder: holderOf(attachment) }];
}

function operation(
  deps: EngineDeps,
  { id: endpoint, network, sandbox }: Endpoint,
  { id, ...what }: Pick<EndpointOperation, "id" | "kind" | "plan">,
): EndpointOperation {
  return { ...what, ...newOperation(deps, id, network), endpoint, sandbox };
}
