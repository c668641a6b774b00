import { z } from "@hono/zod-openapi";
import {
  checkNetwork,
  type ExtraRoute,
  type NetworkSpec,
  parseDriver,
  type Reservation,
} from "../domain/index.ts";
import * as value from "./values.ts";

export const route = z
  .strictObject({ to: value.prefix, via: value.address.optional() })
  .transform(({ to, via }): ExtraRoute => ({ to, ...(via === undefined ? {} : { via }) }))
  .openapi("Route");

export const reservation = z
  .strictObject({ workload: value.workloadName, address: value.address })
  .transform((row): Reservation => row)
  .openapi("Reservation");

const subnet = z
  .strictObject({
    prefix: value.prefix,
    gateway: value.address.optional(),
    ranges: z.array(value.range).optional(),
    exclusions: z.array(value.range).optional(),
  })
  .openapi("SubnetRequest");

/** How a network is asked for. */
const networkWish = z
  .strictObject({
    name: value.networkName,
    parent: value.ifname,
    vlan: z.array(value.vlanTag).optional(),
    driver: z.string().optional(),
    mode: z.string().optional(),
    flag: z.string().optional(),
    sources: z.array(value.mac).optional(),
    bcQueueLen: z.number().optional(),
    subnets: z.array(subnet),
    reservations: z.array(reservation).optional(),
    routes: z.array(route).optional(),
    mtu: value.mtu.optional(),
    internal: z.boolean().optional(),
  })
  .openapi("NetworkRequest");

/** A network that can be made, from one that is asked for. */
export const networkRequest = networkWish.transform((wish, context): NetworkSpec => {
  const { driver: kind = "macvlan", mode, flag, sources, bcQueueLen } = wish;
  const driver = parseDriver({ kind, ...given({ mode, flag, sources, bcQueueLen }) });
  if (!driver.ok) return value.read(driver, context);
  const { name, parent, vlan, subnets, reservations, routes = [], mtu, internal } = wish;
  const spec = checkNetwork({
    ...{ name, parent, routes, driver: driver.value },
    subnets: subnets.map(({ prefix }) => prefix),
    gateways: subnets.flatMap(({ gateway }) => gateway ?? []),
    ranges: subnets.flatMap(({ ranges }) => ranges ?? []),
    exclusions: subnets.flatMap(({ exclusions }) => exclusions ?? []),
    reach: internal === true ? "internal" : "routed",
    ...given({ reservations, mtu, vlan }),
  });
  return value.read(spec, context);
});

/** What to change of a network. */
export const networkChange = z
  .strictObject({ mode: z.string().optional(), sources: z.array(value.mac).optional() })
  .transform(given)
  .openapi("NetworkChange");

/** Where a sandbox is, and which one is meant: another may stand at the same path by now. */
const sandboxReference = {
  sandbox: z.string().min(1).openapi({ example: "/run/netns/web" }),
  /** SO_NETNS_COOKIE in decimal; JSON numbers have too few bits. */
  cookie: z.string().regex(/^\d+$/).optional(),
};

/** How an endpoint is asked for. */
export const endpointRequest = z
  .strictObject({
    network: value.networkName,
    ...sandboxReference,
    ifname: value.ifname.optional(),
    addresses: z.array(value.address).optional(),
    mac: value.mac.optional(),
    workload: value.workloadName.optional(),
    linkKind: z.literal("tap").optional(),
    defaultRoute: z.enum(["when-missing", "never"]).optional(),
  })
  .transform(given)
  .openapi("EndpointRequest");

/** An endpoint as it is seen from its sandbox. */
export const ownerQuery = z
  .strictObject({ ...sandboxReference, ifname: value.ifname })
  .transform(given);

/** An address on one segment, or wherever it is. */
export const leaseQuery = z
  .strictObject({ segment: value.segmentName.optional() })
  .transform(given);

/** Without the keys that were left out: absent and undefined are not the same to the engine. */
export function given<T extends object>(record: T): Given<T> {
  const pairs = Object.entries(record).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(pairs) as Given<T>;
}

type Given<T> = {
  [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key];
} & { [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined> };
