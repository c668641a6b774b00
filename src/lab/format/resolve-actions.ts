import { unreachable } from "../../base/index.ts";
import type { Action } from "./actions.ts";
import { didYouMean } from "./did-you-mean.ts";
import {
  hasLink,
  listNodes,
  reportLink,
  reportUnplugged,
  resolveNode,
  type Scope,
} from "./resolve-references.ts";
import type { Path } from "./scenario-source.ts";

/** Reports every name of an action that leads nowhere. */
export function reportUnknownNames(scope: Scope, action: Action, place: Path): void {
  switch (action.kind) {
    case "attach":
    case "detach":
      reportUnknownContainer(scope, action, place);
      return;
    case "link": {
      const node = resolveNode(scope, action.node, place);
      if (node === undefined) return;
      if (action.change.kind === "plug") reportUnplugged(scope, { node, name: action.link, place });
      else if (!hasLink(scope, node, action.link)) {
        reportLink(scope, { node, name: action.link, place });
      }
      return;
    }
    case "network":
      reportUnknownNetwork(scope, action, place);
      return;
    case "container":
      reportUnknownContainer(scope, action, place);
      return;
    case "service":
    case "host":
      reportUnknown(scope, { what: "host", name: action.host, place });
      return;
    case "advertise":
      reportUnknown(scope, { what: "machine", name: action.machine, place });
      return;
    case "run":
      resolveNode(scope, action.node, place);
      return;
    case "flush-neighbours":
      if (action.node !== undefined) resolveNode(scope, action.node, place);
      return;
    case "wait":
      return;
    default:
      unreachable(action);
  }
}

/** Reports a network that a host does not have, or a host that the file does not. */
export function reportUnknownNetwork(
  { topology, report }: Scope,
  { network, host }: { readonly network: string; readonly host: string },
  place: Path,
): void {
  const hosts = topology.hosts.map(({ name }) => name);
  const spec = topology.hosts.find(({ name }) => name === host);
  if (spec === undefined) {
    report(place, `no host "${host}"${didYouMean(host, hosts)}`);
    return;
  }
  const known = spec.networks.map(({ name }) => name);
  if (known.includes(network)) return;
  report(place, `no network "${network}" on ${host}${didYouMean(network, known)}`);
}

/** Reports a host or machine that the file does not have. */
export function reportUnknown(
  { topology, report }: Scope,
  { what, name, place }: { what: "host" | "machine"; name: string; place: Path },
): void {
  const known = topology[`${what}s`].map((one) => one.name);
  if (!known.includes(name)) report(place, `no ${what} "${name}"${didYouMean(name, known)}`);
}

/** Reports a container that the file does not have, or a network that its host does not. */
export function reportUnknownContainer(
  scope: Scope,
  { container, network }: { readonly container: string; readonly network?: string },
  place: Path,
): void {
  const containers = listNodes(scope.topology).filter((node) => node.kind === "container");
  const node = containers.find(({ name }) => name === container);
  if (node === undefined) {
    const known = containers.map(({ name }) => name);
    scope.report(place, `no container "${container}"${didYouMean(container, known)}`);
    return;
  }
  const host = scope.topology.hosts.find(({ name }) => name === node.host);
  const known = host?.networks.map(({ name }) => name) ?? [];
  if (network === undefined || known.includes(network)) return;
  scope.report(place, `no network "${network}" on ${node.host}${didYouMean(network, known)}`);
}
