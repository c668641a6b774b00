import type { Mac } from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option } from "./command.ts";
import type { Decoded } from "./field.ts";
import type { LinkDetails, PortDetails } from "./link-info.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import {
  type DumpRequest,
  encode,
  Family,
  MessageType,
  nothing,
  type Request,
  single,
} from "./request.ts";
import type { ValueOf } from "./struct.ts";
import type { InetSettings } from "./tables/inet.ts";
import { type LinkFlag, newLinkHeader } from "./tables/link.ts";
import { linkGlance, linkNameGlance, linkRequest } from "./tables/link-message.ts";

/** Where a link's lower device, or other end, is: an ifindex of a namespace. */
export interface LinkPlace {
  readonly ifindex: number;
  /**
   * The namespace, by its id in the namespace that was asked; absent for that one itself, -1 for
   * none.
   */
  readonly netnsid?: number;
}

/** A link as the kernel shows it. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly altNames: readonly string[];
  /** ARPHRD_*: 1 is Ethernet, 772 loopback. */
  readonly hardware: number;
  readonly flags: readonly (LinkFlag | number)[];
  /** Administratively. */
  readonly state: "up" | "down";
  readonly carrier: boolean | undefined;
  readonly operState: ValueOf<typeof linkGlance>["attributes"]["operState"];
  /** Absent where the link-layer address is not a MAC. */
  readonly mac: Mac | undefined;
  /** The MAC burnt into the hardware. */
  readonly permanentMac: Mac | undefined;
  readonly mtu: number;
  readonly txQueueLen: number | undefined;
  readonly group: number;
  readonly alias: string | undefined;
  /** How many users want it promiscuous. */
  readonly promiscuity: number;
  /** The lower device. */
  readonly parent: LinkPlace | undefined;
  /** The other end of a veth. */
  readonly peer: LinkPlace | undefined;
  /** Ifindex of the bridge or bond that this link is a port of. */
  readonly upper: number | undefined;
  /** By kind; absent for hardware and loopback. */
  readonly details: LinkDetails | undefined;
  /** What the upper link says of this port. */
  readonly port: PortDetails | undefined;
  /** IPv4 settings; absent where the link has no IPv4. */
  readonly inet: InetSettings | undefined;
}

/**
 * Reads RTM_NEWLINK or RTM_DELLINK; undefined for messages about something else, as bridge
 * ports.
 */
export function readLink(message: RawMessage): Decoded<Link | undefined> {
  if (message.type !== MessageType.newLink && message.type !== MessageType.deleteLink) {
    return ok(undefined);
  }
  // RTM_DELLINK of AF_BRIDGE means "no longer a port", not "gone" (br_ifinfo_notify).
  if (message.payload[0] !== Family.unspecified) return ok(undefined);
  const decoded = linkGlance.read(message.payload);
  if (!decoded.ok) return decoded;
  return ok(linkOf(decoded.value));
}

/** The name in the payload of RTM_NEWLINK or RTM_DELLINK, at a fraction of the cost of the link. */
export function readLinkName(payload: Uint8Array): string | undefined {
  const decoded = linkNameGlance.read(payload);
  return decoded.ok ? decoded.value.attributes.name : undefined;
}

function linkOf({ header, attributes: a }: ValueOf<typeof linkGlance>): Link {
  const details = a.linkInfo?.details;
  const place = placeOf(a.link, a.linkNetnsid);
  const inet = a.afSpec?.inet?.conf;
  return {
    ifindex: header.ifindex,
    name: a.name ?? "",
    altNames: a.altNames ?? [],
    hardware: header.hardware,
    flags: header.flags,
    state: header.flags.includes("up") ? "up" : "down",
    carrier: a.carrier,
    operState: a.operState,
    mac: macOf(a.address),
    permanentMac: macOf(a.permanentAddress),
    mtu: a.mtu ?? 0,
    txQueueLen: a.txQueueLen,
    group: a.group ?? 0,
    alias: a.alias,
    promiscuity: a.promiscuity ?? 0,
    parent: details?.kind === "veth" ? undefined : place,
    peer: details?.kind === "veth" ? place : undefined,
    upper: a.upper,
    details,
    port: a.linkInfo?.port,
    inet,
  };
}

function macOf(address: Mac | Uint8Array | undefined): Mac | undefined {
  return typeof address === "string" ? address : undefined;
}

function placeOf(ifindex: number | undefined, netnsid: number | undefined): LinkPlace | undefined {
  // Tunnels without a lower device say 0.
  if (ifindex === undefined || ifindex === 0) return undefined;
  return netnsid === undefined ? { ifindex } : { ifindex, netnsid };
}

/** Which link is meant: by ifindex, or by name where only that is known. */
export type LinkKey = LinkRef | { readonly name: string };

/** One link. Equivalent to `ip -d link show dev LINK`. ENODEV when there is none. */
export function getLink(key: LinkKey): Request<Link> {
  const byIndex = "ifindex" in key;
  return {
    kind: "request",
    type: MessageType.getLink,
    flags: 0,
    payload: encode(linkRequest, {
      header: { ...newLinkHeader, ifindex: byIndex ? key.ifindex : 0 },
      attributes: { ...(byIndex ? {} : { name: key.name }), extMask: ["skipStats"] },
    }),
    command: commandLine("ip -d link show", option("dev", byIndex ? linkName(key) : key.name)),
    read: single(readLink),
  };
}

/** Every link of the namespace. Equivalent to `ip -d link show`. */
export function listLinks(): DumpRequest<Link> {
  return {
    kind: "dump",
    type: MessageType.getLink,
    flags: MessageFlag.dump,
    payload: encode(linkRequest, { header: newLinkHeader, attributes: { extMask: ["skipStats"] } }),
    command: "ip -d link show",
    read: readLink,
  };
}

/**
 * Removes a link; everything stacked on it goes too. Waits about 15 ms for a grace period: where
 * that matters there is `deleteLinkAside`.
 * Equivalent to `ip link del dev LINK`. ENODEV when there is none, EOPNOTSUPP for hardware.
 */
export function deleteLink(link: LinkRef): Request {
  return {
    kind: "request",
    type: MessageType.deleteLink,
    flags: 0,
    payload: encode(linkRequest, {
      header: { ...newLinkHeader, ifindex: link.ifindex },
      attributes: {},
    }),
    command: commandLine("ip link del", option("dev", linkName(link))),
    read: nothing,
  };
}
