import { type Ip, interfaceAddressPrefix, ipVersion, prefixVersion } from "../../addr/index.ts";
import { ok, type Result } from "../../base/index.ts";
import type { EndpointRoute } from "../../domain/index.ts";
import type { AddressSet, AttachmentAddressing, GivenAddress } from "../../engine/index.ts";
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

/** The gateways that routes without one may lead to, in the order of the addresses. */
export function gatewaysOf({ addressing }: AddressPlan): readonly Ip[] {
  switch (addressing.kind) {
    case "given":
      return addressing.addresses.flatMap(({ gateway }) => gateway ?? []);
    case "sets":
      return addressing.sets.flatMap(({ pools }) => pools[0]?.gateway ?? []);
    default:
      return [];
  }
}

/** A route as the kernel is to have it: by its own gateway, or by the first of its IP version. */
export function endpointRoute(route: ResultRoute, gateways: readonly Ip[]): EndpointRoute {
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
