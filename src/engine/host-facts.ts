import { type InterfaceAddress, type Mac, prefixLength, prefixVersion } from "../addr/index.ts";
import {
  observeAddresses,
  observeLink,
  observeParentLink,
  openConversation,
  refusalProblem,
} from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  defaultRouteMissing,
  type EndpointRoute,
  type IfName,
  type Mtu,
  type Network,
  type NetworkName,
  type NetworkSpec,
  vlanOfName,
} from "../domain/index.ts";
import {
  deleteLinkAside,
  getLink,
  type Link,
  listMainRoutes,
  listRoutes,
  type Route,
  type Rtnetlink,
} from "../netlink/index.ts";
import { type EngineDeps, missingNetwork } from "./deps.ts";
import type { SandboxHandle } from "./engine.ts";

/** What a link can be hung on, as a configuration names it. */
export interface ParentFacts {
  readonly name: IfName;
  readonly mtu: Mtu;
  /** Administratively. */
  readonly state: "up" | "down";
}

/** A link in a sandbox, whoever made it. */
export interface ObservedLink {
  /** The kernel's name of the kind; "hardware" where it has none. */
  readonly kind: string;
  /** Of macvlan and ipvlan. */
  readonly mode?: string;
  readonly mac?: Mac;
  readonly mtu: Mtu;
  /** Administratively. */
  readonly state: "up" | "down";
  /** Absent where it has none, or one of a namespace that is neither the sandbox nor the host. */
  readonly parent?: string;
  readonly vlanId?: number;
  readonly addresses: readonly AddressFacts[];
  /** Unicast routes by this link, of every table. */
  readonly routes: readonly EndpointRoute[];
}

export interface AddressFacts {
  readonly address: InterfaceAddress;
  /** Another machine has it: duplicate address detection failed. */
  readonly duplicate?: true;
}

/** What runtimes and their configurations ask about the host, the kernel and the book. */
export interface HostFacts {
  /**
   * The parent of that name, in the host or in a sandbox; without a name that of the first default
   * route, IPv4 before IPv6. A VLAN that is yet to be made counts as the link that it will be on.
   * Errors: LF-PARENT-MISSING and what else keeps links from it, LF-DEFAULT-ROUTE-MISSING.
   */
  parent(name: IfName | undefined, sandbox?: SandboxHandle): Promise<Result<ParentFacts, Problem>>;
  /** Undefined where there is no link of that name. */
  observe(
    sandbox: SandboxHandle,
    ifname: IfName,
  ): Promise<Result<ObservedLink | undefined, Problem>>;
  /**
   * Deletes a macvlan, ipvlan or VLAN link that another program made, and answers when it is gone.
   * Links of other kinds, and those with a mark of ours, are left.
   */
  removeUnrecorded(
    sandbox: SandboxHandle,
    ifname: IfName,
  ): Promise<Result<"removed" | "nothing", Problem>>;
  /** Errors: LF-NETWORK-MISSING. */
  network(name: NetworkName): Promise<Result<Network, Problem>>;
}

/** The facts of the engine's host. */
export function openHostFacts(deps: EngineDeps): HostFacts {
  return {
    parent: async (name, sandbox) => {
      const opened = openConversation(deps.platform, sandbox?.netns ?? deps.hostNamespace);
      if (!opened.ok) return opened;
      using talk = opened.value;
      const wanted = name === undefined ? defaultParent(talk) : ok(name);
      const place = sandbox === undefined ? undefined : "sandbox";
      return wanted.ok ? parentFacts(talk, wanted.value, place) : wanted;
    },
    observe: async (sandbox, ifname) => observe(deps, sandbox, ifname),
    removeUnrecorded: (sandbox, ifname) => removeUnrecorded(deps, sandbox, ifname),
    network: (name) =>
      deps.store.transact((tx) => {
        const network = tx.networks.byName(name);
        return network === undefined ? err(missingNetwork(tx, name)) : ok(network);
      }),
  };
}

function parentFacts(
  talk: Rtnetlink,
  name: IfName,
  place: NetworkSpec["parentPlace"],
): Result<ParentFacts, Problem> {
  const there = observeLink(talk, { name });
  if (!there.ok) return there;
  const on = there.value === undefined ? (vlanOfName(name)?.on ?? name) : name;
  const parent = observeParentLink(talk, on, place);
  if (!parent.ok) return parent;
  const { mtu, state } = parent.value;
  return ok({ name, mtu: mtu as Mtu, state });
}

function defaultParent(talk: Rtnetlink): Result<IfName, Problem> {
  for (const version of [4, 6] as const) {
    const routes = listed(talk, listMainRoutes({ version }));
    if (!routes.ok) return routes;
    const route = routes.value.find(
      ({ to, type, ifindex }) =>
        prefixLength(to) === 0 && type === "unicast" && ifindex !== undefined,
    );
    if (route?.ifindex === undefined) continue;
    const link = observeLink(talk, { ifindex: route.ifindex });
    if (!link.ok) return link;
    if (link.value !== undefined) return ok(link.value.name as IfName);
  }
  return err(defaultRouteMissing({}));
}

