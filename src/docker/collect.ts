import { type Millis, type Result, seconds } from "../base/index.ts";
import type { EngineListing, EngineSilent } from "./engine-api.ts";

/** The engine asks for an endpoint before it lists it, and a slow start may take a while. */
export const GRACE: Millis = seconds(60);

/** An endpoint of the book that Docker asked for. */
export interface DockerEndpoint {
  /** What Docker calls it. */
  readonly runtimeId: string;
  /** What Docker calls its network. */
  readonly network: string;
  /** How long ago it was recorded, at least, before the engine was asked. */
  readonly age: Millis;
}

/**
 * The endpoints to withdraw because their containers died without a word: Docker tells nobody what
 * a killed dockerd had attached. Only those that a complete listing lacks, that had time to appear
 * in it, and whose network it has: otherwise they may be another engine's.
 */
export function collectable<T extends DockerEndpoint>(
  endpoints: readonly T[],
  listing: Result<EngineListing, EngineSilent>,
  grace: Millis = GRACE,
): readonly T[] {
  if (!listing.ok) return [];
  const known = listing.value;
  return endpoints.filter(
    ({ runtimeId, network, age }) =>
      age > grace && known.networks.has(network) && !known.endpoints.has(runtimeId),
  );
}
