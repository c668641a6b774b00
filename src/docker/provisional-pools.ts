import { type Ip, type Prefix, prefixContains } from "../addr/index.ts";
import { err, type Millis, minutes, ok, type Problem, type Result } from "../base/index.ts";
import { addressUnusable } from "../domain/index.ts";
import type { Clock } from "../platform/index.ts";
import { formatPoolId, type PoolName } from "./pool-id.ts";
import { poolUnknown } from "./problems.ts";

/** A pool that Docker asked for, and whose network it has not created yet. */
export interface ProvisionalPool {
  readonly id: string;
  readonly name: PoolName;
  readonly gateway?: Ip;
  /** Auxiliary addresses: Docker calls so what is not to be given to anybody. */
  readonly held: readonly Ip[];
  readonly since: Millis;
}

/** What a network that is created says of its pool. */
export interface PoolClues {
  readonly prefix: Prefix;
  readonly gateway?: Ip;
  readonly held: readonly Ip[];
}

/** Docker creates the network within seconds; one that it forgot is not taken for another. */
const FORGOTTEN_AFTER = minutes(2);
const POOLS_MAX = 256;

/**
 * Pools between the moment Docker asks for them and the moment it creates their network. In memory:
 * when the daemon ends in between, the network is refused, and Docker releases the pools.
 */
export class ProvisionalPools {
  readonly #clock: Pick<Clock, "boottime">;
  readonly #pools = new Map<string, ProvisionalPool>();

  constructor(clock: Pick<Clock, "boottime">) {
    this.#clock = clock;
  }

  add(name: PoolName): ProvisionalPool {
    this.#forgetOld();
    const pool = { id: formatPoolId(name), name, held: [], since: this.#clock.boottime() };
    this.#pools.set(pool.id, pool);
    const oldest = this.#pools.keys().next();
    if (this.#pools.size > POOLS_MAX && !oldest.done) this.#pools.delete(oldest.value);
    return pool;
  }

  get(id: string): ProvisionalPool | undefined {
    this.#forgetOld();
    return this.#pools.get(id);
  }

  drop(id: string): void {
    this.#pools.delete(id);
  }

  /** Notes the gateway; a second, different one is refused. */
  holdGateway(pool: ProvisionalPool, gateway: Ip): Result<void, Problem> {
    const { prefix } = pool.name;
    if (pool.gateway !== undefined && pool.gateway !== gateway) {
      return refuse(gateway, prefix, `is not its gateway ${pool.gateway}`);
    }
    if (!prefixContains(prefix, gateway)) return refuse(gateway, prefix, "is not in the subnet");
    if (pool.held.includes(gateway)) return refuse(gateway, prefix, "is an auxiliary address");
    this.#pools.set(pool.id, { ...pool, gateway });
    return ok();
  }

  /** Notes an auxiliary address, wherever in the subnet it is; asking again changes nothing. */
  hold(pool: ProvisionalPool, address: Ip): Result<void, Problem> {
    const { prefix } = pool.name;
    if (!prefixContains(prefix, address)) return refuse(address, prefix, "is not in the subnet");
    if (pool.gateway === address) return refuse(address, prefix, "is the gateway");
    const held = [...pool.held.filter((other) => other !== address), address];
    this.#pools.set(pool.id, { ...pool, held });
    return ok();
  }

  free(pool: ProvisionalPool, address: Ip): void {
    const { gateway, ...rest } = pool;
    const held = pool.held.filter((other) => other !== address);
    const kept = gateway === undefined || gateway === address ? {} : { gateway };
    this.#pools.set(pool.id, { ...rest, ...kept, held });
  }

  /**
   * The pools that a network can mean: Docker does not name it. A call that Docker repeated leaves
   * several that are alike; if they are not, nobody can say which it is.
   */
  match(clues: PoolClues): Result<readonly ProvisionalPool[], Problem> {
    this.#forgetOld();
    const { prefix } = clues;
    const same = [...this.#pools.values()].filter(({ name }) => name.prefix === prefix);
    const alike = same.filter((pool) => agrees(pool, clues));
    const found = alike.length > 0 ? alike : same;
    if (found.length === 0) {
      return err(poolUnknown({ pool: prefix, reason: "was not asked for, or too long ago" }));
    }
    if (new Set(found.map(({ name }) => name.subPool)).size > 1) {
      const reason = "was asked for with different ranges at once";
      return err(poolUnknown({ pool: prefix, reason }));
    }
    return ok(found);
  }

  #forgetOld(): void {
    const limit = this.#clock.boottime() - FORGOTTEN_AFTER;
    for (const pool of this.#pools.values()) {
      if (pool.since < limit) this.#pools.delete(pool.id);
    }
  }
}

function agrees(pool: ProvisionalPool, { gateway, held }: PoolClues): boolean {
  const holdsAll = held.every((ip) => pool.held.includes(ip));
  return pool.gateway === gateway && holdsAll && pool.held.length === new Set(held).size;
}

function refuse(address: Ip, prefix: Prefix, reason: string): Result<never, Problem> {
  return err(addressUnusable({ address, network: prefix, reason }));
}
