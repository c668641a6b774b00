import { defined } from "../base/index.ts";
import { type Endpoint, type EndpointId, type Moment, restUntil } from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";

/** Takes every address of an endpoint out of the book, as if it had never been there. */
export function releaseAddresses(tx: Transaction, endpoint: EndpointId): void {
  for (const lease of tx.leases.byEndpoint(endpoint)) {
    tx.leases.remove(lease.segment, lease.address);
  }
}

/**
 * Ends the leases of an endpoint whose link is gone: its addresses rest, and its workload is
 * remembered with them.
 */
export function restAddresses(tx: Transaction, endpoint: Endpoint, now: Moment): void {
  tx.leases.endRests(now);
  const { workload } = endpoint;
  const network = defined(tx.networks.get(endpoint.network), "network of the endpoint");
  const leases = tx.leases.byEndpoint(endpoint.id);
  for (const lease of leases) {
    tx.leases.rest({
      ...lease,
      network: network.name,
      bootId: now.bootId,
      until: restUntil(now),
      ...(workload === undefined ? {} : { workload }),
    });
  }
  if (workload === undefined || leases.length === 0) return;
  const addresses = leases.map((lease) => lease.address);
  tx.former.remember({ network: network.id, workload, addresses });
}
