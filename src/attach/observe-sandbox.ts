import {
  type InterfaceAddress,
  type IpVersion,
  type Prefix,
  prefixLength,
  prefixVersion,
} from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName, LinkIdentity } from "../domain/index.ts";
import {
  getLink,
  type Link,
  listAddressesOf,
  listRoutes,
  MAIN_TABLE,
  type Rtnetlink,
} from "../netlink/index.ts";
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
 * The alias says whose it is; before it could be set, the name that nobody else would choose does.
 */
export function observeOwnLink(
  sandbox: Rtnetlink,
  identity: LinkIdentity,
): Result<OwnLinkState, Problem> {
  const link = observeLink(sandbox, { ifindex: identity.ifindex });
  if (!link.ok) return link;
  if (link.value === undefined) return ok({ kind: "absent" });
  const { alias, name } = link.value;
  const ours = alias === identity.alias || name === identity.temporaryName;
  return ok(ours ? { kind: "ours", link: link.value } : { kind: "foreign" });
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
      use: flags.includes("dadfailed") ? "conflict" : "free",
    })),
  );
}

/** An address, and whether the kernel found that another machine has it (RFC 4862 section 5.4). */
export interface ObservedAddress {
  readonly address: InterfaceAddress;
  readonly use: "free" | "conflict";
}

/** Where the routes of one link of the sandbox lead, in the main table. */
export function observeRoutes(
  sandbox: Rtnetlink,
  ifindex: number,
): Result<readonly Prefix[], Problem> {
  const routes = sandbox.dump(listRoutes());
  if (!routes.ok) return err(refusalProblem(routes.error, "list routes of the sandbox"));
  const own = routes.value.filter((row) => row.ifindex === ifindex && row.table === MAIN_TABLE);
  return ok(own.map((row) => row.to));
}

/** The IP versions for which the sandbox has a default route already. */
export function observeDefaultRoutes(sandbox: Rtnetlink): Result<readonly IpVersion[], Problem> {
  const routes = sandbox.dump(listRoutes());
  if (!routes.ok) return err(refusalProblem(routes.error, "list routes of the sandbox"));
  const defaults = routes.value.filter(
    (route) =>
      prefixLength(route.to) === 0 && route.table === MAIN_TABLE && route.type === "unicast",
  );
  return ok([...new Set(defaults.map((route) => prefixVersion(route.to)))]);
}
