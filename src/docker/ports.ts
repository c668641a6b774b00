import type { Problem, Result } from "../base/index.ts";
import type { Engine, Handover } from "../engine/index.ts";
import type { Clock, Random } from "../platform/index.ts";
import type { ProvisionalPools } from "./provisional-pools.ts";
import type { WorkloadNotes } from "./workload-notes.ts";

/** Told of what happens in a call; `call` is the method, as "IpamDriver.RequestPool". */
export interface Listener {
  bug(error: Error, call: string): void;
  /** What Docker was told instead of a success. */
  refused(problem: Problem, call: string): void;
  /** Of something that was done all the same. Docker has nowhere to show it. */
  warned(problem: Problem, call: string): void;
}

/** What the handlers of the methods stand on. */
export interface Ports {
  readonly engine: Engine;
  readonly handover: Handover;
  readonly clock: Clock;
  readonly random: Random;
  readonly pools: ProvisionalPools;
  readonly workloads: WorkloadNotes;
}

/** One call of Docker's. */
export interface Call {
  /** The method, as "IpamDriver.RequestPool". */
  readonly name: string;
  /** Fires when Docker hangs up, or the answer is due: what was done is undone. */
  readonly signal: AbortSignal;
  warn(problems: readonly Problem[] | undefined): void;
}

/** What Docker is answered. */
export type Answer = Promise<Result<object, Problem>>;
