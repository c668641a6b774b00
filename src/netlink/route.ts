import {
  type Ip,
  type IpVersion,
  ipFromBigint,
  ipToBytes,
  ipVersion,
  type Prefix,
  prefixIp,
  prefixLength,
  prefixOf,
  prefixVersion,
} from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option } from "./command.ts";
import { type Decoded, malformed } from "./field.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import {
  type DumpRequest,
  encode,
  Family,
  familyOf,
  MessageType,
  nothing,
  type Request,
  single,
  versionOf,
} from "./request.ts";
import type { ValueOf } from "./struct.ts";
import type { ScopeName } from "./tables/address.ts";
import {
  type RouteFlag,
  type RouteProtocol,
  type RouteType,
  routeMessage,
} from "./tables/route.ts";

/** RT_TABLE_MAIN. */
export const MAIN_TABLE = 254;

/** A route as the kernel shows it; `via` another IP version and multipath keep to their bytes. */
export interface Route {
  /** Length 0 is the default route. */
  readonly to: Prefix;
  readonly type: RouteType | number;
  readonly gateway: Ip | undefined;
  /** Ifindex of the link that packets leave by. */
  readonly ifindex: number | undefined;
  readonly source: Ip | undefined;
  /** Lower wins; absent is 0. */
  readonly metric: number;
  readonly table: number;
  readonly scope: ScopeName | number;
  readonly protocol: RouteProtocol | number;
  /**
   * `linkdown`: the link has no carrier; `onlink`: the gateway need not be in a connected
   * prefix.
   */
  readonly flags: readonly (RouteFlag | number)[];
  /** RTA_VIA and RTA_MULTIPATH, undecoded. */
  readonly via: Uint8Array | undefined;
  readonly multipath: Uint8Array | undefined;
}

/** Reads RTM_NEWROUTE or RTM_DELROUTE; undefined for families other than IP. */
export function readRoute(message: RawMessage): Decoded<Route | undefined> {
  const isRoute = message.type === MessageType.newRoute || message.type === MessageType.deleteRoute;
  const version = versionOf(message.payload[0]);
  if (!isRoute || version === undefined) return ok(undefined);
  const decoded = routeMessage.read(message.payload);
  if (!decoded.ok) return decoded;
  const { header, attributes: a } = decoded.value;
  const to = a.to ?? ipFromBigint(version, 0n);
  if (ipVersion(to) !== version) return malformed("an address of the other IP version", "to");
  if (header.toLength > (version === 4 ? 32 : 128)) {
    return malformed(`/${header.toLength} is too long`, "toLength");
  }
  return ok({
    to: prefixOf(to, header.toLength),
    type: header.type,
    gateway: a.gateway,
    ifindex: a.oif,
    source: a.preferredSource,
    metric: a.metric ?? 0,
    table: a.table ?? header.table,
    scope: header.scope,
    protocol: header.protocol,
    flags: header.flags,
    via: a.via,
    multipath: a.multipath,
  });
}

/** A unicast route by a link, by a gateway, or both. */
export interface RouteSpec {
  /** Length 0 is the default route. */
  readonly to: Prefix;
  readonly gateway?: Ip;
  readonly link?: LinkRef;
  readonly metric?: number;
  /** The source address of what this host sends by the route. */
  readonly source?: Ip;
  /** Absent: `link` for IPv4 routes without a gateway, otherwise `global`. */
  readonly scope?: ScopeName | number;
  /** Absent: the main table. */
  readonly table?: number;
  /** The gateway is reachable by the link although no connected prefix says so. */
  readonly flags?: readonly "onlink"[];
}

/**
 * Adds a route. Equivalent to `ip route add PREFIX via GATEWAY dev LINK proto static`.
 * EEXIST when there is one with this prefix, metric and table; ENETUNREACH when the gateway is not
 * on a connected prefix; ENETDOWN when the link is down.
 */
export function addRoute(spec: RouteSpec): Request {
  return change(spec, "add", MessageFlag.create | MessageFlag.exclusive);
}

/**
 * Adds a route before those with its prefix, metric and table, or, with a gateway and for IPv6,
 * beside them as another next hop (fib_table_insert, fib6_add_rt2node). Equivalent to `ip route
 * prepend …`. EEXIST for the very same route.
 */
export function prependRoute(spec: RouteSpec): Request {
  return change(spec, "prepend", MessageFlag.create);
}

/**
 * Adds a route in place of one with its prefix, metric and table. Equivalent to `ip route
 * replace …`.
 */
export function replaceRoute(spec: RouteSpec): Request {
  return change(spec, "replace", MessageFlag.create | MessageFlag.replace);
}

/**
 * Removes the first route that agrees with everything given. Equivalent to `ip route del …`.
 * ESRCH when there is none.
 */
export function deleteRoute(spec: RouteSpec): Request {
  return change(spec, "del", 0);
}

