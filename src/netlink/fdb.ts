import type { Ip, Mac } from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option, type Words } from "./command.ts";
import type { Decoded } from "./field.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import { type DumpRequest, encode, Family, MessageType, nothing, type Request } from "./request.ts";
import type { ValueOf } from "./struct.ts";
import { type NeighbourFlag, type NeighbourState, neighbourMessage } from "./tables/neighbour.ts";

/** A MAC in the forwarding table of a bridge, or in the receive filter of a link. */
export interface FdbEntry {
  readonly ifindex: number;
  readonly mac: Mac;
  readonly vlan: number | undefined;
  /** The bridge, when the entry is in a bridge's table. */
  readonly upper: number | undefined;
  /** Where a tunnel sends it. */
  readonly ip: Ip | undefined;
  readonly states: readonly (NeighbourState | number)[];
  readonly flags: readonly (NeighbourFlag | number)[];
}

/** Reads RTM_NEWNEIGH or RTM_DELNEIGH of AF_BRIDGE; undefined for anything else. */
export function readFdbEntry(message: RawMessage): Decoded<FdbEntry | undefined> {
  const isNeighbour =
    message.type === MessageType.newNeighbour || message.type === MessageType.deleteNeighbour;
  if (!isNeighbour || message.payload[0] !== Family.bridge) return ok(undefined);
  const decoded = neighbourMessage.read(message.payload);
  if (!decoded.ok) return decoded;
  const { header, attributes: a } = decoded.value;
  if (typeof a.address !== "string") return ok(undefined);
  return ok({
    ifindex: header.ifindex,
    mac: a.address,
    vlan: a.vlan,
    upper: a.upper,
    ip: a.ip,
    states: header.states,
    flags: header.flags,
  });
}

/** An FDB entry to make. */
export interface FdbSpec {
  readonly link: LinkRef;
  readonly mac: Mac;
  /**
   * `bridge`: the table of the bridge that the link is a port of; `self`: the link's own filter.
   */
  readonly table: "bridge" | "self";
  /** `permanent`: this host's own; `static`: never ages; `dynamic`: ages. Absent: permanent. */
  readonly lifetime?: "permanent" | "static" | "dynamic";
  readonly vlan?: number;
}

/**
 * Adds an entry. Equivalent to `bridge fdb add MAC dev LINK master|self …`. EEXIST when there is
 * one.
 */
export function addFdb(spec: FdbSpec): Request {
  return change(spec, "add", MessageFlag.create | MessageFlag.exclusive);
}

/** Adds or changes an entry. Equivalent to `bridge fdb replace MAC dev LINK …`. */
export function replaceFdb(spec: FdbSpec): Request {
  return change(spec, "replace", MessageFlag.create | MessageFlag.replace);
}

/** Removes an entry. Equivalent to `bridge fdb del MAC dev LINK …`. ENOENT when there is none. */
export function deleteFdb(spec: Omit<FdbSpec, "lifetime">): Request {
  return change(spec, "del", 0);
}

/** NUD_* of each lifetime, as bridge(8) sends them. */
const lifetimeStates = {
  permanent: ["noarp", "permanent"],
  static: ["reachable", "noarp"],
  dynamic: ["reachable"],
} as const;

function change(spec: FdbSpec, verb: "add" | "replace" | "del", flags: number): Request {
  const lifetime = spec.lifetime ?? "permanent";
  return {
    kind: "request",
    type: verb === "del" ? MessageType.deleteNeighbour : MessageType.newNeighbour,
    flags,
    payload: encode(neighbourMessage, {
      header: {
        family: Family.bridge,
        ifindex: spec.link.ifindex,
        states: lifetimeStates[lifetime],
        flags: [spec.table],
        type: 0,
      },
      attributes: {
        address: spec.mac,
        ...(spec.vlan === undefined ? {} : { vlan: spec.vlan }),
      },
    }),
    command: commandLine(
      `bridge fdb ${verb}`,
      [spec.mac, "dev", linkName(spec.link), ...tableWords(spec.table)],
      verb === "del" ? [] : [lifetime],
      option("vlan", spec.vlan),
    ),
    read: nothing,
  };
}

function tableWords(table: FdbSpec["table"]): Words {
  // iproute2's word for the bridge above the port.
  return [table === "bridge" ? "master" : "self"];
}

/**
 * FDB entries: of one link (a port, or the receive filter of a parent: the MACs of its children
 * that are up, in every namespace), or of the namespace. Equivalent to `bridge fdb show dev LINK`.
 */
export function listFdb(link?: LinkRef): DumpRequest<FdbEntry> {
  const header: ValueOf<typeof neighbourMessage>["header"] = {
    family: Family.bridge,
    ifindex: link?.ifindex ?? 0,
    states: [],
    flags: [],
    type: 0,
  };
  return {
    kind: "dump",
    type: MessageType.getNeighbour,
    flags: MessageFlag.dump,
    payload: encode(neighbourMessage, { header, attributes: {} }),
    command: commandLine("bridge fdb show", option("dev", link && linkName(link))),
    read: readFdbEntry,
  };
}
