import { type Prefix, prefixesOverlap } from "../addr/index.ts";
import { defined, err, ok, type Problem, type Result } from "../base/index.ts";
import {
  addressReserved,
  addressTaken,
  addressUnusable,
  type Network,
  type NetworkName,
  type NetworkSpec,
  networkExists,
  networkInUse,
  segmentOf,
  segmentWithin,
  subnetConflict,
} from "../domain/index.ts";
import { reservedBySiblings } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import { checkAgainstHost, type HostVerdict } from "./check-parent.ts";
import { type EngineDeps, missingNetwork } from "./deps.ts";
import type { NetworkView, OperationOptions } from "./engine.ts";
import { refuseDuringUpdate } from "./in-flight.ts";
import { makeParent, removeMadeParent } from "./made-parent.ts";
import { refuseBesidePassthru } from "./passthru.ts";
import { type Turn, takeTurn } from "./settle.ts";
import { refuseUnlikeSibling } from "./shared-parent.ts";

/**
 * Records a network, and what `withRecord` writes together with it; the kernel is asked whether it
 * could work, and not changed.
 */
export async function createNetwork(
  deps: EngineDeps,
  wish: NetworkSpec,
  withRecord: (tx: Transaction, network: Network) => void = () => {},
): Promise<Result<NetworkView, Problem>> {
  const verdict = verdictOf(deps, wish);
  if (!verdict.ok) return verdict;
  const { spec, warnings, parentChecks } = verdict.value;
  const segment = segmentWithin(verdict.value.segment, spec.driver);
  const wanted: Network = {
    ...spec,
    id: deps.ids.network(),
    segment: segment.name,
    createdAt: deps.platform.clock.wall().toISOString(),
    ...(parentChecks === undefined ? {} : { parentChecks }),
  };
  const recorded = await deps.store.transact((tx) => {
    if (tx.networks.byName(spec.name)) return err(networkExists({ network: spec.name }));
    const conflict =
      conflictOf(tx, wanted) ??
      refuseUnlikeSibling(tx, wanted) ??
      refuseBesidePassthru(tx, wanted) ??
      reservationConflict(tx, wanted);
    if (conflict !== undefined) return err(conflict);
    const network = withSharedGateways(tx, wanted);
    if (tx.segments.get(segment.name) === undefined) tx.segments.insert(segment);
    tx.networks.insert(network);
    withRecord(tx, network);
    return ok({ network, endpoints: [], ...(warnings.length === 0 ? {} : { warnings }) });
  });
  if (!recorded.ok) return recorded;
  // After the record: a process that dies here leaves a network that makes its parent when needed.
  const made = await makeParent(deps, recorded.value.network);
  if (made.ok) return recorded;
  await deps.store.transact((tx) => ok(forget(tx, recorded.value.network)));
  return made;
}

function verdictOf(deps: EngineDeps, spec: NetworkSpec): Result<HostVerdict, Problem> {
  const isOnHost = spec.parentLink !== "made" && spec.parentPlace !== "sandbox";
  if (isOnHost) return checkAgainstHost(deps, spec);
  return ok({ spec, segment: segmentOf(spec), warnings: [] });
}

/** Two different prefixes that overlap cannot both be right on one wire; the same one is shared. */
function conflictOf(tx: Transaction, { segment, subnets }: Network): Problem | undefined {
  for (const other of tx.networks.bySegment(segment)) {
    for (const { prefix } of subnets) {
      const clash = other.subnets.find((row) => differs(row.prefix, prefix));
      if (clash === undefined) continue;
      return subnetConflict({ prefix, segment, network: other.name, other: clash.prefix });
    }
  }
  return undefined;
}

