import { ok, type Problem, type Result } from "../base/index.ts";
import {
  describeOperation,
  type Endpoint,
  type EndpointOperation,
  type Network,
  type NetworkId,
  type NetworkUpdate,
  networkBusy,
  type Operation,
  ownerBusy,
} from "../domain/index.ts";
import type { Book } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";

/** An operation in flight with the rows that it is about. */
export type InFlight = EndpointInFlight | UpdateInFlight;

export interface EndpointInFlight {
  readonly subject: "endpoint";
  readonly operation: EndpointOperation;
  readonly endpoint: Endpoint;
  readonly network: Network;
}

export interface UpdateInFlight {
  readonly subject: "network";
  readonly operation: NetworkUpdate;
  readonly network: Network;
  /** Whose links are to be changed. */
  readonly endpoints: readonly Endpoint[];
}

/** Operations in flight, those of a network together. */
export function listInFlight(deps: EngineDeps): Promise<Result<readonly InFlight[], Problem>> {
  return deps.store.read((book) =>
    ok(book.operations.all().flatMap((operation) => inFlightOf(book, operation) ?? [])),
  );
}

/** The rows of an operation; undefined when one of them is gone. */
export function inFlightOf(book: Book, operation: Operation): InFlight | undefined {
  const network = book.networks.get(operation.network);
  if (network === undefined) return undefined;
  if (operation.kind === "update-network") {
    const endpoints = book.endpoints.byNetwork(network.id);
    return { subject: "network", operation, network, endpoints };
  }
  const endpoint = book.endpoints.get(operation.endpoint);
  if (endpoint === undefined) return undefined;
  return { subject: "endpoint", operation, endpoint, network };
}

/** What changes an endpoint now: an operation on it, or on its whole network. */
export function operationOn(book: Book, endpoint: Endpoint | undefined): Operation | undefined {
  if (endpoint === undefined) return undefined;
  return book.operations
    .byNetwork(endpoint.network)
    .find((row) => row.kind === "update-network" || row.endpoint === endpoint.id);
}

/** The change of a network that is in flight; at most one. */
export function updateOf(book: Book, network: NetworkId | undefined): NetworkUpdate | undefined {
  if (network === undefined) return undefined;
  return book.operations.byNetwork(network).find((row) => row.kind === "update-network");
}

/** Why one has to wait for it. */
export function busyProblem(inFlight: InFlight): Problem {
  const operation = describeOperation(inFlight.operation);
  if (inFlight.subject === "network") {
    return networkBusy({ network: inFlight.network.name, operation });
  }
  const { sandbox, ifname } = inFlight.endpoint;
  return ownerBusy({ sandbox: sandbox.path, ifname, operation });
}

/** Refuses what must wait until the change of a network has ended. */
export function refuseDuringUpdate(book: Book, { id, name }: Network): Problem | undefined {
  const update = updateOf(book, id);
  if (update === undefined) return undefined;
  return networkBusy({ network: name, operation: describeOperation(update) });
}
