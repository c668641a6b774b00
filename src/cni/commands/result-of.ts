import {
  type InterfaceAddress,
  type Ip,
  interfaceAddress,
  ipVersion,
  prefixIp,
  prefixLength,
} from "../../addr/index.ts";
import type { EndpointRoute } from "../../domain/index.ts";
import { defaultPrefix } from "../../domain/index.ts";
import type { Attached } from "../../engine/index.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import type { CniResult, ResultRoute } from "../spec/result.ts";

/** What the result has beside what the engine says. */
export interface ResultFacts {
  readonly config: PluginConfig;
  /** Of the IPAM. */
  readonly routes: readonly ResultRoute[];
  /** As the runtime called it. */
  readonly sandbox: string;
}

/** The result of an ADD: one link, and its addresses. */
export function resultOf(
  { endpoint, mac, mtu, addresses }: Attached,
  { config, routes, sandbox }: ResultFacts,
): CniResult {
  return {
    interfaces: [{ name: endpoint.ifname, ...(mac === undefined ? {} : { mac }), mtu, sandbox }],
    ips: addresses.map((given) => ({ interface: 0, ...given })),
    routes:
      config.kind === "landfall"
        ? [...endpoint.gateways.map(defaultRoute), ...endpoint.routes.map(resultRoute)]
        : routes,
    dns: config.dns,
  };
}

function defaultRoute(gw: Ip): ResultRoute {
  return { dst: wholeOf(defaultPrefix(ipVersion(gw))), gw };
}

function resultRoute({ to, via, metric, table, scope }: EndpointRoute): ResultRoute {
  return {
    dst: wholeOf(to),
    ...(via === undefined ? {} : { gw: via }),
    ...(metric === undefined ? {} : { priority: metric }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function wholeOf(prefix: EndpointRoute["to"]): InterfaceAddress {
  return interfaceAddress(prefixIp(prefix), prefixLength(prefix));
}
