import { err, type Millis, ok, type Problem, type Result } from "../base/index.ts";
import { cancelled, deadlinePassed } from "../domain/index.ts";
import type { Clock } from "../platform/index.ts";

/**
 * Asked before each step, and before each batch of requests within one: an Err says why the work is
 * to be given up. Undoing asks nobody.
 */
export type Permit = (what: string) => Result<void, Problem>;

/** What limits an operation; the times are those of CLOCK_BOOTTIME. */
export interface Limits {
  readonly startedAt: Millis;
  readonly deadline: Millis;
  readonly signal?: AbortSignal | undefined;
}

/** Permits until the signal fires or the deadline is over. */
export function permitWithin(clock: Clock, { startedAt, deadline, signal }: Limits): Permit {
  return (what) => {
    if (signal?.aborted) return err(cancelled({ what }));
    const now = clock.boottime();
    if (now <= deadline) return ok();
    return err(deadlinePassed({ what, seconds: Math.floor((now - startedAt) / 1000) }));
  };
}

/** For ending what a dead process began: it was over long ago, and must be ended all the same. */
export const permitAlways: Permit = () => ok();
