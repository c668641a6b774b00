import { type Millis, millis, ok, type Result } from "../base/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import { type Address, listAddresses } from "./address.ts";
import { EventFeed, type KernelEvent } from "./event-feed.ts";
import { type Link, listLinks } from "./link.ts";
import { listNeighbours, type Neighbour } from "./neighbour.ts";
import type { NetlinkRefusal } from "./refusal.ts";
import type { DumpRequest } from "./request.ts";
import { listRoutes, type Route } from "./route.ts";
import { openRtnetlink } from "./rtnetlink.ts";

/** Times in a row that watching could not begin for a passing reason. */
const MAX_FAILED_STARTS = 8;
/** Before watching is begun again: the storm that overran us may still go on. */
const RESTART_PAUSE: Millis = millis(50);

/** What can be watched. */
export type WatchGroup = "links" | "addresses" | "routes" | "neighbours";

/** RTNLGRP_* (include/uapi/linux/rtnetlink.h). */
const multicastGroups: Readonly<Record<WatchGroup, readonly number[]>> = {
  links: [1],
  neighbours: [3],
  addresses: [5, 9],
  routes: [7, 11],
};

/** Everything that is watched, read anew; lists of groups that are not watched are empty. */
export interface Resync {
  readonly kind: "resync";
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
}

export type NetlinkEvent =
  | Resync
  | KernelEvent
  /** Watching is over; always the last event. */
  | { readonly kind: "failed"; readonly refusal: NetlinkRefusal };

export interface WatchOptions {
  /** Absent: links, addresses and routes. */
  readonly groups?: readonly WatchGroup[];
  /** Changes of links of these names are passed over, unread. */
  readonly ignoreLink?: (name: string) => boolean;
  /** Ends the iteration, also while it waits for an event. */
  readonly signal?: AbortSignal;
}

/**
 * Watches a namespace; `netns` must stay open meanwhile. The first event is a `resync`. When events
 * were lost (a reader too slow for the kernel, or for us), another `resync` comes in their place.
 * An event may repeat what a resync already showed; none is missing. Equivalent to `ip monitor`.
 */
export async function* watchLinks(
  platform: Platform,
  netns: NetnsHandle,
  { groups = ["links", "addresses", "routes"], ignoreLink, signal }: WatchOptions = {},
): AsyncGenerator<NetlinkEvent, void, undefined> {
  let failedStarts = 0;
  while (signal?.aborted !== true) {
    // Listening comes before reading: what changes in between is told twice, not never.
    const opened = EventFeed.open(platform, netns, {
      groups: groups.flatMap((group) => multicastGroups[group]),
      ...(ignoreLink === undefined ? {} : { ignoreLink }),
    });
    using feed = opened.ok ? opened.value : undefined;
    const start = opened.ok ? readAll(platform, netns, groups) : opened;
    failedStarts = start.ok ? 0 : failedStarts + 1;
    if (!start.ok && (!start.error.retryable || failedStarts > MAX_FAILED_STARTS)) {
      yield { kind: "failed", refusal: start.error };
      return;
    }
    if (start.ok) {
      yield start.value;
      yield* untilLost(feed, signal);
    }
    await platform.clock.sleep(RESTART_PAUSE, signal);
  }
}

async function* untilLost(
  feed: EventFeed | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<KernelEvent, void, undefined> {
  for (;;) {
    const event = await feed?.next(signal);
    if (event === undefined) return;
    yield event;
  }
}

/** The state of a namespace, by a socket of its own: answers and events do not mix. */
function readAll(
  platform: Platform,
  netns: NetnsHandle,
  groups: readonly WatchGroup[],
): Result<Resync, NetlinkRefusal> {
  const opened = openRtnetlink(platform, netns);
  if (!opened.ok) return opened;
  using rtnetlink = opened.value;
  const read = <Item>(
    group: WatchGroup,
    request: DumpRequest<Item>,
  ): Result<readonly Item[], NetlinkRefusal> =>
    groups.includes(group) ? rtnetlink.dump(request) : ok([]);
  const links = read("links", listLinks());
  if (!links.ok) return links;
  const addresses = read("addresses", listAddresses());
  if (!addresses.ok) return addresses;
  const routes = read("routes", listRoutes());
  if (!routes.ok) return routes;
  const neighbours = read("neighbours", listNeighbours());
  if (!neighbours.ok) return neighbours;
  return ok({
    kind: "resync",
    links: links.value,
    addresses: addresses.value,
    routes: routes.value,
    neighbours: neighbours.value,
  });
}
