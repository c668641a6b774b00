import { type Millis, seconds } from "../base/index.ts";
import type { Clock } from "../platform/index.ts";
import type { Listener } from "./listen.ts";

/** How long requests that are under way may take to end when they are asked to. */
const PATIENCE: Millis = seconds(10);

/**
 * Stops at once, and resolves when nothing is under way. Requests that do not end in time are
 * called off by `ending`, and undo what they did.
 */
export async function drain(
  clock: Clock,
  listener: Listener,
  ending: AbortController,
): Promise<void> {
  const drained = new AbortController();
  const stopped = listener.stop().finally(() => drained.abort());
  await clock.sleep(PATIENCE, drained.signal);
  ending.abort();
  await stopped;
}
