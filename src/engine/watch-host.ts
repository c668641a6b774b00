import { type NetlinkEvent, watchLinks } from "../netlink/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";

/** Something on the host that may concern endpoints. */
export type HostEvent =
  /** A link of the host appeared, changed or went. */
  | { readonly kind: "link"; readonly name: string; readonly change: "set" | "deleted" }
  /** Watching begins, or begins anew after events were lost. */
  | { readonly kind: "everything" }
  /** Watching is over; always the last event. */
  | { readonly kind: "blind"; readonly reason: string };

/** The links of the host as they change. Equivalent to `ip monitor link`. */
export async function* watchHost(
  { platform, hostNamespace }: { platform: Platform; hostNamespace: NetnsHandle },
  signal: AbortSignal,
): AsyncGenerator<HostEvent, void, undefined> {
  for await (const event of watchLinks(platform, hostNamespace, { groups: ["links"], signal })) {
    const told = hostEvent(event);
    if (told !== undefined) yield told;
  }
}

function hostEvent(event: NetlinkEvent): HostEvent | undefined {
  switch (event.kind) {
    case "resync":
      return { kind: "everything" };
    case "link":
      return { kind: "link", name: event.link.name, change: event.change };
    case "failed":
      return { kind: "blind", reason: `${event.refusal.errno} ${event.refusal.message}`.trim() };
    default:
      return undefined;
  }
}
