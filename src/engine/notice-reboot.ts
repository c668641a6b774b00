import { ok, type Problem, type Result } from "../base/index.ts";
import { collectEndpoint } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import { listInFlight } from "./in-flight.ts";
import { removeFiles } from "./sandbox-side.ts";
import { endIfDead } from "./settle.ts";

/** Does something when it is certain that the book holds nothing of an earlier boot. */
export type AfterReboot = <T>(
  work: () => Promise<Result<T, Problem>>,
) => Promise<Result<T, Problem>>;

/** Notices a reboot once: no boot ends while an engine of it is open. A failure is tried again. */
export function onceNoticed(deps: EngineDeps): AfterReboot {
  let noticed: ReturnType<typeof noticeReboot> | undefined;
  return async (work) => {
    noticed ??= noticeReboot(deps);
    const notice = await noticed;
    if (notice.ok) return await work();
    noticed = undefined;
    return notice;
  };
}

/**
 * Takes what an earlier boot left out of the book, so that workloads that come back find the
 * addresses they had free. Nothing of another boot can be alive.
 */
async function noticeReboot(deps: EngineDeps): Promise<Result<void, Problem>> {
  const { bootId } = deps.platform.process;
  const found = await deps.store.transact((tx) => ok(tx.endpoints.ofOtherBoots(bootId)));
  if (!found.ok || found.value.length === 0) return found.ok ? ok() : found;
  // Other address managers' files outlive a boot, too.
  for (const endpoint of found.value) {
    const removed = endpoint.state === "attached" ? await removeFiles(deps, endpoint) : ok();
    if (!removed.ok) return removed;
  }
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
