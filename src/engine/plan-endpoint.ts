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
import type { Parent } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  defaultPrefix,
  type Endpoint,
  type EndpointOperation,
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
import { type AddressRequest, acquireAddresses, deriveMac } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
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

interface Wish {
  readonly request: Omit<AttachRequest, "sandbox">;
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
  const addresses = acquireAddresses(tx, {
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
      temporaryName: temporaryName(id),
      alias: linkAlias(deps.store.uuid, id),
      ...(mac.value === undefined ? {} : { mac: mac.value }),
    },
    addresses: addresses.value,
    ...routingFor(wish, addresses.value),
    state: "attaching",
    createdAt: now.wall,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    ...(request.linkKind === undefined ? {} : { linkKind: tapKindOf(network.driver) }),
    ...(request.workload === undefined ? {} : { workload: request.workload }),
  });
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
  if (network.driver.kind === "ipvlan") {
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
  const key = request.workload ?? addresses[0] ?? "";
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

/** Where what it sends to others goes: to routers, or by its link alone. */
function routingFor(
  { request, network, seen }: Wish,
  addresses: readonly InterfaceAddress[],
): Pick<Endpoint, "gateways" | "routes"> {
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
  const plan: readonly Step[] = [
    {
      kind: "create-link",
      driver: network.driver,
      parent: network.parent,
      link,
      ...(mtu === undefined ? {} : { mtu }),
      ...(linkKind === undefined ? {} : { linkKind }),
    },
    mover === undefined
      ? { kind: "configure-link", link, ifname, addresses, gateways, routes }
      : { kind: "mark-link", link },
  ];
  return operation(deps, endpoint, { id, kind, plan });
}

/** The operation that takes an endpoint's link away. */
export function detachOperation(
  deps: EngineDeps,
  id: OperationId,
  endpoint: Endpoint,
): EndpointOperation {
  const plan: readonly Step[] = [{ kind: "remove-link", link: endpoint.link }];
  return operation(deps, endpoint, { id, kind: "detach", plan });
}

function operation(
  deps: EngineDeps,
  { id: endpoint, network, sandbox }: Endpoint,
  { id, ...what }: Pick<EndpointOperation, "id" | "kind" | "plan">,
): EndpointOperation {
  return { ...what, ...newOperation(deps, id, network), endpoint, sandbox };
}
