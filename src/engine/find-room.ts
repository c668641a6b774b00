import { mapResult, ok, type Problem, type Result } from "../base/index.ts";
import type { NetworkSpec } from "../domain/index.ts";
import { type AddressSet, acquireSets } from "../ipam/index.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import { findEnsured } from "./ensure-network.ts";
import { withoutGiving } from "./without-giving.ts";

/** See `Attachments.findRoom`. */
export function findRoom(
  deps: EngineDeps,
  spec: NetworkSpec,
  sets: readonly AddressSet[],
): Promise<Result<void, Problem>> {
  const now = momentOf(deps);
  return deps.store.transact((tx) => {
    const network = findEnsured(tx, spec);
    if (network === undefined) return ok();
    const endpoint = deps.ids.endpoint();
    const promised = deps.claims.on(network.segment, now.boottime).map(({ address }) => address);
    const request = { network, endpoint, hostAddresses: [], promised, now };
    return mapResult(acquireSets(withoutGiving(tx), request, sets), () => undefined);
  }, "process-end");
}
