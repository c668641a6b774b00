import { millis, ok, type Problem, type Result, seconds } from "../base/index.ts";
import { endpointMissing, sandboxUnreachable } from "../domain/index.ts";
import type { EngineDeps } from "./deps.ts";
import { type DetachSelector, type DetachTurn, detachEndpoint } from "./detach-endpoint.ts";
import type { EndpointView } from "./engine.ts";

/**
 * The kernel takes a namespace down some time after its last user has left, and runtimes, which ask
 * at once and some of them only once, would not hear a refusal.
 */
const PATIENCE = seconds(2);
const PAUSE = millis(20);

/** As `detachEndpoint`, for runtimes: nothing left is a success. */
export async function detachPatiently(
  deps: EngineDeps,
  selector: DetachSelector,
  { signal, found }: DetachTurn = {},
): Promise<Result<EndpointView | undefined, Problem>> {
  const { clock } = deps.platform;
  const deadline = clock.boottime() + PATIENCE;
  const detach = (seen?: DetachTurn) => detachEndpoint(deps, selector, { signal, ...seen });
  let gone = await detach({ found });
  while (!gone.ok && gone.error.code === sandboxUnreachable.code && clock.boottime() < deadline) {
    await clock.sleep(PAUSE, signal);
    gone = await detach();
  }
  // Somebody else took it away meanwhile, or it never was.
  if (!gone.ok && gone.error.code === endpointMissing.code) return ok(undefined);
  return gone;
}
