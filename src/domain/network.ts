import {
  broadcastAddress,
  formatRange,
  type Ip,
  type IpRange,
  type IpVersion,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixesOverlap,
  prefixIp,
  prefixRange,
  prefixVersion,
} from "../addr/index.ts";
import { type Brand, err, ok, type Problem, type Result } from "../base/index.ts";
import type { Driver } from "./driver.ts";
import type { NetworkId } from "./ids.ts";
import type { IfName, NetworkName } from "./names.ts";
import { mtuInvalid, outsideSubnets, subnetMissing, subnetsOverlap } from "./problems.ts";
import { type Reservation, reservationProblem } from "./reservation.ts";
import type { SegmentName } from "./segment.ts";
import { type VlanStack, type VlanTag, vlanLinkName } from "./vlan.ts";

/** Bytes of payload that a frame of the link may carry. */
export type Mtu = Brand<number, "Mtu">;

/** A route that every endpoint of a network gets; without `via` it is on the link itself. */
export interface ExtraRoute {
  readonly to: Prefix;
  readonly via?: Ip;
}

/** A route of one endpoint. */
export interface EndpointRoute extends ExtraRoute {
  /** Lower wins; absent: the kernel's choice. */
  readonly metric?: number;
  /** Absent: the main table. */
  readonly table?: number;
  /** RT_SCOPE_* (rtnetlink(7)); absent: "link" where IPv4 has no gateway, and else "universe". */
  readonly scope?: number;
}

/** Every address of an IP version. */
export function defaultPrefix(version: IpVersion): Prefix {
  return (version === 4 ? "0.0.0.0/0" : "::/0") as Prefix;
}

/** Whether it is for whatever has no better route. */
export function isDefaultRoute({ to }: ExtraRoute): boolean {
  return to === defaultPrefix(prefixVersion(to));
}

/** One pool of a network: its prefix, and what of it is handed out. */
export interface Subnet {
  readonly prefix: Prefix;
  readonly gateway?: Ip;
  /** What is handed out; empty means every usable address of the prefix. */
  readonly ranges: readonly IpRange[];
  /** Never handed out, not even when asked for. */
  readonly exclusions: readonly IpRange[];
}

/** Who asked for a network and keeps its own record of it. */
export type NetworkOrigin = DockerOrigin | CniOrigin;

/** A configuration of a container runtime's. */
export interface CniOrigin {
  readonly kind: "cni";
  /** The configuration's name. */
  readonly name: string;
  /** Of all that makes it this network and no other. */
  readonly digest: string;
}

export interface DockerOrigin {
  readonly kind: "docker";
  /** What Docker calls the network: 64 hexadecimal digits. */
  readonly id: string;
  /** What Docker calls the pools that we gave it, each with its subnet. */
  readonly pools: readonly { readonly id: string; readonly prefix: Prefix }[];
}

/** Docker's own record of a network that it asked for. */
export function dockerOrigin({ origin }: NetworkSpec): DockerOrigin | undefined {
  return origin?.kind === "docker" ? origin : undefined;
}

/**
 * Where addresses come from: the network's pools, or nowhere, and then its endpoints have none that
 * Landfall knows of.
 */
export type Addressing = "pool" | "none";

/** The parent of a network that is on no LAN, after an id that begins with ten unlike digits. */
export function isolatedParent(id: string): IfName {
  return `lfn${id.slice(0, 10)}` as IfName;
}

/** A network as a user describes it, every value parsed, nothing checked against the host yet. */
export interface NetworkWish {
  readonly name: NetworkName;
  readonly parent: IfName;
  readonly driver: Driver;
  readonly subnets: readonly Prefix[];
  readonly gateways: readonly Ip[];
  readonly ranges: readonly IpRange[];
  readonly exclusions: readonly IpRange[];
  readonly routes: readonly ExtraRoute[];
  readonly reservations?: readonly Reservation[];
  readonly mtu?: Mtu;
  /** An internal network has no default route. */
  readonly reach: "routed" | "internal";
  /** Absent: pool, which needs a subnet. */
  readonly addressing?: Addressing;
  readonly origin?: NetworkOrigin;
  /** The parent is plugged into nothing, and made and deleted with the network. */
  readonly parentLink?: "made";
  /** Tags on the parent, outermost first: the network is on that VLAN. */
  readonly vlan?: readonly VlanTag[];
}

/** A network as it can be made: each gateway, range and exclusion belongs to one of its subnets. */
export interface NetworkSpec {
  readonly name: NetworkName;
  readonly parent: IfName;
  readonly driver: Driver;
  readonly subnets: readonly Subnet[];
  readonly routes: readonly ExtraRoute[];
  readonly reservations?: readonly Reservation[];
  readonly mtu?: Mtu;
  readonly reach: "routed" | "internal";
  /** Absent: pool. */
  readonly addressing?: "none";
  /**
   * Routers on its wire that no subnet of it names: nobody on the segment gets their addresses.
   */
  readonly routers?: readonly Ip[];
  readonly origin?: NetworkOrigin;
  /** The parent is in each endpoint's sandbox, and not on the host. */
  readonly parentPlace?: "sandbox";
  /** The parent is plugged into nothing, and made and deleted with the network. */
  readonly parentLink?: "made";
  /** The parent is this VLAN's link: made when it is missing, deleted with its last network. */
  readonly vlan?: VlanStack;
}

/** A network that exists: the intent, as the store keeps it. */
export interface Network extends NetworkSpec {
  readonly id: NetworkId;
  readonly segment: SegmentName;
  /** Wall time, ISO 8601. */
  readonly createdAt: string;
  /** The parent was missing then: the first attach checks what is checked when there is one. */
  readonly parentChecks?: "due";
}

