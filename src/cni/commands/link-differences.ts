import { interfaceAddressPrefix } from "../../addr/index.ts";
import {
  type Endpoint,
  type EndpointRoute,
  isDefaultRoute,
  vlanLinkName,
} from "../../domain/index.ts";
import type { ObservedLink } from "../../engine/index.ts";
import type { PluginConfig } from "../conf/plugin.ts";

import type { ResultInterface, ResultIp, ResultRoute } from "../spec/result.ts";

/** What the link of an attachment is to be. */
export interface ExpectedLink {
  readonly config: PluginConfig;
  /** As `prevResult` has it. */
  readonly link: ResultInterface;
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  /** In the book; absent where other plugins made it. */
  readonly endpoint: Endpoint | undefined;
}

/** In what a link is not as it is to be, each as a clause; empty where all is well. */
export function linkDifferences(expected: ExpectedLink, found: ObservedLink): readonly string[] {
  return [
    ...kindDifferences(expected, found),
    ...settingDifferences(expected, found),
    ...addressDifferences(expected, found),
    ...routeDifferences(expected, found),
  ];
}

function kindDifferences({ config }: ExpectedLink, found: ObservedLink): string[] {
  const { kind, mode, parent, vlanId } = found;
  if (config.kind === "landfall") return [];
  if (kind !== config.kind) return [`it is of kind ${kind}, not ${config.kind}`];
  const differences: string[] = [];
  if (config.kind === "vlan") {
    if (vlanId !== config.vlanId) differences.push(`it has VLAN ${vlanId}, not ${config.vlanId}`);
  } else if (mode !== config.driver.mode) {
    differences.push(`it is in mode ${mode}, not ${config.driver.mode}`);
  }
  const wanted = parentNameOf(config);
  if (wanted !== undefined && parent !== undefined && parent !== wanted) {
    differences.push(`it hangs on ${parent}, not on ${wanted}`);
  }
  return differences;
}

function parentNameOf(config: Exclude<PluginConfig, { kind: "landfall" }>): string | undefined {
  if (config.parent === undefined || config.kind === "vlan") return config.parent;
  const { vlan: tags, parent: on } = config;
  return tags.length === 0 ? on : vlanLinkName({ on, tags });
}

function settingDifferences({ config, link }: ExpectedLink, found: ObservedLink): string[] {
  const differences: string[] = [];
  const mac = link.mac?.toLowerCase();
  if (mac !== undefined && found.mac !== undefined && found.mac !== mac) {
    differences.push(`its MAC is ${found.mac}, not ${mac}`);
  }
  const mtu = "mtu" in config ? config.mtu : undefined;
  if (mtu !== undefined && found.mtu !== mtu) {
    differences.push(`its MTU is ${found.mtu}, not ${mtu}`);
  }
  if (found.state !== "up") differences.push("it is down");
  return differences;
}

function addressDifferences({ ips, endpoint }: ExpectedLink, found: ObservedLink): string[] {
  const missing = ips
    .filter(({ address }) => !found.addresses.some((one) => one.address === address))
    .map(({ address }) => `it lacks ${address}`);
  const duplicates = found.addresses
    .filter(({ duplicate }) => duplicate)
    .map(({ address }) => `another machine has ${address}`);
  const unrecorded =
    endpoint === undefined
      ? []
      : ips
          .filter(({ address }) => !endpoint.addresses.includes(address))
          .map(({ address }) => `${address} is not recorded as its own`);
  return [...missing, ...duplicates, ...unrecorded];
}

function routeDifferences({ routes }: ExpectedLink, found: ObservedLink): string[] {
  return routes.flatMap((route) => {
    const to = interfaceAddressPrefix(route.dst);
    if (found.routes.some((one) => isSameRoute(route, one))) return [];
    const via = route.gw === undefined ? "" : ` via ${route.gw}`;
    return [`it lacks the route to ${to}${via}`];
  });
}

/** As the reference compares: the gateway of a default route may be another. */
function isSameRoute(wanted: ResultRoute, found: EndpointRoute): boolean {
  const to = interfaceAddressPrefix(wanted.dst);
  if (found.to !== to) return false;
  if (wanted.priority !== undefined && found.metric !== wanted.priority) return false;
  if (wanted.table !== undefined && (found.table ?? MAIN_TABLE) !== wanted.table) return false;
  return wanted.gw === undefined || isDefaultRoute(found) || found.via === wanted.gw;
}

/** RT_TABLE_MAIN (rtnetlink(7)). */
const MAIN_TABLE = 254;
