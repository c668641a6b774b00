import {
  type InterfaceAddress,
  type Ip,
  type IpVersion,
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressLength,
  interfaceAddressPrefix,
  ipFromBigint,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixIp,
  prefixLength,
  prefixOf,
  prefixVersion,
} from "../../src/addr/index.ts";
import { defined, err, ok } from "../../src/base/index.ts";
import {
  addressMessage,
  encode,
  Family,
  MAIN_TABLE,
  MessageFlag,
  MessageType,
  routeMessage,
} from "../../src/netlink/index.ts";
import type { NetnsCookie } from "../../src/platform/index.ts";
import {
  type FakeLink,
  type FakeRoute,
  type FakeState,
  type Handler,
  handlerOf,
  type Outcome,
  type Reply,
} from "./fake-kernel-state.ts";

/** IP6_RT_PRIO_ADDRCONF and IP6_RT_PRIO_USER (include/net/ip6_route.h); IPv4 begins at 0. */
const METRIC_CONNECTED_6 = 256;
const METRIC_ADDED_6 = 1024;

const versionOf = (address: InterfaceAddress): IpVersion => ipVersion(interfaceAddressIp(address));

/** A link set down loses the routes that were added, and its IPv6 addresses (addrconf_ifdown). */
export function dropRoutesOfDown(link: FakeLink): FakeLink {
  const addresses = link.addresses.filter((address) => versionOf(address) === 4);
  return { ...link, state: "down", addresses, routes: [] };
}

/** RTM_NEWADDR */
export const newAddress = handlerOf(addressMessage, (state, { netns, flags }, request) => {
  const wish = placeAddress(state, netns, request);
  if (!wish.ok) return wish;
  const { link, address } = wish.value;
  // Of one IPv6 address there is only one, whatever its length; of IPv4 one for each length.
  const same = link.addresses.find((other) =>
    versionOf(address) === 4
      ? other === address
      : interfaceAddressIp(other) === interfaceAddressIp(address),
  );
  if (same === undefined) {
    if (isTakenInPort(state, link, address)) return err("EADDRINUSE");
    state.change(link.id, { addresses: [...link.addresses, address] });
    return ok([]);
  }
  return (flags & MessageFlag.replace) === 0 ? err("EEXIST") : ok([]);
});

/** ipvlan_addr_busy: of the ipvlans of a parent, up or down, only one may have an IP address. */
function isTakenInPort(state: FakeState, { details }: FakeLink, wanted: InterfaceAddress): boolean {
  if (details.kind !== "ipvlan") return false;
  const ip = interfaceAddressIp(wanted);
  const held = state.ipvlansOf(details.parent).flatMap((sibling) => sibling.addresses);
  return held.some((address) => interfaceAddressIp(address) === ip);
}

/** RTM_DELADDR: with the last IPv4 address the IPv4 routes of a link go too (fib_disable_ip). */
export const deleteAddress = handlerOf(addressMessage, (state, { netns }, request) => {
  const wish = placeAddress(state, netns, request);
  if (!wish.ok) return wish;
  const { link, address } = wish.value;
  if (!link.addresses.includes(address)) return err("EADDRNOTAVAIL");
  const addresses = link.addresses.filter((other) => other !== address);
  const has4 = addresses.some((other) => versionOf(other) === 4);
  const routes = link.routes.filter(({ to }) => has4 || prefixVersion(to) === 6);
  state.change(link.id, { addresses, routes });
  return ok([]);
});

function placeAddress(
  state: FakeState,
  netns: NetnsCookie,
  { header, attributes }: Parameters<typeof addressMessage.write>[1],
): Outcome<{ readonly link: FakeLink; readonly address: InterfaceAddress }> {
  const link = state.byIndex(netns, header.ifindex);
  if (link === undefined) return err("ENODEV");
  if (attributes.local === undefined) return err("EINVAL");
  return ok({ link, address: interfaceAddress(attributes.local, header.prefixLength) });
}

