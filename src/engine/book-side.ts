import { defined } from "../base/index.ts";
import type { Endpoint, Operation } from "../domain/index.ts";
import { releaseAddresses, restAddresses } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import type { EndpointView } from "./engine.ts";

/** The outcome of an attach: the endpoint is attached, the operation is over. */
export function recordAttached(tx: Transaction, operation: Operation): EndpointView {
  const row = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
  const network = defined(tx.networks.get(operation.network), "network of the operation");
  const endpoint: Endpoint = { ...row, state: "attached" };
  tx.endpoints.replace(endpoint);
  tx.operations.remove(operation.id);
  const { parentChecks, ...checked } = network;
  // The parent was there and passed, or nothing would be attached to it.
  if (parentChecks !== undefined) tx.networks.replace(checked);
  return { endpoint, network: network.name };
}

/**
 * The outcome of a detach, and of an attach that was undone: nothing of the endpoint is left. What
 * was in use rests; what never was can be given at once.
 */
export function recordGone(deps: EngineDeps, tx: Transaction, operation: Operation): EndpointView {
  const endpoint = defined(tx.endpoints.get(operation.endpoint), "endpoint of the operation");
  const network = defined(tx.networks.get(operation.network), "network of the operation");
  tx.operations.remove(operation.id);
  if (operation.kind === "detach") restAddresses(tx, endpoint, momentOf(deps));
  else releaseAddresses(tx, endpoint.id);
  tx.endpoints.remove(endpoint.id);
  return { endpoint: { ...endpoint, state: "detached" }, network: network.name };
}

/** Takes an endpoint whose sandbox is gone out of the book. */
export function collectEndpoint(deps: EngineDeps, tx: Transaction, endpoint: Endpoint): void {
  restAddresses(tx, endpoint, momentOf(deps));
  tx.endpoints.remove(endpoint.id);
}
