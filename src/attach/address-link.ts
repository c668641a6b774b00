import { interfaceAddressIp, ipVersion, prefixVersion } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressOnSibling,
  defaultPrefix,
  type EndpointRoute,
  ifnameTaken,
  isDefaultRoute,
  type LinkAddressing,
  macTaken,
} from "../domain/index.ts";
import {
  addAddress,
  addRoute,
  MAIN_TABLE,
  type NetlinkRefusal,
  prependRoute,
  type Request,
  type RouteSpec,
  type Rtnetlink,
} from "../netlink/index.ts";
import type { AttachContext } from "./context.ts";
import { observeAddresses, observeDefaultRoutes, observeRoutes } from "./observe-sandbox.ts";
import { callProblem, refusalProblem } from "./refusals.ts";

/**
 * What IPv6 addresses need of the link, which is called `name` now. They are kept when it is set
 * down, as those of IPv4 are. One announcement for each, when the kernel has made sure that it is
 * unique: before that, an advertisement would claim an address that is still in doubt (RFC 4862
 * section 5.4).
 */
export function prepareIpv6(
  { addresses }: LinkAddressing,
  name: string,
  { platform, sandboxNetns }: AttachContext,
): Result<void, Problem> {
  if (!addresses.some((address) => ipVersion(interfaceAddressIp(address)) === 6)) return ok();
  for (const [key, value] of ipv6Settings) {
    const path = `net/ipv6/conf/${name}/${key}`;
    const written = platform.files.writeSysctl(sandboxNetns, path, value);
    if (!written.ok) return err(callProblem(written.error, "prepare the link for IPv6"));
  }
  return ok();
}

/** Some runtimes switch IPv6 off in new namespaces. */
const ipv6Settings = [
  ["disable_ipv6", "0"],
  ["keep_addr_on_down", "1"],
  ["ndisc_notify", "1"],
] as const;

/** Gives the link its addresses of one IP version. */
export function addressRequests({ link, ifname, addresses }: LinkAddressing, version: 4 | 6) {
  const named = { ifindex: link.ifindex, name: ifname };
  return addresses
    .filter((address) => ipVersion(interfaceAddressIp(address)) === version)
    .map((address): Request => addAddress({ link: named, address }));
}

/** Gives it its routes, whose gateways are on the link; the default routes are last. */
export function routeRequests(wanted: LinkAddressing): readonly Request[] {
  const others = wanted.routes.filter((route) => !isDefaultRoute(route));
  return [...others, ...defaultRoutes(wanted)].map((route) => routeRequest(wanted, route));
}

function routeRequest({ link, ifname, routing }: LinkAddressing, route: EndpointRoute): Request {
  const { to, via: gateway, metric, table, scope } = route;
  const spec: RouteSpec = {
    to,
    link: { ifindex: link.ifindex, name: ifname },
    ...(gateway === undefined ? {} : { gateway }),
    ...(metric === undefined ? {} : { metric }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope }),
  };
  return routing === "given" ? prependRoute(spec) : addRoute(spec);
}

/** By a gateway, or by the link itself. */
function defaultRoutes({ routes, gateways }: LinkAddressing): readonly EndpointRoute[] {
  const routed = gateways.map((via) => ({ to: defaultPrefix(ipVersion(via)), via }));
  return [...routed, ...routes.filter(isDefaultRoute)];
}

/** Sends requests that end with those of `routeRequests`, all at once. */
export function sendAddressing(
  wanted: LinkAddressing,
  requests: readonly Request[],
  sandbox: Rtnetlink,
): Result<void, Problem> {
  const firstDefault = requests.length - defaultRoutes(wanted).length;
  for (const [index, answer] of sandbox.execute(requests).entries()) {
    // Another endpoint of the sandbox was quicker, since it was looked at: it has its default.
    const isServed = index >= firstDefault && wanted.routing !== "given";
    if (!answer.ok && !(isServed && answer.error.errno === "EEXIST")) {
      return err(addressingProblem(answer.error, wanted));
    }
  }
  return ok();
}

/** Why a link was not set up, in terms of what it was to have. */
export function addressingProblem(
  refusal: NetlinkRefusal,
  { link, ifname, addresses }: LinkAddressing,
): Problem {
  if (refusal.errno === "EEXIST" && refusal.command.includes(" name ")) {
    return ifnameTaken({ ifname, sandbox: "The sandbox" });
  }
  if (refusal.errno === "EADDRINUSE") {
    const { mac } = link;
    if (mac !== undefined) return macTaken({ mac, owner: "another link on the parent" });
    return addressOnSibling({ addresses });
  }
  return refusalProblem(refusal, `set up ${ifname}`);
}

/** For each address and route that is wanted, whether the link has it. */
export function observeAddressing(
  wanted: LinkAddressing,
  sandbox: Rtnetlink,
): Result<readonly boolean[], Problem> {
  const { ifindex } = wanted.link;
  const observed = observeAddresses(sandbox, ifindex);
  if (!observed.ok) return observed;
  const present: readonly string[] = observed.value.map(({ address }) => address);
  const routed = observeRoutes(sandbox, ifindex);
  if (!routed.ok) return routed;
  const mainDefaults = defaultRoutes(wanted).filter(isInMainTable);
  const defaults = observeDefaultRoutes(
    sandbox,
    mainDefaults.map(({ to }) => prefixVersion(to)),
  );
  if (!defaults.ok) return defaults;
  return ok([
    ...wanted.addresses.map((address) => present.includes(address)),
    ...wanted.routes
      .filter((route) => !isDefaultRoute(route) && isInMainTable(route))
      .map(({ to }) => routed.value.includes(to)),
    ...mainDefaults.map(({ to }) => defaults.value.includes(prefixVersion(to))),
  ]);
}

/** What goes by a table of the user's own is not looked for. */
function isInMainTable({ table = MAIN_TABLE }: EndpointRoute): boolean {
  return table === MAIN_TABLE;
}
