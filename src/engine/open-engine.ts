import { ok } from "../base/index.ts";
import { ids } from "../domain/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import type { Store } from "../store/index.ts";
import { attachEndpoint } from "./attach-endpoint.ts";
import type { Attachments } from "./attachments.ts";
import { Claims } from "./claims.ts";
import { detachEndpoint } from "./detach-endpoint.ts";
import type { Engine } from "./engine.ts";
import { findDrift } from "./find-drift.ts";
import type { Handover } from "./handover.ts";
import { type HostFacts, openHostFacts } from "./host-facts.ts";
import { listLeases, releaseLease } from "./leases.ts";
import { createNetwork, inspectNetwork, listNetworks, removeNetwork } from "./networks.ts";
import { onceNoticed } from "./notice-reboot.ts";
import { openAttachments } from "./open-attachments.ts";
import { openHandover } from "./open-handover.ts";
import { memoryLocks, type OperationLocks } from "./operation-locks.ts";
import { RecentParents } from "./recent-parents.ts";
import { reconcile } from "./reconcile.ts";
import { updateNetwork } from "./update-network.ts";

export interface EngineOptions {
  readonly platform: Platform;
  /** The namespace that the parents are in. */
  readonly hostNamespace: NetnsHandle;
  readonly store: Store;
  /**
   * Where operations in flight are known to other processes; absent: nobody else has this store.
   */
  readonly locks?: OperationLocks;
}

/**
 * An engine in this process, which also serves runtimes: those that move links themselves, and
 * those that name what they attach.
 */
export interface LocalEngine extends Engine {
  readonly handover: Handover;
  readonly facts: HostFacts;
  readonly attachments: Attachments;
}

/**
 * The engine of one host. Two engines with their own stores and namespaces know nothing of each
 * other.
 */
export function openEngine(options: EngineOptions): LocalEngine {
  const { platform, locks = memoryLocks() } = options;
  const own = {
    ...{ locks, claims: new Claims(), parents: new RecentParents() },
    ids: ids((count) => platform.random.bytes(count)),
  };
  const deps = { ...options, ...own };
  const afterReboot = onceNoticed(deps);
  return {
    handover: openHandover(deps, afterReboot),
    facts: openHostFacts(deps),
    attachments: openAttachments(deps, afterReboot),
    createNetwork: (spec) => createNetwork(deps, spec),
    updateNetwork: (change, how) => updateNetwork(deps, change, how),
    removeNetwork: (name, how) => removeNetwork(deps, name, how),
    listNetworks: () => listNetworks(deps),
    inspectNetwork: (name) => inspectNetwork(deps, name),
    attach: (request) => afterReboot(() => attachEndpoint(deps, request)),
    detach: (selector, detachOptions) => detachEndpoint(deps, selector, detachOptions),
    status: () => findDrift(deps),
    reconcile: (options) => reconcile(deps, options),
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
