import { type Mac, parseMac } from "../addr/index.ts";
import { err, type Problem, type Result } from "../base/index.ts";
import {
  checkNetwork,
  type Endpoint,
  type IfName,
  ids,
  type Network,
  type NetworkId,
  type NetworkName,
  type NetworkWish,
  type SandboxId,
  type StoreSalt,
  type StoreUuid,
  segmentOf,
} from "../domain/index.ts";
import { accepted, ip, prefix, range, wish } from "../domain/testing.ts";
import { fakePlatform } from "../platform/index.ts";
import { memoryStore } from "../store/index.ts";
import { Claims } from "./claims.ts";
import type { EngineDeps } from "./deps.ts";
import type { AttachRequest } from "./engine.ts";
import { memoryLocks } from "./operation-locks.ts";
import { planEndpoint, type Seen } from "./plan-endpoint.ts";
import { RecentParents } from "./recent-parents.ts";

/** Helpers of this folder's tests; product code must not import them. */

export const salt = "00ff" as StoreSalt;
export const mac = (text: string): Mac => accepted(parseMac(text));

/** An engine's ground without a kernel: planning must not need one. */
export function ground(): EngineDeps {
  const noKernel = {
    addNamespace: () => {},
    removeNamespace: () => {},
    open: () => err({ errno: "ENOSYS", call: "socket" }),
  };
  const platform = fakePlatform({ network: noKernel });
  const home = platform.namespaces.home();
  if (!home.ok) throw new Error(home.error.errno);
  return {
    platform,
    hostNamespace: home.value,
    store: memoryStore({ uuid: "uuid" as StoreUuid, salt }),
    ids: ids((count) => platform.random.bytes(count)),
    locks: memoryLocks(),
    claims: new Claims(),
    parents: new RecentParents(),
  };
}

export function network(name: string, parts: Partial<NetworkWish>): Network {
  const spec = accepted(checkNetwork(wish({ name: name as NetworkName, ...parts })));
  return {
    ...spec,
    id: `net-${name}` as NetworkId,
    segment: segmentOf({ parent: spec.parent }).name,
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

export const lan = network("lan", {
  subnets: [prefix("10.0.0.0/24"), prefix("fd00::/64")],
  gateways: [ip("10.0.0.1"), ip("fd00::1")],
  ranges: [range("10.0.0.100-10.0.0.200"), range("fd00::100-fd00::200")],
});

export const seen: Seen = {
  parent: {
    ifindex: 2,
    name: "eth0" as IfName,
    mac: mac("02:00:00:00:00:ff"),
    mtu: 1500,
    state: "up",
    addresses: [ip("10.0.0.100")],
    hostAddresses: [ip("10.0.0.100")],
  },
  sandbox: { id: "boot/2" as SandboxId, path: "/run/netns/web" },
  defaultRoutes: [],
};

export interface Case {
  readonly network?: Network;
  readonly request?: Partial<AttachRequest>;
  readonly seen?: Partial<Seen>;
  /** What is there already; each network of theirs must be given. */
  readonly others?: readonly Network[];
  readonly endpoints?: readonly Endpoint[];
}

/** Plans one endpoint on a store that holds what the case says. */
export function plan(given: Case, deps = ground()): Promise<Result<Endpoint, Problem>> {
  const target = given.network ?? lan;
  const request: AttachRequest = {
    network: target.name,
    sandbox: { netns: deps.hostNamespace, path: "/run/netns/web" },
    ifname: "lan0" as IfName,
    addresses: [],
    ...given.request,
  };
  return deps.store.transact((tx) => {
    for (const row of [target, ...(given.others ?? [])]) tx.networks.insert(row);
    for (const row of given.endpoints ?? []) tx.endpoints.insert(row);
    return planEndpoint(deps, tx, { request, network: target, seen: { ...seen, ...given.seen } });
  });
}

export const planned = async (given: Case): Promise<Endpoint> => accepted(await plan(given));
