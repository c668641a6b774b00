import type { Ip, Mac } from "../../addr/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import {
  checkNetwork,
  type NetworkSpec,
  parseDriver,
  parseIfName,
  parseMtu,
  parseNetworkName,
  parseWorkloadName,
  type Reservation,
} from "../../domain/index.ts";
import type { EndpointView, Engine } from "../../engine/index.ts";
import type { LanNetwork, ScenarioNetwork } from "../format/scenario.ts";
import { labUnsupported } from "../lab-problems.ts";
import type { RunningNode } from "./lab.ts";

/** Makes a network of a scenario with the host's engine; returns what it warned of. */
export async function createScenarioNetwork(
  engine: Engine,
  network: ScenarioNetwork,
): Promise<Result<readonly Problem[], Problem>> {
  if (network.driver === "docker-bridge") {
    const what = `a docker-bridge without Docker (network ${network.name})`;
    return err(labUnsupported({ what }));
  }
  const spec = specOf(network);
  if (!spec.ok) return spec;
  const created = await engine.createNetwork(spec.value);
  return mapResult(created, ({ warnings = [] }) => warnings);
}

/** The engine's words for a network; options that it does not drive are told, never dropped. */
function specOf(network: LanNetwork): Result<NetworkSpec, Problem> {
  const { mode, flag, bcqueuelen } = network;
  const driver = parseDriver({
    kind: network.driver,
    sources: network.source,
    ...(mode === undefined ? {} : { mode }),
    ...(flag === undefined ? {} : { flag }),
    ...(bcqueuelen === undefined ? {} : { bcQueueLen: bcqueuelen }),
  });
  if (!driver.ok) return driver;
  const driven = checkDriven(network);
  if (!driven.ok) return driven;
  const name = parseNetworkName(network.name);
  if (!name.ok) return name;
  const parent = parseIfName(network.parent);
  if (!parent.ok) return parent;
  const mtu = network.mtu === undefined ? undefined : parseMtu(network.mtu);
  if (mtu !== undefined && !mtu.ok) return mtu;
  const reservations = reservationsOf(network);
  if (!reservations.ok) return reservations;
  const { subnets, gateways, ranges, exclude, routes, internal, vlan } = network;
  return checkNetwork({
    name: name.value,
    parent: parent.value,
    driver: driver.value,
    subnets,
    gateways,
    ranges,
    exclusions: exclude,
    reservations: reservations.value,
    routes,
    reach: internal ? "internal" : "routed",
    ...(mtu === undefined ? {} : { mtu: mtu.value }),
    ...(vlan === undefined ? {} : { vlan }),
  });
}

function reservationsOf(network: LanNetwork): Result<readonly Reservation[], Problem> {
  const groups = Object.entries(network.reservations).map(([name, addresses]) =>
    mapResult(parseWorkloadName(name), (workload) =>
      addresses.map((address) => ({ workload, address })),
    ),
  );
  return mapResult(collect(groups), (rows) => rows.flat());
}

/** Refuses options that no door of this version drives. */
export function checkDriven(network: LanNetwork): Result<void, Problem> {
  const { addressing, conflictCheck, hostAccess } = network;
  const asked: readonly (readonly [string, boolean])[] = [
    [`addressing ${addressing}`, addressing !== "pool"],
    [`conflictCheck ${conflictCheck}`, conflictCheck !== undefined && conflictCheck !== "off"],
    [`hostAccess ${hostAccess}`, hostAccess !== undefined && hostAccess !== "none"],
  ];
  const what = asked.find(([, present]) => present)?.[0];
  return what === undefined
    ? ok()
    : err(labUnsupported({ what: `${what} (network ${network.name})` }));
}

/** What a container asks of one network. */
export interface ContainerAttachment {
  readonly network: string;
  readonly ifname: string;
  readonly ips: readonly Ip[];
  readonly mac?: Mac;
  readonly defaultRoute?: boolean;
  readonly tap?: boolean;
}

/** Attaches a container through the `attach` door: the engine, by the container's namespace. */
export async function attachContainer(
  engine: Engine,
  container: RunningNode,
  wish: ContainerAttachment,
): Promise<Result<EndpointView, Problem>> {
  const network = parseNetworkName(wish.network);
  if (!network.ok) return network;
  const ifname = parseIfName(wish.ifname);
  if (!ifname.ok) return ifname;
  const workload = parseWorkloadName(container.name);
  if (!workload.ok) return workload;
  const { netns } = container;
  return engine.attach({
    network: network.value,
    sandbox: { netns, path: `/proc/${process.pid}/fd/${netns.fd}` },
    ifname: ifname.value,
    addresses: wish.ips,
    workload: workload.value,
    ...(wish.mac === undefined ? {} : { mac: wish.mac }),
    ...(wish.tap === true ? { linkKind: "tap" } : {}),
    ...(wish.defaultRoute === false ? { defaultRoute: "never" } : {}),
  });
}