type Verb = "add" | "prepend" | "replace" | "del";

function change(spec: RouteSpec, verb: Verb, flags: number): Request {
  const version = prefixVersion(spec.to);
  return {
    kind: "request",
    type: verb === "del" ? MessageType.deleteRoute : MessageType.newRoute,
    flags,
    payload: encode(routeMessage, messageOf(spec, verb)),
    command: commandLine(
      `ip -${version} route ${verb}`,
      [prefixLength(spec.to) === 0 ? "default" : spec.to],
      option("via", spec.gateway),
      option("dev", spec.link && linkName(spec.link)),
      option("metric", spec.metric),
      option("src", spec.source),
      option("scope", spec.scope),
      option("table", spec.table),
      verb === "del" ? [] : ["proto", "static"],
      spec.flags ?? [],
    ),
    read: nothing,
  };
}

function messageOf(spec: RouteSpec, verb: Verb): ValueOf<typeof routeMessage> {
  const table = spec.table ?? MAIN_TABLE;
  // The header has one byte for it.
  const inHeader = table < 256;
  const adding = verb !== "del";
  return {
    header: {
      family: familyOf(prefixVersion(spec.to)),
      toLength: prefixLength(spec.to),
      sourceLength: 0,
      tos: 0,
      table: inHeader ? table : 0,
      // When deleting, "nowhere" and 0 match every scope, protocol and type (fib_table_delete).
      protocol: adding ? "static" : "unspecified",
      scope: spec.scope ?? (adding ? defaultScope(spec) : "nowhere"),
      type: adding ? "unicast" : "unspecified",
      flags: spec.flags ?? [],
    },
    attributes: {
      to: prefixIp(spec.to),
      ...(spec.gateway === undefined ? {} : { gateway: spec.gateway }),
      ...(spec.metric === undefined ? {} : { metric: spec.metric }),
      ...(spec.source === undefined ? {} : { preferredSource: spec.source }),
      ...(inHeader ? {} : { table }),
      ...(spec.link === undefined ? {} : { oif: spec.link.ifindex }),
    },
  };
}

function defaultScope(spec: RouteSpec): ScopeName {
  return prefixVersion(spec.to) === 4 && spec.gateway === undefined ? "link" : "global";
}

/** Every route of every table, or of one IP version. Equivalent to `ip route show table all`. */
export function listRoutes(version?: IpVersion): DumpRequest<Route> {
  const header = { ...anyRoute, family: version === undefined ? 0 : familyOf(version) };
  const ip = version === undefined ? "ip" : `ip -${version}`;
  return dumpOf({ header, attributes: {} }, `${ip} route show table all`);
}

/** What may narrow a list of routes down. */
export interface RouteFilter {
  readonly version?: IpVersion;
  readonly link?: LinkRef;
}

/**
 * The routes of the main table; the kernel leaves out the others (ip_valid_fib_dump_req), so that
 * many links make it no longer. Equivalent to `ip route show dev LINK`. ENODEV when there is no
 * such link; ENOENT for version 4 where no link was ever up, since there is no such table yet.
 */
export function listMainRoutes({ version, link }: RouteFilter = {}): DumpRequest<Route> {
  const family = version === undefined ? Family.unspecified : familyOf(version);
  const ip = version === undefined ? "ip" : `ip -${version}`;
  return dumpOf(
    {
      header: { ...anyRoute, family, table: MAIN_TABLE },
      attributes: link === undefined ? {} : { oif: link.ifindex },
    },
    commandLine(`${ip} route show`, option("dev", link && linkName(link))),
  );
}

/**
 * The route by which packets to an address leave, as it stands in its table. Equivalent to
 * `ip route get fibmatch ADDRESS`. ENETUNREACH where there is none.
 */
export function getRoute(to: Ip): Request<Route> {
  const family = familyOf(ipVersion(to));
  const toLength = ipToBytes(to).length * 8;
  return {
    kind: "request",
    type: MessageType.getRoute,
    flags: 0,
    payload: encode(routeMessage, {
      header: { ...anyRoute, family, toLength, flags: ["fibMatch"] },
      attributes: { to },
    }),
    command: commandLine("ip route get fibmatch", [to]),
    read: single(readRoute),
  };
}

const anyRoute: ValueOf<typeof routeMessage>["header"] = {
  family: Family.unspecified,
  toLength: 0,
  sourceLength: 0,
  tos: 0,
  table: 0,
  protocol: "unspecified",
  scope: "global",
  type: "unspecified",
  flags: [],
};

function dumpOf(filter: ValueOf<typeof routeMessage>, command: string): DumpRequest<Route> {
  return {
    kind: "dump",
    type: MessageType.getRoute,
    flags: MessageFlag.dump,
    payload: encode(routeMessage, filter),
    command,
    read: readRoute,
  };
}