/** RTM_GETADDR: always a dump. */
export const getAddress: Handler = (state, { netns, payload }) => {
  const asked = addressMessage.read(payload);
  if (!asked.ok) return err("EINVAL");
  const { family, ifindex } = asked.value.header;
  const links = state.links(netns).filter((link) => ifindex === 0 || link.ifindex === ifindex);
  if (links.length === 0) return err("ENODEV");
  const shown = links.flatMap((link) =>
    link.addresses
      .filter((address) => isOfFamily(versionOf(address), family))
      .map((address) => {
        const ip = interfaceAddressIp(address);
        const { bytes } = encode(addressMessage, {
          header: {
            family: familyOf(ipVersion(ip)),
            prefixLength: interfaceAddressLength(address),
            flags: 0,
            scope: "global",
            ifindex: link.ifindex,
          },
          // IPv6 has `local` only beside a peer.
          attributes: {
            address: ip,
            ...(ipVersion(ip) === 4 ? { local: ip } : {}),
            flags: ["permanent"],
          },
        });
        return { type: MessageType.newAddress, payload: bytes };
      }),
  );
  return ok(shown);
};

function familyOf(version: IpVersion): number {
  return version === 4 ? Family.inet : Family.inet6;
}

function isOfFamily(version: IpVersion, family: number | undefined): boolean {
  return family === Family.unspecified || family === familyOf(version);
}

interface PlacedRoute extends FakeRoute {
  readonly link: FakeLink;
  readonly origin: "kernel" | "static";
}

/** The main table of a namespace: what follows from addresses, and what was added. */
function routesOf(state: FakeState, netns: NetnsCookie): readonly PlacedRoute[] {
  return state.links(netns).flatMap((link) => [
    ...connectedPrefixes(link).map((to) => {
      const metric = prefixVersion(to) === 4 ? 0 : METRIC_CONNECTED_6;
      return { to, metric, gateway: undefined, link, origin: "kernel" as const };
    }),
    ...link.routes.map((route) => ({ ...route, link, origin: "static" as const })),
  ]);
}

/** While the link is up each prefix once; an IPv4 /32 is in the local table only. */
function connectedPrefixes({ state, addresses }: FakeLink): readonly Prefix[] {
  if (state === "down") return [];
  const wide = addresses.filter(
    (address) => interfaceAddressLength(address) !== 32 || versionOf(address) === 6,
  );
  return [...new Set(wide.map(interfaceAddressPrefix))];
}

/** RTM_NEWROUTE into the main table, unicast. */
export const newRoute = handlerOf(routeMessage, (state, { netns, flags }, request) => {
  const { header, attributes: a } = request;
  if (header.table !== MAIN_TABLE || header.type !== "unicast") return err("EOPNOTSUPP");
  const version = header.family === Family.inet ? 4 : 6;
  const to = prefixOf(a.to ?? ipFromBigint(version, 0n), header.toLength);
  const link = linkFor(state, netns, { version, oif: a.oif, gateway: a.gateway });
  if (!link.ok) return link;
  if (link.value.state === "down") return err("ENETDOWN");
  const route = {
    to,
    gateway: a.gateway,
    metric: a.metric ?? (version === 4 ? 0 : METRIC_ADDED_6),
  };
  const rival = routesOf(state, netns).find(
    (other) => other.to === to && other.metric === route.metric,
  );
  const isExclusive = (flags & MessageFlag.exclusive) !== 0;
  const isSame = rival?.gateway === a.gateway && rival?.link.id === link.value.id;
  if (rival !== undefined && (isExclusive || (isSame && (flags & MessageFlag.replace) === 0))) {
    return err("EEXIST");
  }
  if (rival !== undefined && (flags & MessageFlag.replace) !== 0) dropRoute(state, rival);
  const { id } = link.value;
  state.change(id, { routes: [...state.byId(id).routes, route] });
  return ok([]);
});

interface Hop {
  readonly version: IpVersion;
  readonly oif: number | undefined;
  readonly gateway: Ip | undefined;
}