/** A reservation that could not be kept: another's reservation or gateway, or given already. */
function reservationConflict(tx: Transaction, network: Network): Problem | undefined {
  const sibling = reservedBySiblings(tx, network);
  if (sibling !== undefined) {
    const { address, workload } = sibling;
    return addressReserved({ address, workload, network: sibling.network.name });
  }
  const others = tx.networks.bySegment(network.segment);
  for (const { address } of network.reservations ?? []) {
    const routed = others.find((row) => row.subnets.some(({ gateway }) => gateway === address));
    if (routed !== undefined) {
      return addressUnusable({ address, network: routed.name, reason: "is a gateway" });
    }
    const holder = tx.leases.get(network.segment, address);
    if (holder === undefined) continue;
    const owner = defined(tx.networks.get(holder.network), "network of the lease").name;
    return addressTaken({ address, endpoint: holder.endpoint, network: owner });
  }
  return undefined;
}

/** Networks on one prefix of one wire have one router: who names none gets the others'. */
function withSharedGateways(tx: Transaction, network: Network): Network {
  const known = tx.networks.bySegment(network.segment).flatMap((other) => other.subnets);
  const subnets = network.subnets.map((subnet) => {
    const sibling = known.find((row) => row.prefix === subnet.prefix && row.gateway !== undefined);
    const gateway = subnet.gateway ?? sibling?.gateway;
    return gateway === undefined ? subnet : { ...subnet, gateway };
  });
  return { ...network, subnets };
}

function differs(a: Prefix, b: Prefix): boolean {
  return a !== b && prefixesOverlap(a, b);
}

/** Forgets a network that nothing hangs on any more. */
export function removeNetwork(
  deps: EngineDeps,
  name: NetworkName,
  { signal }: OperationOptions = {},
): Promise<Result<NetworkView, Problem>> {
  const find: Turn["find"] = (tx) => {
    const network = tx.networks.byName(name);
    return network === undefined ? undefined : tx.operations.byNetwork(network.id)[0];
  };
  return takeTurn(deps, { find, signal }, () => forgetNetwork(deps, name));
}

async function forgetNetwork(
  deps: EngineDeps,
  name: NetworkName,
): Promise<Result<NetworkView, Problem>> {
  const found = await deps.store.transact((tx) => findUnused(tx, name));
  if (!found.ok) return found;
  // Before the record goes, which alone tells whose the link is; an attach would make it anew.
  const parent = await removeMadeParent(deps, found.value);
  if (!parent.ok) return parent;
  return await deps.store.transact((tx) => {
    const network = findUnused(tx, name);
    if (!network.ok) return network;
    forget(tx, network.value);
    return ok({ network: network.value, endpoints: [] });
  });
}

/** The network, if nothing hangs on it and nobody works on it. */
function findUnused(tx: Transaction, name: NetworkName): Result<Network, Problem> {
  const network = tx.networks.byName(name);
  if (network === undefined) return err(missingNetwork(tx, name));
  const busy = refuseDuringUpdate(tx, network);
  if (busy !== undefined) return err(busy);
  const endpoints = tx.endpoints.byNetwork(network.id);
  if (endpoints.length === 0) return ok(network);
  return err(networkInUse({ network: name, endpoints: endpoints.map(({ id }) => id) }));
}

function forget(tx: Transaction, { id, segment }: Network): void {
  tx.networks.remove(id);
  if (tx.networks.bySegment(segment).length === 0) tx.segments.remove(segment);
}

export function listNetworks(deps: EngineDeps): Promise<Result<readonly NetworkView[], Problem>> {
  return deps.store.transact((tx) => ok(tx.networks.all().map((network) => viewOf(tx, network))));
}

export function inspectNetwork(
  deps: EngineDeps,
  name: NetworkName,
): Promise<Result<NetworkView, Problem>> {
  return deps.store.transact((tx) => {
    const network = tx.networks.byName(name);
    return network === undefined ? err(missingNetwork(tx, name)) : ok(viewOf(tx, network));
  });
}

function viewOf(tx: Transaction, network: Network): NetworkView {
  return { network, endpoints: tx.endpoints.byNetwork(network.id).map(({ id }) => id) };
}
