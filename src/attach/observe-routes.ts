import { type Prefix, prefixContains, prefixContainsPrefix, prefixLength } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { subnetRoutedElsewhere } from "../domain/index.ts";
import { getLink, MAIN_TABLE, type Route, type Rtnetlink } from "../netlink/index.ts";
import { mainRoutes } from "./main-routes.ts";
import type { Parent } from "./observe-parent.ts";
import { refusalProblem } from "./refusals.ts";

/** Refuses a prefix that the host reaches through another link than the parent. */
export function checkHostRoutes(
  host: Rtnetlink,
  parent: Parent,
  prefixes: readonly Prefix[],
): Result<void, Problem> {
  const routes = mainRoutes(host);
  if (!routes.ok) return err(refusalProblem(routes.error, "list routes"));
  for (const prefix of prefixes) {
    const foreign = routeElsewhere(routes.value.filter(isUnicast), parent, prefix);
    if (foreign === undefined) continue;
    const device = nameOf(host, foreign.ifindex);
    return err(subnetRoutedElsewhere({ prefix, parent: parent.name, route: foreign.to, device }));
  }
  return ok();
}

/**
 * Link-local and multicast prefixes are on every link, so they say nothing about where a LAN is.
 */
const everywhere = ["fe80::/64", "ff00::/8"];

function isUnicast(route: Route): boolean {
  if (route.table !== MAIN_TABLE || route.type !== "unicast") return false;
  return route.ifindex !== undefined && !everywhere.includes(route.to);
}

/**
 * A route by which the host would look for addresses of `prefix` elsewhere: one inside the prefix,
 * or the longest that holds it. The default route does not count; it catches what has no better
 * one.
 */
function routeElsewhere(
  routes: readonly Route[],
  parent: Parent,
  prefix: Prefix,
): Route | undefined {
  const inside = routes.find(
    (route) => route.ifindex !== parent.ifindex && isLonger(route.to, prefix),
  );
  if (inside !== undefined) return inside;
  const holding = routes.filter(
    (route) => prefixLength(route.to) > 0 && prefixContainsPrefix(route.to, prefix),
  );
  const longest = Math.max(...holding.map((route) => prefixLength(route.to)));
  const best = holding.filter((route) => prefixLength(route.to) === longest);
  if (best.some((route) => route.ifindex === parent.ifindex)) return undefined;
  // While a link is down the kernel keeps none of its routes; they come back with it.
  return parent.state === "down" && isConnected(parent, prefix) ? undefined : best[0];
}

function isConnected({ addresses }: Parent, prefix: Prefix): boolean {
  return addresses.some((address) => prefixContains(prefix, address));
}

function isLonger(inner: Prefix, outer: Prefix): boolean {
  return prefixLength(inner) > prefixLength(outer) && prefixContainsPrefix(outer, inner);
}

function nameOf(host: Rtnetlink, ifindex: number | undefined): string {
  const link = ifindex === undefined ? undefined : host.request(getLink({ ifindex }));
  return link?.ok ? link.value.name : `if${ifindex}`;
}
