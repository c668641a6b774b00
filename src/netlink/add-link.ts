import type { Mac } from "../addr/index.ts";
import type { Rows, Table, ValuesOf } from "./attribute.ts";
import { commandLine, linkName, type NetnsRef, netnsPath, option } from "./command.ts";
import type { LinkKind } from "./kinds/link-kind.ts";
import type { LinkDetails } from "./link-info.ts";
import { linkKinds, type NewLinkKind } from "./link-kinds.ts";
import { MessageFlag } from "./message.ts";
import { encode, MessageType, nothing, type Request } from "./request.ts";
import { newLinkHeader } from "./tables/link.ts";
import { linkRequest } from "./tables/link-message.ts";

/**
 * A link to create. In the message that creates a link the kernel ignores the alias and refuses
 * settings per family (EAFNOSUPPORT): choose `ifindex` and send `setLink` right after, in one go.
 */
export type NewLink = NewLinkKind & {
  readonly name: string;
  /** Free in the target namespace; the kernel chooses when it is absent. */
  readonly ifindex?: number;
  /** Random when absent. Ignored by the kernel in macvlan mode passthru. */
  readonly mac?: Mac;
  readonly mtu?: number;
  readonly txQueueLen?: number;
  /** For deleting many at once. */
  readonly group?: number;
  /** The link is born there; the parent is looked up in the namespace of the socket. */
  readonly netns?: NetnsRef;
  readonly state?: "up" | "down";
};

/**
 * Creates a link. Equivalent to `ip link add name NAME … type KIND …`.
 * EEXIST when the name or the ifindex is taken, EOPNOTSUPP when the kernel lacks the kind, EBUSY
 * when the parent already is a bridge port, a bond port or an ipvlan parent, ENODEV without parent.
 */
export function addLink(spec: NewLink): Request {
  // Every kind's `create` takes its own member of the union, and `spec.kind` picked it.
  const kind: LinkKind<Table<Rows>, NewLinkKind, never> = linkKinds[spec.kind];
  const { data, parent, words } = kind.create(spec);
  return {
    kind: "request",
    type: MessageType.newLink,
    flags: MessageFlag.create | MessageFlag.exclusive,
    payload: encode(linkRequest, {
      header: {
        ...newLinkHeader,
        ifindex: spec.ifindex ?? 0,
        ...(spec.state === "up" ? { flags: ["up"], change: ["up"] } : {}),
      },
      attributes: {
        ...(spec.mac === undefined ? {} : { address: spec.mac }),
        ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
        ...(spec.txQueueLen === undefined ? {} : { txQueueLen: spec.txQueueLen }),
        ...(spec.group === undefined ? {} : { group: spec.group }),
        ...(spec.netns === undefined ? {} : { netnsFd: spec.netns.fd }),
        ...(parent === undefined ? {} : { link: parent.ifindex }),
        name: spec.name,
        linkInfo: { details: detailsOf(spec.kind, data) },
      },
    }),
    command: commandLine(
      "ip link add",
      option("link", parent && linkName(parent)),
      ["name", spec.name],
      option("index", spec.ifindex),
      option("address", spec.mac),
      option("mtu", spec.mtu),
      option("txqueuelen", spec.txQueueLen),
      option("group", spec.group),
      option("netns", spec.netns && netnsPath(spec.netns)),
      spec.state === "up" ? ["up"] : [],
      ["type", spec.kind],
      words,
    ),
    read: nothing,
  };
}

/** The kind and what its own table describes, as one value. */
export function detailsOf(kind: keyof typeof linkKinds, data: ValuesOf<Table>): LinkDetails {
  return { kind, ...data } as LinkDetails;
}
