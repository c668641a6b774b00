import { defined } from "../base/index.ts";
import type { Endpoint, EndpointOperation, Network, NetworkUpdate } from "../domain/index.ts";
import { releaseAddresses, restAddresses } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import type { EndpointView, NetworkView } from "./engine.ts";

/** The outcome of an attach: the endpoint is attached, the operation is over. */
export function recordAttached(tx: Transaction, operation: EndpointOperation): EndpointView {
  const row = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
  const network = defined(tx.networks.get(operation.network), "network of the operation");
  const endpoint: Endpoint = { ...row, state: "attached" };
  tx.endpoints.replace(endpoint);
  tx.operations.remove(operation);
  const { parentChecks, ...checked } = network;
  // The parent was there and passed, or nothing would be attached to it.
  if (parentChecks !== undefined) tx.networks.replace(checked);
  return { endpoint, network: network.name };
}

/**
 * The outcome of a detach, and of what was undone: no link of the endpoint is left. What was in use
 * rests; what never was can be given at once. Of an attach of another boot only the intent may have
 * survived, so it may have been in use.
 */
export function recordGone(
  deps: EngineDeps,
  tx: Transaction,
  operation: EndpointOperation,
): EndpointView {
  const endpoint = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
  const network = defined(tx.networks.get(operation.network), "network of the operation");
  tx.operations.remove(operation);
  if (operation.kind === "restore") {
    // It is where it was before: in the book, and without a link.
    const former: Endpoint = { ...endpoint, state: "attached" };
    tx.endpoints.replace(former);
    return { endpoint: former, network: network.name };
  }
  const wasInUse = operation.kind === "detach" || operation.bootId !== deps.platform.process.bootId;
  if (wasInUse) restAddresses(tx, endpoint, momentOf(deps));
  else releaseAddresses(tx, endpoint.id);
  tx.endpoints.remove(endpoint.id);
  return { endpoint: { ...endpoint, state: "detached" }, network: network.name };
}

/** The outcome of a change of a network: it has the new driver, the operation is over. */
export function recordUpdated(tx: Transaction, operation: NetworkUpdate): NetworkView {
  const row = defined(tx.networks.get(operation.network), "network of the operation");
  const network: Network = { ...row, driver: operation.after };
  tx.networks.replace(network);
  tx.operations.remove(operation);
  return { network, endpoints: tx.endpoints.byNetwork(network.id).map(({ id }) => id) };
}

/** The outcome of a change that was undone: the network never had another driver. */
export function recordNotUpdated(tx: Transaction, operation: NetworkUpdate): void {
  tx.operations.remove(operation);
}

/** Takes an endpoint whose sandbox is gone out of the book. */
export function collectEndpoint(deps: EngineDeps, tx: Transaction, endpoint: Endpoint): void {
  restAddresses(tx, endpoint, momentOf(deps));
  tx.endpoints.remove(endpoint.id);
}
