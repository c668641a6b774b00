import type { Millis, Problem } from "../base/index.ts";
import type { EndpointView, Handover } from "../engine/index.ts";
import type { Clock } from "../platform/index.ts";
import { type DockerEndpoint, GRACE, missing } from "./collect.ts";
import type { EngineApi } from "./engine-api.ts";

/** What a collector stands on. */
export interface CollectorOptions {
  readonly handover: Pick<Handover, "list" | "withdraw">;
  readonly clock: Pick<Clock, "boottime">;
  readonly api: Pick<EngineApi, "listAttachments">;
  /** How long the engine may lack an endpoint; absent: a minute. */
  readonly grace?: Millis;
}

/** An endpoint that Docker's engine lost, and why it could not be withdrawn, if so. */
export interface Collected {
  readonly endpoint: EndpointView;
  readonly problem?: Problem;
}

/** Withdraws what Docker's engine lost without a word. */
export interface Collector {
  /** One look at the book and, where something in it is Docker's, at the engine. */
  collect(): Promise<readonly Collected[]>;
}

interface Candidate extends DockerEndpoint {
  readonly view: EndpointView;
}

/**
 * A collector that has seen nothing yet. It counts from its first look that missed an endpoint:
 * what is in the book is wall time, which jumps on machines without a clock of their own.
 */
export function dockerCollector(options: CollectorOptions): Collector {
  const { handover, api, clock, grace = GRACE } = options;
  const missedSince = new Map<string, Millis>();
  return {
    collect: async () => {
      // The book first: what is recorded while the engine answers is not in question.
      const candidates = await listCandidates(handover);
      if (candidates.length === 0) return [];
      const listing = await api.listAttachments();
      if (!listing.ok) return [];
      const missed = missing(candidates, listing.value);
      noteMissed(missedSince, missed, clock.boottime());
      const lost = missed.filter(({ runtimeId }) => isOver(missedSince.get(runtimeId)));
      return withdrawAll(handover, lost);
    },
  };

  function isOver(since: Millis | undefined): boolean {
    return since !== undefined && clock.boottime() - since > grace;
  }
}

/** Forgets what is missed no more: what Docker has again starts anew. */
function noteMissed(since: Map<string, Millis>, missed: readonly Candidate[], now: Millis): void {
  const ids = new Set(missed.map(({ runtimeId }) => runtimeId));
  for (const id of since.keys()) if (!ids.has(id)) since.delete(id);
  for (const id of ids) if (!since.has(id)) since.set(id, now);
}

async function withdrawAll(
  handover: CollectorOptions["handover"],
  lost: readonly Candidate[],
): Promise<readonly Collected[]> {
  const collected: Collected[] = [];
  for (const { runtimeId, view } of lost) {
    const withdrawn = await handover.withdraw(runtimeId);
    collected.push({ endpoint: view, ...(withdrawn.ok ? {} : { problem: withdrawn.error }) });
  }
  return collected;
}

/** What the book has of Docker's. A book that cannot be read has nothing. */
async function listCandidates(
  handover: CollectorOptions["handover"],
): Promise<readonly Candidate[]> {
  const listed = await handover.list();
  if (!listed.ok) return [];
  return listed.value.map(({ runtimeId, runtimeNetwork, view }) => {
    return { runtimeId, network: runtimeNetwork, view };
  });
}