/** The link of a next hop; a gateway must be on a prefix of it (fib_check_nh). */
function linkFor(state: FakeState, netns: NetnsCookie, hop: Hop): Outcome<FakeLink> {
  const { version, oif, gateway } = hop;
  const asked = oif === undefined ? undefined : state.byIndex(netns, oif);
  if (asked === undefined && (oif !== undefined || gateway === undefined)) return err("ENODEV");
  if (gateway === undefined) return ok(defined(asked, "the link asked for"));
  const onLink = routesOf(state, netns).filter((route) => route.gateway === undefined);
  const way = onLink.find(
    ({ to, link }) => prefixContains(to, gateway) && (oif === undefined || link.ifindex === oif),
  );
  if (way !== undefined) return ok(way.link);
  return err(version === 4 ? "ENETUNREACH" : "EHOSTUNREACH");
}

function dropRoute(state: FakeState, { link, to, metric }: PlacedRoute): void {
  const { routes } = state.byId(link.id);
  state.change(link.id, { routes: routes.filter((row) => row.to !== to || row.metric !== metric) });
}

/** RTM_DELROUTE of a route that was added: the first that agrees with what is given. */
export const deleteRoute = handlerOf(routeMessage, (state, { netns }, request) => {
  const { header, attributes: a } = request;
  const to = prefixOf(
    a.to ?? ipFromBigint(header.family === Family.inet ? 4 : 6, 0n),
    header.toLength,
  );
  const found = routesOf(state, netns).find(
    (row) =>
      row.origin === "static" &&
      row.to === to &&
      (a.oif === undefined || row.link.ifindex === a.oif) &&
      (a.gateway === undefined || row.gateway === a.gateway) &&
      (a.metric === undefined || row.metric === a.metric),
  );
  if (found === undefined) return err("ESRCH");
  dropRoute(state, found);
  return ok([]);
});

/** The IPv4 table comes with the first link that is up, or the first address (fib_new_table). */
function hasMainTable(state: FakeState, netns: NetnsCookie): boolean {
  return state.links(netns).some((link) => link.state === "up" || link.addresses.length > 0);
}

/** RTM_GETROUTE: a dump, of all or of one link, or the route to one address (fibmatch). */
export const getRoute = handlerOf(
  routeMessage,
  (state, { netns, flags }, { header, attributes }) => {
    const { to, oif } = attributes;
    const rows = routesOf(state, netns).filter((row) =>
      isOfFamily(prefixVersion(row.to), header.family),
    );
    if ((flags & MessageFlag.dump) === MessageFlag.dump) {
      if (oif !== undefined && state.byIndex(netns, oif) === undefined) return err("ENODEV");
      const asksForTable = header.table === MAIN_TABLE && header.family === Family.inet;
      if (asksForTable && !hasMainTable(state, netns)) return err("ENOENT");
      const wanted = rows.filter(({ link }) => oif === undefined || link.ifindex === oif);
      return ok(wanted.map(showRoute));
    }
    if (to === undefined || !header.flags.includes("fibMatch")) return err("EOPNOTSUPP");
    const [best] = rows
      .filter((row) => prefixContains(row.to, to))
      .toSorted((a, b) => prefixLength(b.to) - prefixLength(a.to) || a.metric - b.metric);
    return best === undefined ? err("ENETUNREACH") : ok([showRoute(best)]);
  },
);

function showRoute({ to, gateway, metric, link, origin }: PlacedRoute): Reply {
  const version = prefixVersion(to);
  const { bytes } = encode(routeMessage, {
    header: {
      family: familyOf(version),
      toLength: prefixLength(to),
      sourceLength: 0,
      tos: 0,
      table: MAIN_TABLE,
      protocol: origin,
      scope: version === 4 && gateway === undefined ? "link" : "global",
      type: "unicast",
      flags: [],
    },
    attributes: {
      table: MAIN_TABLE,
      ...(prefixLength(to) === 0 ? {} : { to: prefixIp(to) }),
      ...(metric === 0 ? {} : { metric }),
      ...(gateway === undefined ? {} : { gateway }),
      oif: link.ifindex,
    },
  });
  return { type: MessageType.newRoute, payload: bytes };
}
