import {
  type InterfaceAddress,
  type Ip,
  type IpVersion,
  type Prefix,
  parseIp,
  prefixLength,
} from "../addr/index.ts";
import { assert, err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName, LinkIdentity } from "../domain/index.ts";
import {
  getLink,
  getRoute,
  type Link,
  listAddressesOf,
  MAIN_TABLE,
  type Route,
  type Rtnetlink,
} from "../netlink/index.ts";
import { mainRoutes } from "./main-routes.ts";
import { refusalProblem } from "./refusals.ts";

/** The link with this name or ifindex in the sandbox, or undefined. */
export function observeLink(
  sandbox: Rtnetlink,
  key: { readonly name: IfName } | { readonly ifindex: number },
): Result<Link | undefined, Problem> {
  const found = sandbox.request(getLink(key));
  if (found.ok) return ok(found.value);
  if (found.error.errno === "ENODEV") return ok(undefined);
  return err(refusalProblem(found.error, "look for a link in the sandbox"));
}

/**
 * What stands at the ifindex of a link that we meant to make: nothing, ours, or somebody else's.
 * The alias says whose it is; before it could be set, name and MAC do, at an ifindex that was drawn
 * by lot.
 */
export function observeOwnLink(
  sandbox: Rtnetlink,
  identity: LinkIdentity,
): Result<OwnLinkState, Problem> {
  const link = observeLink(sandbox, { ifindex: identity.ifindex });
  if (!link.ok) return link;
  if (link.value === undefined) return ok({ kind: "absent" });
  const ours = link.value.alias === identity.alias || isUnmarked(link.value, identity);
  return ok(ours ? { kind: "ours", link: link.value } : { kind: "foreign" });
}

/** As it is made. */
function isUnmarked({ alias = "", name, mac }: Link, made: LinkIdentity): boolean {
  if (alias !== "" || name !== made.madeAs) return false;
  return made.mac === undefined || mac === made.mac;
}

/** What stands where a link of ours should. */
type OwnLinkState =
  | { readonly kind: "absent" }
  | { readonly kind: "foreign" }
  | { readonly kind: "ours"; readonly link: Link };

/** The addresses of one link of the sandbox. */
export function observeAddresses(
  sandbox: Rtnetlink,
  ifindex: number,
): Result<readonly ObservedAddress[], Problem> {
  const addresses = sandbox.dump(listAddressesOf({ ifindex }));
  if (!addresses.ok) return err(refusalProblem(addresses.error, "list addresses of the sandbox"));
  return ok(
    addresses.value.map(({ address, flags }) => ({
      address,
      use: useOf(flags),
    })),
  );
}

/**
 * An address, and whether the kernel found that another machine has it, or is about to find out
 * (RFC 4862 section 5.4).
 */
export interface ObservedAddress {
  readonly address: InterfaceAddress;
  readonly use: "free" | "conflict" | "in doubt";
}

function useOf(flags: readonly unknown[]): ObservedAddress["use"] {
  if (flags.includes("dadfailed")) return "conflict";
  return flags.includes("tentative") ? "in doubt" : "free";
}

/** Where the routes of one link of the sandbox lead, in the main table. */
export function observeRoutes(
  sandbox: Rtnetlink,
  ifindex: number,
): Result<readonly Prefix[], Problem> {
  const routes = mainRoutes(sandbox, { link: { ifindex } });
  if (!routes.ok) return err(refusalProblem(routes.error, "list routes of the sandbox"));
  const own = routes.value.filter((row) => row.ifindex === ifindex && row.table === MAIN_TABLE);
  return ok(own.map((row) => row.to));
}

/** Which of these IP versions the sandbox has a default route for already. */
export function observeDefaultRoutes(
  sandbox: Rtnetlink,
  versions: readonly IpVersion[],
): Result<readonly IpVersion[], Problem> {
  const found: IpVersion[] = [];
  for (const version of new Set(versions)) {
    const present = hasDefaultRoute(sandbox, version);
    if (!present.ok) return present;
    if (present.value) found.push(version);
  }
  return ok(found);
}

/** Where nobody is, and usually no route but the default leads: RFC 5737 and RFC 3849. */
const nowhere = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;

/** No route, one that refuses (RTN_UNREACHABLE and the like), or no such IP version here. */
const noRoute: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EACCES",
  "EINVAL",
  "EOPNOTSUPP",
]);

function hasDefaultRoute(sandbox: Rtnetlink, version: IpVersion): Result<boolean, Problem> {
  // One question instead of a list that grows with the links of the sandbox.
  const route = sandbox.request(getRoute(literalIp(nowhere[version])));
  if (route.ok && isDefault(route.value)) return ok(true);
  if (!route.ok && !noRoute.has(route.error.errno)) {
    return err(refusalProblem(route.error, "look for a route of the sandbox"));
  }
  // A longer route, or a rule that hides the main table, says nothing about the default route.
  const routes = mainRoutes(sandbox, { version });
  if (!routes.ok) return err(refusalProblem(routes.error, "list routes of the sandbox"));
  return ok(routes.value.some(isDefault));
}

function isDefault(route: Route): boolean {
  return prefixLength(route.to) === 0 && route.table === MAIN_TABLE && route.type === "unicast";
}

function literalIp(text: string): Ip {
  const ip = parseIp(text);
  assert(ip.ok, `${text} is an address`);
  return ip.value;
}
