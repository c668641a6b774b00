import { defined, mapResult, type Problem, type Result } from "../base/index.ts";
import type { Subnet } from "../domain/index.ts";
import type { Engine, NetworkView } from "../engine/index.ts";

/** A pool of a network that exists. */
export interface BoundPool {
  readonly view: NetworkView;
  readonly subnet: Subnet;
}

/** The network that Docker calls `id`, from the book each time: commands remove networks too. */
export async function findNetwork(
  engine: Engine,
  id: string,
): Promise<Result<NetworkView | undefined, Problem>> {
  return mapResult(await engine.listNetworks(), (views) =>
    views.find(({ network }) => network.origin?.id === id),
  );
}

/** The network and the subnet that Docker means by a pool's id. */
export async function findPool(
  engine: Engine,
  poolId: string,
): Promise<Result<BoundPool | undefined, Problem>> {
  return mapResult(await engine.listNetworks(), (views) => {
    for (const view of views) {
      const { origin, subnets } = view.network;
      const pool = origin?.pools.find(({ id }) => id === poolId);
      if (pool === undefined) continue;
      const subnet = subnets.find(({ prefix }) => prefix === pool.prefix);
      return { view, subnet: defined(subnet, "the subnet of a bound pool") };
    }
    return undefined;
  });
}
