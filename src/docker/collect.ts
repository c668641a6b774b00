import { type Millis, seconds } from "../base/index.ts";
import type { EngineListing } from "./engine-api.ts";

/**
 * The engine asks for an endpoint before it lists it, and forgets one before it asks for its end.
 * Either takes a moment; what lasts longer than this is lost.
 */
export const GRACE: Millis = seconds(60);

/** An endpoint of the book that Docker asked for. */
export interface DockerEndpoint {
  /** What Docker calls it. */
  readonly runtimeId: string;
  /** What Docker calls its network. */
  readonly network: string;
}

/**
 * The endpoints that a complete listing lacks and whose network it has: otherwise they may be
 * another engine's. Docker tells nobody what a killed dockerd had attached.
 */
export function missing<T extends DockerEndpoint>(
  endpoints: readonly T[],
  listing: EngineListing,
): readonly T[] {
  return endpoints.filter(
    ({ runtimeId, network }) => listing.networks.has(network) && !listing.endpoints.has(runtimeId),
  );
}
