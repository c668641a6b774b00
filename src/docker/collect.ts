import { type Millis, type Result, seconds } from "../base/index.ts";
import type { EngineListing, EngineSilent } from "./engine-api.ts";

/** The engine asks for an endpoint before it lists it, and a slow start may take a while. */
const GRACE: Millis = seconds(60);

/** An endpoint of the book that Docker asked for. */
export interface DockerEndpoint {
  /** What Docker calls it. */
  readonly runtimeId: string;
  /** What Docker calls its network. */
  readonly network: string;
  /** How long ago it was recorded, before the engine was asked. */
  readonly age: Millis;
}

/**
 * The endpoints to withdraw because their containers died without a word: Docker tells nobody what
 * a killed dockerd had attached. Only those that a complete listing lacks, that had time to appear
 * in it, and whose network it has: otherwise they may be another engine's.
 */
export function collectable(
  endpoints: readonly DockerEndpoint[],
  listing: Result<EngineListing, EngineSilent>,
): readonly DockerEndpoint[] {
  if (!listing.ok) return [];
  const known = listing.value;
  return endpoints.filter(
    ({ runtimeId, network, age }) =>
      age > GRACE && known.networks.has(network) && !known.endpoints.has(runtimeId),
  );
}
