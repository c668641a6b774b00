import { type Mac, macFromBytes } from "../addr/index.ts";
import type { NetworkId, StoreSalt } from "../domain/index.ts";

/** What a derived MAC address depends on; the same input gives the same address for ever. */
export interface MacSeed {
  readonly salt: StoreSalt;
  readonly network: NetworkId;
  /** The workload's name, or its address where it has no name. */
  readonly key: string;
  /** 0 at first; counts up while the address drawn is taken. */
  readonly attempt: number;
}

const MULTICAST_BIT = 0x01;
const LOCALLY_ADMINISTERED_BIT = 0x02;

/**
 * A MAC address that stays with a workload across restarts and differs from host to host: the
 * store's salt goes in. Locally administered and unicast (IEEE 802, section 8.2).
 */
export function deriveMac({ salt, network, key, attempt }: MacSeed): Mac {
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(JSON.stringify([salt, network, key, attempt]));
  const bytes = new Uint8Array(hasher.digest().buffer.slice(0, 6));
  bytes[0] = ((bytes[0] ?? 0) & ~MULTICAST_BIT) | LOCALLY_ADMINISTERED_BIT;
  return macFromBytes(bytes);
}
