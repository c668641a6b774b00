import { defined, mapResult, type Problem, type Result } from "../base/index.ts";
import { dockerOrigin, type Network, type Subnet } from "../domain/index.ts";
import type { Handover } from "../engine/index.ts";

/** A pool of a network that exists. */
export interface BoundPool {
  readonly network: Network;
  readonly subnet: Subnet;
}

/** The network that Docker calls `id`, from the book each time: commands remove networks too. */
export async function findNetwork(
  handover: Handover,
  id: string,
): Promise<Result<Network | undefined, Problem>> {
  return mapResult(await handover.listNetworks(), (networks) =>
    networks.find((network) => dockerOrigin(network)?.id === id),
  );
}

/** The network and the subnet that Docker means by a pool's id. */
export async function findPool(
  handover: Handover,
  poolId: string,
): Promise<Result<BoundPool | undefined, Problem>> {
  return mapResult(await handover.listNetworks(), (networks) => {
    for (const network of networks) {
      const pool = dockerOrigin(network)?.pools.find(({ id }) => id === poolId);
      if (pool === undefined) continue;
      const subnet = network.subnets.find(({ prefix }) => prefix === pool.prefix);
      return { network, subnet: defined(subnet, "the subnet of a bound pool") };
    }
    return undefined;
  });
}
