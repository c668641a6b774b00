import {
  type Ip,
  type IpRange,
  interfaceAddressPrefix,
  type Prefix,
  parseInterfaceAddress,
  prefixLength,
  prefixRange,
  rangeOf,
} from "../addr/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  cancelled,
  checkNetwork,
  endpointMissing,
  isolatedParent,
  type Network,
  type NetworkName,
  type NetworkSpec,
  type NetworkWish,
  networkExists,
  networkMissing,
  parseNetworkName,
} from "../domain/index.ts";
import { findNetwork } from "./find-network.ts";
import { addressSpaces } from "./ipam-driver.ts";
import { type NetworkOptions, parseNetworkOptions } from "./network-options.ts";
import type { Answer, Call, Ports } from "./ports.ts";
import { type NetworkRequest, type PoolData, readAddress } from "./protocol.ts";
import type { ProvisionalPool } from "./provisional-pools.ts";

const GENERIC = "com.docker.network.generic";
const INTERNAL = "com.docker.network.internal";

/** NetworkDriver.CreateNetwork. */
export async function createNetwork(ports: Ports, request: NetworkRequest, call: Call): Answer {
  const before = await findNetwork(ports.handover, request.NetworkID);
  if (!before.ok || before.value !== undefined) return mapResult(before, () => ({}));
  const wanted = networkOf(ports, request);
  if (!wanted.ok) return wanted;
  const { spec, pools } = wanted.value;
  const created = await ports.engine.createNetwork(spec);
  if (!created.ok) return sameCallTwice(ports, request, created.error);
  if (call.signal.aborted) return await undo(ports, spec.name);
  for (const { id } of pools) ports.pools.drop(id);
  call.warn(created.value.warnings);
  return ok({});
}

/** Docker does not wait for it any more, and never deletes what it takes for refused. */
async function undo({ engine }: Ports, network: NetworkName): Answer {
  const what = `Creating network ${network}`;
  const removed = await engine.removeNetwork(network);
  return err(cancelled({ what }, removed.ok ? [] : [removed.error]));
}

/** Docker repeats a call whose answer it did not get, while the first may still be at work. */
async function sameCallTwice(
  { handover }: Ports,
  { NetworkID }: NetworkRequest,
  problem: Problem,
): Answer {
  if (problem.code !== networkExists.code) return err(problem);
  const found = await findNetwork(handover, NetworkID);
  return found.ok && found.value !== undefined ? ok({}) : err(problem);
}

interface Wanted {
  readonly spec: NetworkSpec;
  readonly pools: readonly ProvisionalPool[];
}

function networkOf(ports: Ports, request: NetworkRequest): Result<Wanted, Problem> {
  const options = parseNetworkOptions(request.Options[GENERIC]);
  if (!options.ok) return options;
  const name = nameOf(request, options.value);
  if (!name.ok) return name;
  const read = collect([...request.IPv4Data, ...request.IPv6Data].map((data) => subnetOf(data)));
  if (!read.ok) return read;
  const subnets = read.value.filter(({ prefix }) => prefixLength(prefix) > 0);
  const own = subnets.filter(({ space }) => ourSpaces.includes(space));
  const matched = collect(own.map((clues) => ports.pools.match(clues)));
  if (!matched.ok) return matched;
  const pools = matched.value.flat();
  const spec = checkNetwork({
    ...options.value,
    ...placeOf(request, options.value),
    name: name.value,
    subnets: subnets.map(({ prefix }) => prefix),
    gateways: subnets.flatMap(({ gateway }) => gateway ?? []),
    ranges: [...options.value.ranges, ...matched.value.flatMap(rangesOf)],
    exclusions: [...options.value.exclusions, ...subnets.flatMap(({ held }) => held.map(single))],
    addressing: subnets.length === 0 ? "none" : "pool",
    origin: {
      kind: "docker",
      id: request.NetworkID,
      pools: pools.map(({ id, name: { prefix } }) => ({ id, prefix })),
    },
  });
  return mapResult(spec, (checked) => ({ spec: checked, pools }));
}

/** Without a parent the network is on no LAN, as with Docker's own driver. */
function placeOf(
  { NetworkID, Options }: NetworkRequest,
  { parent }: NetworkOptions,
): Pick<NetworkWish, "parent" | "parentLink" | "reach"> {
  if (parent === undefined) {
    return { parent: isolatedParent(NetworkID), parentLink: "made", reach: "internal" };
  }
  return { parent, reach: Options[INTERNAL] === true ? "internal" : "routed" };
}

const ourSpaces: readonly (string | undefined)[] = Object.values(addressSpaces);

/** Docker does not tell its own name of the network. */
function nameOf(
  { NetworkID }: NetworkRequest,
  { name }: NetworkOptions,
): Result<NetworkName, Problem> {
  return name === undefined ? parseNetworkName(`docker-${NetworkID.slice(0, 12)}`) : ok(name);
}

interface GivenSubnet {
  readonly prefix: Prefix;
  readonly gateway?: Ip;
  readonly held: readonly Ip[];
  /** Whose pool it is: ours, or another address manager's. */
  readonly space: string | undefined;
}

/** One pool as Docker tells it. That of the null address manager is 0.0.0.0/0, or ::/0. */
function subnetOf({ AddressSpace, Pool, ...data }: PoolData): Result<GivenSubnet, Problem> {
  const prefix = mapResult(parseInterfaceAddress(Pool), interfaceAddressPrefix);
  if (!prefix.ok) return prefix;
  const held = collect(Object.values(data.AuxAddresses).map((text) => readAddress(text)));
  if (!held.ok) return held;
  const subnet = { prefix: prefix.value, held: held.value, space: AddressSpace };
  if (data.Gateway === undefined) return ok(subnet);
  return mapResult(readAddress(data.Gateway), (gateway) => ({ ...subnet, gateway }));
}

/** Alike pools have one range. */
function rangesOf([pool]: readonly ProvisionalPool[]): readonly IpRange[] {
  const subPool = pool?.name.subPool;
  return subPool === undefined ? [] : [prefixRange(subPool)];
}

function single(ip: Ip): IpRange {
  const range = rangeOf(ip, ip);
  if (!range.ok) throw new Error(range.error.detail);
  return range.value;
}

/** NetworkDriver.DeleteNetwork: with what Docker left on it, since Docker asks only once. */
export async function deleteNetwork(
  ports: Ports,
  { NetworkID }: { readonly NetworkID: string },
  { signal }: Call,
): Answer {
  const found = await findNetwork(ports.handover, NetworkID);
  if (!found.ok || found.value === undefined) return mapResult(found, () => ({}));
  const cleared = await withdrawAll(ports, found.value, signal);
  if (!cleared.ok) return cleared;
  const removed = await ports.engine.removeNetwork(found.value.name, { signal });
  return removed.ok || removed.error.code === networkMissing.code ? ok({}) : removed;
}

/** What Docker brought. What was attached by other means is in use, and the network stays. */
async function withdrawAll(
  { engine }: Ports,
  network: Network,
  signal: AbortSignal,
): Promise<Result<void, Problem>> {
  const listed = await engine.listEndpoints();
  if (!listed.ok) return listed;
  const own = listed.value.filter(({ endpoint }) => endpoint.network === network.id);
  for (const { endpoint } of own) {
    if (endpoint.sandbox.mover !== "docker") continue;
    const gone = await engine.detach({ kind: "id", id: endpoint.id }, { signal });
    if (!gone.ok && gone.error.code !== endpointMissing.code) return gone;
  }
  return ok();
}
