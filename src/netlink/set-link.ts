import type { Mac } from "../addr/index.ts";
import { detailsOf } from "./add-link.ts";
import type { Rows, Table } from "./attribute.ts";
import {
  commandLine,
  type LinkRef,
  linkName,
  type NetnsRef,
  netnsPath,
  onOff,
  option,
  type Words,
} from "./command.ts";
import type { LinkKind } from "./kinds/link-kind.ts";
import { type LinkKindChange, linkKinds } from "./link-kinds.ts";
import { addrGenModeWord, afSpec, type FamilySettings, sysctlWords } from "./link-settings.ts";
import { encode, MessageType, nothing, type Request } from "./request.ts";
import type { ValueOf } from "./struct.ts";
import { newLinkHeader } from "./tables/link.ts";
import { linkRequest } from "./tables/link-message.ts";

/** What to change of a link; what is left out stays. */
export interface LinkChange extends FamilySettings {
  readonly link: LinkRef;
  /** A new name; the link may have to be down for it. */
  readonly name?: string;
  /** Free text of up to 255 bytes; empty removes it. */
  readonly alias?: string;
  readonly state?: "up" | "down";
  readonly mac?: Mac;
  readonly mtu?: number;
  readonly txQueueLen?: number;
  readonly group?: number;
  /** The bridge that it becomes a port of. */
  readonly upper?: LinkRef | "none";
  /** Moving costs about 15 ms, sets the link down and drops its addresses. */
  readonly netns?: NetnsRef;
  readonly details?: LinkKindChange;
}

/**
 * Changes a link, in one message and in the kernel's order: not undone when a later part fails.
 * Equivalent to `ip link set dev LINK …` (RTM_NEWLINK without NLM_F_CREATE: RTM_SETLINK ignores
 * the data of kinds), and to `sysctl -w` for IPv4 settings.
 * ENODEV when there is no such link, EINVAL for values out of range.
 */
export function setLink(change: LinkChange): Request {
  const { link, state } = change;
  return {
    kind: "request",
    type: MessageType.newLink,
    flags: 0,
    payload: encode(linkRequest, {
      header: {
        ...newLinkHeader,
        ifindex: link.ifindex,
        ...(state === undefined ? {} : { flags: state === "up" ? ["up"] : [], change: ["up"] }),
      },
      attributes: attributesOf(change),
    }),
    command: setCommand(change),
    read: nothing,
  };
}

function attributesOf(change: LinkChange): ValueOf<typeof linkRequest>["attributes"] {
  const { name, alias, mac, mtu, txQueueLen, group, upper, netns } = change;
  const kind = kindRequest(change);
  return {
    ...(alias === undefined ? {} : { alias }),
    ...(mac === undefined ? {} : { address: mac }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(txQueueLen === undefined ? {} : { txQueueLen }),
    ...(group === undefined ? {} : { group }),
    ...(upper === undefined ? {} : { upper: upper === "none" ? 0 : upper.ifindex }),
    ...(netns === undefined ? {} : { netnsFd: netns.fd }),
    ...afSpec(change),
    ...(name === undefined ? {} : { name }),
    ...(kind === undefined ? {} : { linkInfo: { details: detailsOf(kind.kind, kind.data) } }),
  };
}

function kindRequest({ details }: LinkChange) {
  if (details === undefined) return undefined;
  // Every kind's `change` takes its own member of the union, and `details.kind` picked it.
  const kind: LinkKind<Table<Rows>, never, LinkKindChange> = linkKinds[details.kind];
  return { kind: details.kind, ...kind.change(details) };
}

function setCommand(change: LinkChange): string {
  const name = linkName(change.link);
  const kind = kindRequest(change);
  const words: Words = [
    ...option("name", change.name),
    ...option("alias", change.alias),
    ...option("address", change.mac),
    ...option("mtu", change.mtu),
    ...option("txqueuelen", change.txQueueLen),
    ...option("group", change.group),
    ...upperWords(change.upper),
    ...option("addrgenmode", addrGenModeWord(change.addrGenMode)),
    ...option("netns", change.netns && netnsPath(change.netns)),
    ...(change.state === undefined ? [] : [change.state]),
    ...(kind === undefined ? [] : ["type", kind.kind, ...kind.words]),
  ];
  const commands = [
    ...(words.length === 0 ? [] : [commandLine("ip link set dev", [name], words)]),
    ...(change.inet === undefined
      ? []
      : [commandLine("sysctl -w", sysctlWords(change.name ?? name, change.inet))]),
  ];
  return commands.join(" && ");
}

function upperWords(upper: LinkChange["upper"]): Words {
  if (upper === undefined) return [];
  // iproute2's word for the upper link.
  return upper === "none" ? ["nomaster"] : ["master", linkName(upper)];
}

/** Options of a bridge port; what is left out stays. */
export interface PortChange {
  /** The port; it must be one already. */
  readonly link: LinkRef;
  /** Frames may leave by the port they came in by: a reflective relay, as vepa needs. */
  readonly hairpin?: boolean;
  readonly learning?: boolean;
  readonly unicastFlood?: boolean;
  readonly mcastFlood?: boolean;
  readonly bcastFlood?: boolean;
  /** Isolated ports do not speak to each other. */
  readonly isolated?: boolean;
  /** Only MACs in the FDB for this port may send: port security. */
  readonly locked?: boolean;
  /** What a locked port refuses is entered into the FDB, and still refused. Since Linux 6.2. */
  readonly mab?: boolean;
  readonly neighSuppress?: boolean;
}

/**
 * Changes options of a bridge port. Equivalent to `bridge link set dev PORT …`.
 * EOPNOTSUPP when the link is not a port of a bridge.
 */
export function setPort({ link, ...options }: PortChange): Request {
  return {
    kind: "request",
    type: MessageType.newLink,
    flags: 0,
    payload: encode(linkRequest, {
      header: { ...newLinkHeader, ifindex: link.ifindex },
      attributes: { linkInfo: { port: { kind: "bridge", ...options } } },
    }),
    command: commandLine(
      "bridge link set",
      ["dev", linkName(link)],
      onOff("hairpin", options.hairpin),
      onOff("learning", options.learning),
      onOff("flood", options.unicastFlood),
      onOff("mcast_flood", options.mcastFlood),
      onOff("bcast_flood", options.bcastFlood),
      onOff("isolated", options.isolated),
      onOff("locked", options.locked),
      onOff("mab", options.mab),
      onOff("neigh_suppress", options.neighSuppress),
    ),
    read: nothing,
  };
}