/** A namespace that never had a route of a version has no table for it: ENOENT. */
function listed(
  talk: Rtnetlink,
  dump: Parameters<typeof talk.dump<Route>>[0],
): Result<readonly Route[], Problem> {
  const routes = talk.dump(dump);
  if (routes.ok) return routes;
  if (routes.error.errno === "ENOENT") return ok([]);
  return err(refusalProblem(routes.error, "list routes"));
}

function observe(
  deps: EngineDeps,
  sandbox: SandboxHandle,
  ifname: IfName,
): Result<ObservedLink | undefined, Problem> {
  const opened = openConversation(deps.platform, sandbox.netns);
  if (!opened.ok) return opened;
  using talk = opened.value;
  const found = observeLink(talk, { name: ifname });
  if (!found.ok) return found;
  const link = found.value;
  if (link === undefined) return ok(undefined);
  const addresses = observeAddresses(talk, link.ifindex);
  if (!addresses.ok) return addresses;
  const routes = listed(talk, listRoutes());
  if (!routes.ok) return routes;
  const parent = parentName(deps, talk, link);
  return ok({
    ...kindOf(link),
    mtu: link.mtu as Mtu,
    state: link.state,
    ...(link.mac === undefined ? {} : { mac: link.mac }),
    ...(parent === undefined ? {} : { parent }),
    addresses: addresses.value.map(({ address, use }) => ({
      address,
      ...(use === "conflict" ? { duplicate: true } : {}),
    })),
    routes: routes.value
      .filter(({ type, ifindex }) => type === "unicast" && ifindex === link.ifindex)
      .map(endpointRoute),
  });
}

function kindOf({ details }: Link): Pick<ObservedLink, "kind" | "mode" | "vlanId"> {
  if (details === undefined) return { kind: "hardware" };
  switch (details.kind) {
    case "other":
      return { kind: details.name };
    case "macvlan":
    case "ipvlan":
      return {
        kind: details.kind,
        ...(details.mode === undefined ? {} : { mode: String(details.mode) }),
      };
    case "vlan":
      return { kind: "vlan", ...(details.id === undefined ? {} : { vlanId: details.id }) };
    default:
      return { kind: details.kind };
  }
}

/** The lower device is on the host, or, without a namespace id, beside the link. */
function parentName(deps: EngineDeps, talk: Rtnetlink, { parent }: Link): string | undefined {
  if (parent === undefined || parent.netnsid === -1) return undefined;
  const { ifindex } = parent;
  if (parent.netnsid === undefined) return nameIn(talk, ifindex);
  const host = openConversation(deps.platform, deps.hostNamespace);
  if (!host.ok) return undefined;
  using there = host.value;
  return nameIn(there, ifindex);
}

function nameIn(talk: Rtnetlink, ifindex: number): string | undefined {
  const link = talk.request(getLink({ ifindex }));
  return link.ok ? link.value.name : undefined;
}

function endpointRoute({ to, gateway, metric, table }: Route): EndpointRoute {
  // What the kernel shows as a metric of 0, IPv6 has none of: it gives 1024 by itself.
  const isOwn = prefixVersion(to) === 4 ? metric !== 0 : metric !== IPV6_METRIC;
  return {
    to,
    table,
    ...(gateway === undefined ? {} : { via: gateway }),
    ...(isOwn ? { metric } : {}),
  };
}

/** IP6_RT_PRIO_USER (include/uapi/linux/ipv6_route.h). */
const IPV6_METRIC = 1024;

/** Kinds of links that CNI plugins of ours make, and others do too. */
const removable: readonly string[] = ["macvlan", "ipvlan", "vlan"];

async function removeUnrecorded(
  deps: EngineDeps,
  { netns }: SandboxHandle,
  ifname: IfName,
): Promise<Result<"removed" | "nothing", Problem>> {
  const opened = openConversation(deps.platform, netns);
  if (!opened.ok) return opened;
  using talk = opened.value;
  const found = observeLink(talk, { name: ifname });
  if (!found.ok) return found;
  const link = found.value;
  if (link === undefined || !removable.includes(link.details?.kind ?? "")) return ok("nothing");
  if (link.alias?.startsWith("landfall:")) return ok("nothing");
  const { ifindex, name } = link;
  const deleted = await deleteLinkAside(deps.platform, netns, { ifindex, name });
  if (deleted.ok) return ok("removed");
  // It may have gone by itself since the look, or only the answer was lost.
  const after = observeLink(talk, { ifindex });
  if (after.ok && after.value === undefined) return ok("removed");
  return err(refusalProblem(deleted.error, `delete ${name}`));
}
