import { ok } from "../base/index.ts";
import { ids } from "../domain/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import type { Store } from "../store/index.ts";
import { attachEndpoint } from "./attach-endpoint.ts";
import type { EngineDeps } from "./deps.ts";
import { detachEndpoint } from "./detach-endpoint.ts";
import type { Engine } from "./engine.ts";
import { listLeases, releaseLease } from "./leases.ts";
import { createNetwork, inspectNetwork, listNetworks, removeNetwork } from "./networks.ts";

export interface EngineOptions {
  readonly platform: Platform;
  /** The namespace that the parents are in. */
  readonly hostNamespace: NetnsHandle;
  readonly store: Store;
}

/**
 * The engine of one host. Two engines with their own stores and namespaces know nothing of each
 * other.
 */
export function openEngine(options: EngineOptions): Engine {
  const deps: EngineDeps = {
    ...options,
    ids: ids((count) => options.platform.random.bytes(count)),
  };
  return {
    createNetwork: (spec) => createNetwork(deps, spec),
    removeNetwork: (name) => removeNetwork(deps, name),
    listNetworks: () => listNetworks(deps),
    inspectNetwork: (name) => inspectNetwork(deps, name),
    attach: (request) => attachEndpoint(deps, request),
    detach: (selector) => detachEndpoint(deps, selector),
    listLeases: () => listLeases(deps),
    releaseLease: (selector) => releaseLease(deps, selector),
    listEndpoints: () =>
      deps.store.transact((tx) =>
        ok(
          tx.endpoints.all().flatMap((endpoint) => {
            const network = tx.networks.get(endpoint.network)?.name;
            return network === undefined ? [] : [{ endpoint, network }];
          }),
        ),
      ),
  };
}
