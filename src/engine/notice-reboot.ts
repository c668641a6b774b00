import { ok, type Problem, type Result } from "../base/index.ts";
import { collectEndpoint } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import { listInFlight } from "./in-flight.ts";
import { endIfDead } from "./settle.ts";

/**
 * Takes what an earlier boot left out of the book, so that workloads that come back find the
 * addresses they had free. Nothing of another boot can be alive.
 */
export async function noticeReboot(deps: EngineDeps): Promise<Result<void, Problem>> {
  const { bootId } = deps.platform.process;
  const left = await deps.store.transact((tx) => {
    const earlier = tx.endpoints.ofOtherBoots(bootId);
    const settled = earlier.filter((endpoint) => endpoint.state === "attached");
    for (const endpoint of settled) collectEndpoint(deps, tx, endpoint);
    return ok(earlier.length - settled.length);
  });
  if (!left.ok) return left;
  return left.value === 0 ? ok() : await endOperationsOf(deps, bootId);
}

async function endOperationsOf(deps: EngineDeps, bootId: string): Promise<Result<void, Problem>> {
  const inFlight = await listInFlight(deps);
  if (!inFlight.ok) return inFlight;
  for (const row of inFlight.value) {
    if (row.operation.bootId === bootId) continue;
    const ended = await endIfDead(deps, row);
    if (!ended.ok) return ended;
  }
  return ok();
}
