import { type Ip, type Mac, parseIp, parsePrefix, parseRange } from "../addr/index.ts";
import { millis, ok, type Problem, type Result } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  IfName,
  Moment,
  Network,
  NetworkId,
  NetworkName,
  SandboxId,
  SegmentName,
  StoreSalt,
  StoreUuid,
  WorkloadName,
} from "../domain/index.ts";
import { memoryStore, type Store } from "../store/index.ts";
import { acquireAddresses } from "./acquire.ts";
import { releaseAddresses, restAddresses } from "./release.ts";

/** Helpers of this folder's tests; product code must not import them. */

export function must<T>(result: Result<T, Problem>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

export const ip = (text: string): Ip => must(parseIp(text));

export interface NetworkText {
  readonly subnets: readonly {
    readonly prefix: string;
    readonly gateway?: string;
    readonly ranges?: readonly string[];
    readonly exclusions?: readonly string[];
  }[];
  readonly reservations?: readonly (readonly [workload: string, address: string])[];
}

export function network(name: string, { subnets, reservations = [] }: NetworkText): Network {
  return {
    id: `net-${name}` as NetworkId,
    name: name as NetworkName,
    segment: "eth0" as SegmentName,
    parent: "eth0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: subnets.map((subnet) => ({
      prefix: must(parsePrefix(subnet.prefix)),
      ranges: (subnet.ranges ?? []).map((text) => must(parseRange(text))),
      exclusions: (subnet.exclusions ?? []).map((text) => must(parseRange(text))),
      ...(subnet.gateway === undefined ? {} : { gateway: ip(subnet.gateway) }),
    })),
    routes: [],
    reservations: reservations.map(([workload, address]) => {
      return { workload: workload as WorkloadName, address: ip(address) };
    }),
    reach: "routed",
    createdAt: "",
  };
}

function endpoint(id: string, on: Network, workload: string | undefined): Endpoint {
  return {
    id: id as EndpointId,
    network: on.id,
    sandbox: { id: id as SandboxId, path: "" },
    ifname: "eth0" as IfName,
    link: {
      ifindex: 1,
      madeAs: "lf" as IfName,
      mac: "" as Mac,
      alias: "" as Endpoint["link"]["alias"],
    },
    addresses: [],
    gateways: [],
    routes: [],
    state: "attached",
    createdAt: "",
    ...(workload === undefined ? {} : { workload: workload as WorkloadName }),
  };
}

export async function storeWith(...networks: readonly Network[]): Promise<Store> {
  const store = memoryStore({ uuid: "u" as StoreUuid, salt: "s" as StoreSalt });
  await store.transact((tx) => {
    for (const row of networks) tx.networks.insert(row);
    return ok();
  });
  return store;
}

/** A moment so many seconds after boot. */
export function after(secondsUp: number, bootId = "boot-1"): Moment {
  return { wall: "", boottime: millis(secondsUp * 1000), bootId };
}

interface Wish {
  readonly requested?: readonly string[];
  readonly host?: readonly string[];
  readonly id?: string;
  readonly workload?: string;
  readonly now?: Moment;
}

let count = 0;

/** What an endpoint is given, or the code of the problem. */
export async function acquire(store: Store, from: Network, wish: Wish = {}): Promise<string> {
  count += 1;
  const row = endpoint(wish.id ?? `ep-${count}`, from, wish.workload);
  const result = await store.transact((tx) => {
    tx.endpoints.insert(row);
    return acquireAddresses(tx, {
      network: from,
      endpoint: row.id,
      requested: (wish.requested ?? []).map(ip),
      hostAddresses: (wish.host ?? []).map(ip),
      now: wish.now ?? after(0),
      ...(row.workload === undefined ? {} : { workload: row.workload }),
    });
  });
  return result.ok ? result.value.join(" ") : result.error.code;
}

/** Undoes an attach. */
export async function release(store: Store, id: string): Promise<void> {
  await store.transact((tx) => {
    releaseAddresses(tx, id as EndpointId);
    tx.endpoints.remove(id as EndpointId);
    return ok();
  });
}

/** Detaches. */
export async function rest(store: Store, id: string, now = after(0)): Promise<void> {
  await store.transact((tx) => {
    const row = tx.endpoints.get(id as EndpointId);
    if (row === undefined) throw new Error(`no endpoint ${id}`);
    restAddresses(tx, row, now);
    tx.endpoints.remove(row.id);
    return ok();
  });
}
