import type { Logger } from "@logtape/logtape";
import type { Millis } from "../base/index.ts";
import type { Collected, Collector } from "../docker/index.ts";
import type { Clock } from "../platform/index.ts";

/** What is collected, and how often. */
export interface DockerCareOptions {
  readonly collector: Collector;
  readonly clock: Pick<Clock, "sleep">;
  readonly interval: Millis;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly signal: AbortSignal;
}

/**
 * Collects at intervals what Docker lost, until `signal` fires. Beside the other caretaker, not in
 * it: an engine that is slow to answer must not keep it from mending.
 */
export async function collectForDocker(options: DockerCareOptions): Promise<void> {
  const { collector, clock, interval, logger, signal } = options;
  const told = new Set<string>();
  for (;;) {
    await clock.sleep(interval, signal);
    if (signal.aborted) return;
    for (const row of await collector.collect()) tell(logger, row, told);
  }
}

/** What cannot be withdrawn is tried again each time, and told once. */
function tell(
  logger: DockerCareOptions["logger"],
  { endpoint: view, problem }: Collected,
  told: Set<string>,
): void {
  const facts = { endpoint: view.endpoint.id, network: view.network };
  if (problem === undefined) {
    logger.info("Collected {endpoint} of {network}, which Docker does not know any more", facts);
    return;
  }
  const { code, detail } = problem;
  const key = `${facts.endpoint} ${code} ${detail}`;
  if (told.has(key)) return;
  told.add(key);
  logger.warn("Docker lost {endpoint} of {network}, and it stays: {detail}", {
    ...facts,
    ...{ code, detail },
  });
}
