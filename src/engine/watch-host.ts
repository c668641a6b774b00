import { isTemporaryName } from "../domain/index.ts";
import { type Link, type NetlinkEvent, watchLinks } from "../netlink/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";

/** Something on the host that may concern endpoints. */
export type HostEvent =
  /** A link of the host appeared, changed or went. */
  | { readonly kind: "link"; readonly name: string; readonly change: "set" | "deleted" }
  /** Told of a link that is as it was: something came to hang on it, or hangs on it no more. */
  | { readonly kind: "stir"; readonly name: string }
  /** Watching begins, or begins anew after events were lost. */
  | { readonly kind: "everything" }
  /** Watching is over; always the last event. */
  | { readonly kind: "blind"; readonly reason: string };

/**
 * The links of the host as they change. Equivalent to `ip monitor link`. Links of ours that pass
 * through on their way into a sandbox are left out: that happens with every container.
 */
export async function* watchHost(
  { platform, hostNamespace }: { platform: Platform; hostNamespace: NetnsHandle },
  signal: AbortSignal,
): AsyncGenerator<HostEvent, void, undefined> {
  const options = { groups: ["links"], ignoreLink: isTemporaryName, signal } as const;
  const known = new Map<number, string>();
  for await (const event of watchLinks(platform, hostNamespace, options)) {
    const told = hostEvent(event, known);
    if (told !== undefined) yield told;
  }
}

/** `known` are the looks of the links, by ifindex. */
function hostEvent(event: NetlinkEvent, known: Map<number, string>): HostEvent | undefined {
  switch (event.kind) {
    case "resync":
      known.clear();
      for (const link of event.links) known.set(link.ifindex, lookOf(link));
      return { kind: "everything" };
    case "link": {
      const { link, change } = event;
      const look = change === "deleted" ? undefined : lookOf(link);
      if (look !== undefined && known.get(link.ifindex) === look) {
        return { kind: "stir", name: link.name };
      }
      if (look === undefined) known.delete(link.ifindex);
      else known.set(link.ifindex, look);
      return { kind: "link", name: link.name, change };
    }
    case "failed":
      return { kind: "blind", reason: `${event.refusal.errno} ${event.refusal.message}`.trim() };
    default:
      return undefined;
  }
}

/** What of a link matters to endpoints: nothing that they change by coming and going. */
function lookOf({ name, state, carrier, mac, mtu, alias, upper, parent, details }: Link): string {
  return JSON.stringify([name, state, carrier, mac, mtu, alias, upper, parent, details?.kind]);
}
