import { type Millis, millis, type Problem } from "../base/index.ts";
import type { EndpointView, Handover } from "../engine/index.ts";
import type { Clock } from "../platform/index.ts";
import { collectable, type DockerEndpoint, GRACE } from "./collect.ts";
import type { EngineApi } from "./engine-api.ts";

/** What a collector stands on. */
export interface CollectorOptions {
  readonly handover: Pick<Handover, "list" | "withdraw">;
  readonly clock: Pick<Clock, "boottime">;
  readonly api: Pick<EngineApi, "listAttachments">;
  /** How long an endpoint is left alone; absent: a minute. */
  readonly grace?: Millis;
}

/** An endpoint that Docker's engine lost, and why it could not be withdrawn, if so. */
export interface Collected {
  readonly endpoint: EndpointView;
  readonly problem?: Problem;
}

/** Withdraws what Docker's engine lost without a word. */
export interface Collector {
  /** One look at the book and, where something is old enough, at the engine. */
  collect(): Promise<readonly Collected[]>;
}

interface Candidate extends DockerEndpoint {
  readonly view: EndpointView;
}

/**
 * A collector that has seen nothing yet. An endpoint's age counts from when the collector first saw
 * it: what is in the book is wall time, which jumps on machines without a clock of their own.
 */
export function dockerCollector(options: CollectorOptions): Collector {
  const { handover, api, grace = GRACE } = options;
  const firstSeen = new Map<string, Millis>();
  return {
    collect: async () => {
      // The book first: what is recorded while the engine answers is not in question.
      const candidates = await listCandidates(options, firstSeen);
      if (!candidates.some(({ age }) => age > grace)) return [];
      const lost = collectable(candidates, await api.listAttachments(), grace);
      const collected: Collected[] = [];
      for (const { runtimeId, view } of lost) {
        const withdrawn = await handover.withdraw(runtimeId);
        collected.push({
          endpoint: view,
          ...(withdrawn.ok ? {} : { problem: withdrawn.error }),
        });
      }
      return collected;
    },
  };
}

/** What the book has of Docker's, each with its age. A book that cannot be read has nothing. */
async function listCandidates(
  { handover, clock }: CollectorOptions,
  firstSeen: Map<string, Millis>,
): Promise<readonly Candidate[]> {
  const listed = await handover.list();
  if (!listed.ok) return [];
  const now = clock.boottime();
  const present = new Set(listed.value.map(({ runtimeId }) => runtimeId));
  for (const id of firstSeen.keys()) if (!present.has(id)) firstSeen.delete(id);
  return listed.value.map(({ runtimeId, runtimeNetwork, view }) => {
    const since = firstSeen.get(runtimeId) ?? now;
    firstSeen.set(runtimeId, since);
    return { runtimeId, network: runtimeNetwork, age: millis(now - since), view };
  });
}
