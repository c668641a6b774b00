import { mapResult, ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option, type Words } from "./command.ts";
import { type Decoded, malformed } from "./field.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import { type DumpRequest, encode, Family, MessageType, nothing, type Request } from "./request.ts";
import type { ValueOf } from "./struct.ts";
import { bridgeVlanMessage } from "./tables/bridge-vlan.ts";
import { newLinkHeader } from "./tables/link.ts";

/**
 * `pvid`: untagged frames that come in belong to this VLAN; `untagged`: its frames go out without a
 * tag.
 */
export type BridgeVlanFlag = "pvid" | "untagged";

/** VLANs with the same flags that follow each other; of one, `first` is `last`. */
export interface BridgeVlanRange {
  readonly first: number;
  readonly last: number;
  readonly flags: readonly (BridgeVlanFlag | number)[];
}

/** The VLANs that one port of a bridge, or the bridge itself, is a member of. */
export interface BridgeVlans {
  readonly ifindex: number;
  /** The bridge; of a bridge its own ifindex. */
  readonly upper: number;
  readonly vlans: readonly BridgeVlanRange[];
}

/** Reads RTM_NEWLINK of AF_BRIDGE; undefined for anything else. */
export function readBridgeVlans(message: RawMessage): Decoded<BridgeVlans | undefined> {
  const isPort = message.type === MessageType.newLink && message.payload[0] === Family.bridge;
  if (!isPort) return ok(undefined);
  const decoded = bridgeVlanMessage.read(message.payload);
  if (!decoded.ok) return decoded;
  const { header, attributes } = decoded.value;
  const { upper, afSpec } = attributes;
  // Hardware with a switch in it answers too.
  if (upper === undefined) return ok(undefined);
  const vlans = readRanges(afSpec?.vlans ?? []);
  return mapResult(vlans, (known) => ({ ifindex: header.ifindex, upper, vlans: known }));
}

type VlanInfos = NonNullable<
  NonNullable<ValueOf<typeof bridgeVlanMessage>["attributes"]["afSpec"]>["vlans"]
>;

function readRanges(infos: VlanInfos): Decoded<readonly BridgeVlanRange[]> {
  const ranges: BridgeVlanRange[] = [];
  let begun: number | undefined;
  for (const { vid, flags } of infos) {
    const isEnd = flags.includes("rangeEnd");
    if (isEnd !== (begun !== undefined)) return malformed(`VLAN ${vid} is half a range`, "vlans");
    if (flags.includes("rangeBegin")) begun = vid;
    else {
      const own = flags.flatMap((flag) => (flag === "rangeEnd" ? [] : [flag as BridgeVlanFlag]));
      ranges.push({ first: begun ?? vid, last: vid, flags: own });
      begun = undefined;
    }
  }
  return begun === undefined ? ok(ranges) : malformed(`VLAN ${begun} begins a range`, "vlans");
}

/** One VLAN (1 to 4094), or all from one to another. */
export type VlanIds = number | { readonly first: number; readonly last: number };

/** A membership in VLANs to begin or end. */
export interface BridgeVlanSpec {
  readonly link: LinkRef;
  /** `bridge`: of a port, kept by its bridge; `self`: of the bridge itself, whose link it is. */
  readonly table: "bridge" | "self";
  readonly vlans: VlanIds;
  /** All at once: what is not named is cleared. A range cannot be `pvid`. */
  readonly flags?: readonly BridgeVlanFlag[];
}

/**
 * Makes a port a member of VLANs, or changes how it is one; a new `pvid` takes that from the VLAN
 * that had it. Equivalent to `bridge vlan add dev PORT vid VLANS …`. EOPNOTSUPP when the link is
 * neither bridge nor port or the kernel has no 802.1Q, EINVAL for VLANs out of range.
 */
export function addBridgeVlan(spec: BridgeVlanSpec): Request {
  return change("add", spec);
}

/**
 * Ends a membership, or does nothing. Equivalent to `bridge vlan del dev PORT vid VLANS …`.
 */
export function deleteBridgeVlan(spec: Omit<BridgeVlanSpec, "flags">): Request {
  return change("del", spec);
}

function change(verb: "add" | "del", spec: BridgeVlanSpec): Request {
  const { link, table, vlans, flags = [] } = spec;
  return {
    kind: "request",
    type: verb === "add" ? MessageType.setLink : MessageType.deleteLink,
    flags: 0,
    payload: encode(bridgeVlanMessage, {
      header: { ...newLinkHeader, family: Family.bridge, ifindex: link.ifindex },
      attributes: { afSpec: { target: [table], vlans: infosOf(vlans, flags) } },
    }),
    command: commandLine(
      `bridge vlan ${verb}`,
      ["dev", linkName(link), "vid", vidWord(vlans), ...flags],
      tableWords(table),
    ),
    read: nothing,
  };
}

function infosOf(vlans: VlanIds, flags: readonly BridgeVlanFlag[]): VlanInfos {
  if (typeof vlans === "number") return [{ flags, vid: vlans }];
  return [
    { flags: [...flags, "rangeBegin"], vid: vlans.first },
    { flags: [...flags, "rangeEnd"], vid: vlans.last },
  ];
}

function vidWord(vlans: VlanIds): string {
  return typeof vlans === "number" ? `${vlans}` : `${vlans.first}-${vlans.last}`;
}

function tableWords(table: BridgeVlanSpec["table"]): Words {
  // iproute2's word for the bridge above the port.
  return [table === "bridge" ? "master" : "self"];
}

/**
 * The VLANs of every bridge and port of the namespace, or of one link: the kernel sends all.
 * Equivalent to `bridge -compressvlans vlan show dev LINK`.
 */
export function listBridgeVlans(link?: LinkRef): DumpRequest<BridgeVlans> {
  return {
    kind: "dump",
    type: MessageType.getLink,
    flags: MessageFlag.dump,
    payload: encode(bridgeVlanMessage, {
      header: { ...newLinkHeader, family: Family.bridge },
      attributes: { extMask: ["brVlanCompressed"] },
    }),
    command: commandLine("bridge -compressvlans vlan show", option("dev", link && linkName(link))),
    read: (message) =>
      mapResult(readBridgeVlans(message), (found) =>
        link === undefined || found?.ifindex === link.ifindex ? found : undefined,
      ),
  };
}
