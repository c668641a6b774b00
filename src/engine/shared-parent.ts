import type { Problem } from "../base/index.ts";
import { driversExclusive, formatDriver, ipvlanShared, type Network } from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";

/**
 * Refuses a network that cannot share its parent with one that is there: macvlan and ipvlan exclude
 * each other, and what one ipvlan network is, all are on that parent.
 */
export function refuseUnlikeSibling(tx: Transaction, network: Network): Problem | undefined {
  for (const other of tx.networks.bySegment(network.segment)) {
    const [driver, kind] = [formatDriver(network.driver), formatDriver(other.driver)];
    const facts = {
      parent: network.parent,
      network: network.name,
      driver,
      other: other.name,
      kind,
    };
    if (network.driver.kind !== other.driver.kind) return driversExclusive(facts);
    if (network.driver.kind === "ipvlan" && driver !== kind) return ipvlanShared(facts);
  }
  return undefined;
}