/** RFC 791 section 3.2: every host must accept 68 bytes; Linux allows 16 bits on Ethernet links. */
const MTU_MIN = 68;
const MTU_MAX = 65535;

/** An MTU in bytes, from a number or its decimal text. */
export function parseMtu(value: unknown): Result<Mtu, Problem> {
  const number = typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number)) {
    if (number >= MTU_MIN && number <= MTU_MAX) return ok(number as Mtu);
  }
  return err(mtuInvalid({ value: quoteInput(value), min: MTU_MIN, max: MTU_MAX }));
}

/** Any input as a message may show it: String() throws for some objects, and text may be long. */
function quoteInput(value: unknown): string {
  if (typeof value === "string") {
    return /^[\w.+-]{1,20}$/.test(value) ? value : JSON.stringify(value.slice(0, 80));
  }
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}

/**
 * Sorts a wish's gateways, ranges and exclusions to its subnets; the first contradiction is told.
 */
export function checkNetwork(wish: NetworkWish): Result<NetworkSpec, Problem> {
  const { addressing = "pool", origin } = wish;
  if (wish.subnets.length === 0 && addressing === "pool") {
    return err(subnetMissing({ network: wish.name }));
  }
  const overlap = overlappingPair(wish.subnets);
  if (overlap !== undefined) return err(overlap);
  const stray = strayProblem(wish) ?? reservationProblem(wish);
  if (stray !== undefined) return err(stray);
  const { name, driver, routes, reservations = [], mtu, reach, vlan: tags = [] } = wish;
  const vlan = { on: wish.parent, tags };
  const subnets = wish.subnets.map((prefix) => subnetOf(wish, prefix));
  return ok({
    name,
    parent: tags.length === 0 ? wish.parent : vlanLinkName(vlan),
    driver,
    subnets,
    routes,
    reach,
    ...(reservations.length === 0 ? {} : { reservations }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(addressing === "pool" ? {} : { addressing }),
    ...(origin === undefined ? {} : { origin }),
    ...(wish.parentLink === undefined ? {} : { parentLink: wish.parentLink }),
    ...(tags.length === 0 ? {} : { vlan }),
  });
}

function subnetOf(wish: NetworkWish, prefix: Prefix): Subnet {
  const gateway = wish.gateways.find((ip) => prefixContains(prefix, ip));
  const inside = (range: IpRange): boolean => rangeInPrefix(range, prefix);
  return {
    prefix,
    ranges: wish.ranges.filter(inside),
    exclusions: wish.exclusions.filter(inside),
    ...(gateway === undefined ? {} : { gateway }),
  };
}

function overlappingPair(prefixes: readonly Prefix[]): Problem | undefined {
  for (const [index, a] of prefixes.entries()) {
    const b = prefixes.slice(index + 1).find((other) => prefixesOverlap(a, other));
    if (b !== undefined) return subnetsOverlap({ first: a, second: b });
  }
  return undefined;
}

/** Something that belongs to no subnet, or to one that already has a gateway. */
function strayProblem(wish: NetworkWish): Problem | undefined {
  const subnets = wish.subnets;
  const holding = (ip: Ip): Prefix | undefined => subnets.find((p) => prefixContains(p, ip));
  for (const [index, gateway] of wish.gateways.entries()) {
    const prefix = holding(gateway);
    const reason =
      prefix === undefined
        ? "is in none of its subnets"
        : isEdge(gateway, prefix)
          ? `is the network or broadcast address of ${prefix}`
          : wish.gateways.slice(0, index).some((other) => prefixContains(prefix, other))
            ? `is the second gateway of ${prefix}`
            : undefined;
    if (reason !== undefined) {
      return outsideSubnets({ what: "gateway", value: gateway, reason, subnets });
    }
  }
  const lists = [
    ["range", wish.ranges],
    ["exclusion", wish.exclusions],
  ] as const;
  for (const [what, ranges] of lists) {
    const stray = ranges.find((range) => !subnets.some((prefix) => rangeInPrefix(range, prefix)));
    if (stray !== undefined) {
      const reason = "is not wholly inside one of its subnets";
      return outsideSubnets({ what, value: formatRange(stray), reason, subnets });
    }
  }
  return wish.routes.map((route) => routeProblem(route, subnets)).find((row) => row !== undefined);
}

function routeProblem({ to, via }: ExtraRoute, subnets: readonly Prefix[]): Problem | undefined {
  if (via === undefined) return undefined;
  const what = "gateway of a route";
  if (ipVersion(via) !== prefixVersion(to)) {
    const reason = `cannot lead to ${to}: IPv4 and IPv6 do not mix`;
    return outsideSubnets({ what, value: via, reason, subnets });
  }
  if (subnets.some((prefix) => prefixContains(prefix, via))) return undefined;
  const reason = "is in none of its subnets, so no endpoint could reach it";
  return outsideSubnets({ what, value: via, reason, subnets });
}

function rangeInPrefix(range: IpRange, prefix: Prefix): boolean {
  if (range.version !== prefixVersion(prefix)) return false;
  const whole = prefixRange(prefix);
  return range.first >= whole.first && range.last <= whole.last;
}

/**
 * The two addresses of an IPv4 prefix that no host may have (RFC 3021 makes an exception for /31).
 */
export function isEdge(ip: Ip, prefix: Prefix): boolean {
  const broadcast = broadcastAddress(prefix);
  return broadcast !== undefined && (ip === broadcast || ip === prefixIp(prefix));
}
