import { ok, type Problem, type Result } from "../base/index.ts";
import type { EndpointId } from "../domain/index.ts";
import { collectEndpoint } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import { removeFiles } from "./sandbox-side.ts";

/**
 * Takes an endpoint out of the book whose link was seen to be gone. "left" where somebody began to
 * work on it, or ended it, since it was looked at.
 */
export async function collectGone(
  deps: EngineDeps,
  id: EndpointId,
): Promise<Result<"done" | "left", Problem>> {
  const found = await deps.store.transact((tx) => ok(tx.endpoints.get(id)));
  if (!found.ok || found.value?.state !== "attached") return found.ok ? ok("left") : found;
  const removed = await removeFiles(deps, found.value);
  if (!removed.ok) return removed;
  return await deps.store.transact((tx) => {
    const row = tx.endpoints.get(id);
    if (row?.state !== "attached") return ok("left");
    collectEndpoint(deps, tx, row);
    return ok("done");
  });
}
