import { type Ip, type IpVersion, ipVersion, type Mac } from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option } from "./command.ts";
import type { Decoded } from "./field.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import {
  type DumpRequest,
  encode,
  Family,
  familyOf,
  MessageType,
  nothing,
  type Request,
  versionOf,
} from "./request.ts";
import { type NeighbourFlag, type NeighbourState, neighbourMessage } from "./tables/neighbour.ts";

/** A neighbour as the kernel knows it: which MAC has an IP address. */
export interface Neighbour {
  readonly ifindex: number;
  readonly ip: Ip;
  /** Absent while unanswered, and for proxy entries. */
  readonly mac: Mac | undefined;
  readonly states: readonly (NeighbourState | number)[];
  readonly flags: readonly (NeighbourFlag | number)[];
}

/** Reads RTM_NEWNEIGH or RTM_DELNEIGH; undefined for FDB entries and families other than IP. */
export function readNeighbour(message: RawMessage): Decoded<Neighbour | undefined> {
  const isNeighbour =
    message.type === MessageType.newNeighbour || message.type === MessageType.deleteNeighbour;
  if (!isNeighbour || versionOf(message.payload[0]) === undefined) return ok(undefined);
  const decoded = neighbourMessage.read(message.payload);
  if (!decoded.ok) return decoded;
  const { header, attributes: a } = decoded.value;
  if (a.ip === undefined) return ok(undefined);
  return ok({
    ifindex: header.ifindex,
    ip: a.ip,
    mac: typeof a.address === "string" ? a.address : undefined,
    states: header.states,
    flags: header.flags,
  });
}

/** An entry of the neighbour table. */
export interface NeighbourSpec {
  readonly link: LinkRef;
  readonly ip: Ip;
  readonly mac: Mac;
  /** Absent: permanent. */
  readonly state?: "permanent" | "noarp" | "reachable" | "stale";
}

/**
 * Adds a neighbour. Equivalent to `ip neigh add IP lladdr MAC dev LINK`. EEXIST when there is
 * one.
 */
export function addNeighbour(spec: NeighbourSpec): Request {
  return put(spec, "add", MessageFlag.create | MessageFlag.exclusive);
}

/** Adds or changes a neighbour. Equivalent to `ip neigh replace IP lladdr MAC dev LINK`. */
export function replaceNeighbour(spec: NeighbourSpec): Request {
  return put(spec, "replace", MessageFlag.create | MessageFlag.replace);
}

function put(spec: NeighbourSpec, verb: "add" | "replace", flags: number): Request {
  const state = spec.state ?? "permanent";
  return {
    kind: "request",
    type: MessageType.newNeighbour,
    flags,
    payload: encode(neighbourMessage, {
      header: {
        family: familyOf(ipVersion(spec.ip)),
        ifindex: spec.link.ifindex,
        states: [state],
        flags: [],
        type: 0,
      },
      attributes: { ip: spec.ip, address: spec.mac },
    }),
    command: commandLine(
      `ip neigh ${verb}`,
      [spec.ip],
      ["lladdr", spec.mac, "dev", linkName(spec.link)],
      option("nud", state),
    ),
    read: nothing,
  };
}

/** Removes a neighbour. Equivalent to `ip neigh del IP dev LINK`. ENOENT when there is none. */
export function deleteNeighbour(spec: Pick<NeighbourSpec, "link" | "ip">): Request {
  return {
    kind: "request",
    type: MessageType.deleteNeighbour,
    flags: 0,
    payload: encode(neighbourMessage, {
      header: {
        family: familyOf(ipVersion(spec.ip)),
        ifindex: spec.link.ifindex,
        states: ["permanent"],
        flags: [],
        type: 0,
      },
      attributes: { ip: spec.ip },
    }),
    command: commandLine("ip neigh del", [spec.ip], ["dev", linkName(spec.link)]),
    read: nothing,
  };
}

/**
 * Every neighbour of the namespace, or of one IP version. Equivalent to `ip neigh show nud all`.
 */
export function listNeighbours(version?: IpVersion): DumpRequest<Neighbour> {
  return {
    kind: "dump",
    type: MessageType.getNeighbour,
    flags: MessageFlag.dump,
    payload: encode(neighbourMessage, {
      header: {
        family: version === undefined ? Family.unspecified : familyOf(version),
        ifindex: 0,
        states: [],
        flags: [],
        type: 0,
      },
      attributes: {},
    }),
    command: commandLine(version === undefined ? "ip" : `ip -${version}`, [
      ...["neigh", "show", "nud", "all"],
    ]),
    read: readNeighbour,
  };
}
