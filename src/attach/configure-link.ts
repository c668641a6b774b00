import { interfaceAddressIp, ipVersion, prefixVersion } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressOnSibling,
  type ConfigureLink,
  defaultPrefix,
  describeStep,
  type EndpointRoute,
  ifnameTaken,
  isDefaultRoute,
  macTaken,
} from "../domain/index.ts";
import {
  addAddress,
  addRoute,
  type Link,
  MAIN_TABLE,
  type NetlinkRefusal,
  prependRoute,
  type Request,
  type RouteSpec,
  setLink,
} from "../netlink/index.ts";
import type { AttachContext } from "./context.ts";
import {
  observeAddresses,
  observeDefaultRoutes,
  observeOwnLink,
  observeRoutes,
} from "./observe-sandbox.ts";
import { callProblem, refusalProblem } from "./refusals.ts";
import type { StepHandler, StepState } from "./step.ts";

/** Gives the link its alias, name, addresses and routes, sets it up, and has it announced. */
export const configureLink: StepHandler<ConfigureLink> = {
  observe: (step, context) => {
    const own = observeOwnLink(context.sandbox, step.link);
    if (!own.ok) return own;
    if (own.value.kind !== "ours") return ok(own.value.kind === "foreign" ? "foreign" : "undone");
    return progressOf(step, own.value.link, context);
  },
  do: async (step, context, permit) => {
    const prepared = prepareIpv6(step, context);
    if (!prepared.ok) return prepared;
    const mayMark = permit(describeStep(step));
    if (!mayMark.ok) return mayMark;
    const marked = context.sandbox.request(markRequest(step));
    if (!marked.ok) return err(problemOf(marked.error, step));
    const mayConfigure = permit(describeStep(step));
    if (!mayConfigure.ok) return mayConfigure;
    const wanted = requestsFor(step);
    for (const [index, answer] of context.sandbox.execute(wanted).entries()) {
      // Another endpoint of the sandbox was quicker, since it was looked at: it has its default.
      const isDefault = index >= wanted.length - defaultRoutes(step).length;
      const isServed = isDefault && step.routing !== "given";
      if (!answer.ok && !(isServed && answer.error.errno === "EEXIST")) {
        return err(problemOf(answer.error, step));
      }
    }
    return ok();
  },
  // The link goes with the step that made it, and all of this with the link.
  undo: async () => ok(),
};

/**
 * What IPv6 addresses need of the link. They are kept when it is set down, as those of IPv4 are.
 * One announcement for each, when the kernel has made sure that it is unique: before that, an
 * advertisement would claim an address that is still in doubt (RFC 4862 section 5.4).
 */
function prepareIpv6(
  step: ConfigureLink,
  { platform, sandboxNetns }: AttachContext,
): Result<void, Problem> {
  if (!step.addresses.some((address) => ipVersion(interfaceAddressIp(address)) === 6)) return ok();
  for (const [name, value] of ipv6Settings) {
    const key = `net/ipv6/conf/${step.link.temporaryName}/${name}`;
    const written = platform.files.writeSysctl(sandboxNetns, key, value);
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

/**
 * The alias, alone and first: a link that lost its temporary name while the alias was refused would
 * be nobody's, and stay when this is undone.
 */
function markRequest({ link }: ConfigureLink): Request {
  const made = { ifindex: link.ifindex, name: link.temporaryName };
  return setLink({ link: made, alias: link.alias });
}

/**
 * The rest in one send. IPv4 addresses come before the link is up, so that arp_notify announces
 * them; IPv6 addresses after, since the kernel adds no route for them while the link is down;
 * routes follow, when their gateways are on the link, and the default routes are last.
 */
function requestsFor(step: ConfigureLink): Request[] {
  const link = { ifindex: step.link.ifindex, name: step.ifname };
  const made = { ifindex: step.link.ifindex, name: step.link.temporaryName };
  const addresses = (version: 4 | 6): Request[] =>
    step.addresses
      .filter((address) => ipVersion(interfaceAddressIp(address)) === version)
      .map((address) => addAddress({ link, address }));
  return [
    setLink({ link: made, name: step.ifname, inet: { arpNotify: 1 } }),
    ...addresses(4),
    setLink({ link, state: "up" }),
    ...addresses(6),
    ...[...step.routes.filter((route) => !isDefaultRoute(route)), ...defaultRoutes(step)].map(
      (route) => routeRequest(step, route),
    ),
  ];
}

function routeRequest({ link, ifname, routing }: ConfigureLink, route: EndpointRoute): Request {
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
function defaultRoutes({ routes, gateways }: ConfigureLink): readonly EndpointRoute[] {
  const routed = gateways.map((via) => ({ to: defaultPrefix(ipVersion(via)), via }));
  return [...routed, ...routes.filter(isDefaultRoute)];
}

function problemOf(refusal: NetlinkRefusal, step: ConfigureLink): Problem {
  if (refusal.errno === "EEXIST" && refusal.command.includes(" name ")) {
    return ifnameTaken({ ifname: step.ifname, sandbox: "The sandbox" });
  }
  if (refusal.errno === "EADDRINUSE") {
    const { mac } = step.link;
    if (mac !== undefined) return macTaken({ mac, owner: "another link on the parent" });
    return addressOnSibling({ addresses: step.addresses });
  }
  return refusalProblem(refusal, `set up ${step.ifname}`);
}

/** Done only when name, alias, state and every address and route are as planned. */
function progressOf(
  step: ConfigureLink,
  link: Link,
  { sandbox }: AttachContext,
): Result<StepState, Problem> {
  const observed = observeAddresses(sandbox, link.ifindex);
  if (!observed.ok) return observed;
  const present: readonly string[] = observed.value.map(({ address }) => address);
  const routed = observeRoutes(sandbox, link.ifindex);
  if (!routed.ok) return routed;
  const mainDefaults = defaultRoutes(step).filter(isInMainTable);
  const defaults = observeDefaultRoutes(
    sandbox,
    mainDefaults.map(({ to }) => prefixVersion(to)),
  );
  if (!defaults.ok) return defaults;
  const facts = [
    link.name === step.ifname,
    link.alias === step.link.alias,
    link.state === "up",
    ...step.addresses.map((address) => present.includes(address)),
    ...step.routes
      .filter((route) => !isDefaultRoute(route) && isInMainTable(route))
      .map(({ to }) => routed.value.includes(to)),
    ...mainDefaults.map(({ to }) => defaults.value.includes(prefixVersion(to))),
  ];
  if (facts.every((fact) => fact)) return ok("done");
  return ok(facts.some((fact) => fact) ? "partial" : "undone");
}

/** What goes by a table of the user's own is not looked for. */
function isInMainTable({ table = MAIN_TABLE }: EndpointRoute): boolean {
  return table === MAIN_TABLE;
}
