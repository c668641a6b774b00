import {
  type InterfaceAddress,
  type Ip,
  interfaceAddressIp,
  interfaceAddressPrefix,
  ipVersion,
  prefixVersion,
  rangeContains,
} from "../../addr/index.ts";
import { ok, type Result } from "../../base/index.ts";
import type { EndpointRoute } from "../../domain/index.ts";
import type {
  AddressSet,
  AttachmentAddressing,
  GivenAddress,
  RoutesOf,
} from "../../engine/index.ts";
import type { HostLocalConfig } from "../conf/ipam.ts";
import { requestedOfSets } from "../conf/requested.ts";
import type { CniError } from "../spec/error.ts";
import type { ResultIp, ResultRoute } from "../spec/result.ts";

/** What an attachment is to get of the IPAM that its configuration names. */
export interface AddressPlan {
  readonly addressing: AttachmentAddressing;
  /** As the result tells them. */
  readonly routes: readonly ResultRoute[];
  /** Where `host-local`'s files are to be. */
  readonly directory?: string;
}

/** One address of each set of `host-local`. */
export function planSets(config: HostLocalConfig): Result<AddressPlan, CniError> {
  const requested = requestedOfSets(config);
  if (!requested.ok) return requested;
  const sets = config.sets.map((pools, index): AddressSet => {
    const wish = requested.value[index];
    return { index, pools, ...(wish === undefined ? {} : { requested: wish }) };
  });
  const { routes, directory } = config;
  return ok({ addressing: { kind: "sets", sets }, routes, directory });
}

/** Addresses that somebody else chose. */
export function planGiven(
  ips: readonly Pick<ResultIp, "address" | "gateway">[],
  routes: readonly ResultRoute[],
): AddressPlan {
  const addresses = ips.map(
    ({ address, gateway }): GivenAddress => ({
      address,
      ...(gateway === undefined ? {} : { gateway }),
    }),
  );
  return { addressing: { kind: "given", addresses }, routes };
}

/** The routes of an attachment, when its addresses are known. */
export function routesOf({ addressing, routes }: AddressPlan): RoutesOf {
  return (addresses) => {
    const gateways = addresses.flatMap((address) => gatewayOf(addressing, address) ?? []);
    return routes.map((route) => endpointRoute(route, gateways));
  };
}

function gatewayOf(addressing: AttachmentAddressing, address: InterfaceAddress): Ip | undefined {
  if (addressing.kind === "given") {
    return addressing.addresses.find((given) => given.address === address)?.gateway;
  }
  if (addressing.kind !== "sets") return undefined;
  const ip = interfaceAddressIp(address);
  const pools = addressing.sets.flatMap((set) => set.pools);
  return pools.find(({ range }) => rangeContains(range, ip))?.gateway;
}

/** A route as the kernel is to have it: by its own gateway, or by the first of its IP version. */
function endpointRoute(route: ResultRoute, gateways: readonly Ip[]): EndpointRoute {
  const to = interfaceAddressPrefix(route.dst);
  const via = route.gw ?? gateways.find((gateway) => ipVersion(gateway) === prefixVersion(to));
  const { priority, table, scope } = route;
  return {
    to,
    ...(via === undefined ? {} : { via }),
    ...(priority === undefined ? {} : { metric: priority }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope }),
  };
}
