import {
  changeDriver,
  observeDriver,
  openConversation,
  type Permit,
  permitAlways,
} from "../attach/index.ts";
import { collect, ok, type Problem, type Result } from "../base/index.ts";
import { type Driver, type Endpoint, type Network, sandboxUnreachable } from "../domain/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { UpdateInFlight } from "./in-flight.ts";
import { confirmGone, findSandbox } from "./sandbox-side.ts";

/** Gives the link of an endpoint a driver; one that went with its sandbox needs nothing. */
export function changeLink(
  deps: EngineDeps,
  { endpoint, network }: { readonly endpoint: Endpoint; readonly network: Network },
  driver: Driver,
  permit: Permit,
): Result<void, Problem> {
  const found = findSandbox(deps, endpoint);
  if (!found.ok) return found;
  // A link that lives although nothing leads to its sandbox would keep its mode.
  if (found.value.kind === "gone") return confirmGone(deps, endpoint, network);
  using netns = found.value.netns;
  const conversation = openConversation(deps.platform, netns);
  if (!conversation.ok) return conversation;
  using inside = conversation.value;
  return changeDriver(inside, endpoint.link, driver, permit);
}

/** Gives links the former driver, goes on whatever happens, and returns all that went wrong. */
export function undoLinks(
  deps: EngineDeps,
  { operation, network, endpoints }: UpdateInFlight,
): readonly Problem[] {
  return endpoints.toReversed().flatMap((endpoint) => {
    const undone = changeLink(deps, { endpoint, network }, operation.before, permitAlways);
    // Nothing leads to it. It may have the new mode for ever, and must not stop all the others;
    // `status` tells of it.
    return undone.ok || undone.error.code === sandboxUnreachable.code ? [] : [undone.error];
  });
}

/** Whether at least one link shows that the driver has been changed, and none that it has not. */
export function isUpdated(
  deps: EngineDeps,
  { operation, network, endpoints }: UpdateInFlight,
): Result<boolean, Problem> {
  // A link that was still being made when the change was asked for has the former driver.
  if (endpoints.some(({ state }) => state !== "attached")) return ok(false);
  const observed = collect(
    endpoints.map((endpoint) => observeLinkDriver(deps, endpoint, network, operation.after)),
  );
  if (!observed.ok) return observed;
  const states = new Set(observed.value);
  return ok(states.has("same") && !states.has("other"));
}

function observeLinkDriver(
  deps: EngineDeps,
  endpoint: Endpoint,
  network: Network,
  driver: Driver,
): Result<"same" | "other" | "absent", Problem> {
  const found = findSandbox(deps, endpoint);
  if (!found.ok) return found;
  if (found.value.kind === "gone") {
    const gone = confirmGone(deps, endpoint, network);
    if (gone.ok) return ok("absent");
    return gone.error.code === sandboxUnreachable.code ? ok("other") : gone;
  }
  using netns = found.value.netns;
  const conversation = openConversation(deps.platform, netns);
  if (!conversation.ok) return conversation;
  using inside = conversation.value;
  return observeDriver(inside, endpoint.link, driver);
}
