import { type Mac, macToBytes } from "../addr/index.ts";
import { assert, ok, type Result, unreachable } from "../base/index.ts";
import { type Arp, decodeArp, encodeArp } from "./arp.ts";
import { concatBytes, layout, readMac, readUint, writeBytes, writeUint } from "./bytes.ts";
import { decodeIpv4, encodeIpv4, type Ipv4 } from "./ipv4.ts";
import { decodeIpv6, encodeIpv6, type Ipv6 } from "./ipv6.ts";
import { EtherType } from "./numbers.ts";
import { formatWireError, truncated, type WireError } from "./wire-error.ts";

/** An Ethernet II frame, without preamble and check sequence. */
export interface Frame {
  readonly source: Mac;
  readonly destination: Mac;
  /** VLAN tags, the outermost first. */
  readonly tags: readonly VlanTag[];
  readonly payload: Payload;
}

/** A VLAN tag (IEEE 802.1Q §9.6). */
export interface VlanTag {
  /** 802.1Q is the customer's tag (C-VLAN), 802.1ad the provider's, outside of it (S-VLAN). */
  readonly protocol: "802.1Q" | "802.1ad";
  /** 0 to 4095; 0 carries only a priority. */
  readonly id: number;
  /** 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
}

/** What a frame carries. */
export type Payload = Arp | Ipv4 | Ipv6 | UnknownPayload | MalformedPayload;

/** An EtherType that Landfall does not read, or the length of an 802.3 frame. */
export interface UnknownPayload {
  readonly kind: "unknown";
  readonly etherType: number;
  readonly bytes: Uint8Array;
}

/** Bytes that are not what their EtherType says, kept so that a capture still shows the frame. */
export interface MalformedPayload {
  readonly kind: "malformed";
  readonly etherType: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** Two are in use (802.1ad); deeper stacks than this are kept as unknown payload. */
export const TAGS_MAX = 4;

const addresses = layout({ destination: 6, source: 6 });
const type = layout({ etherType: 2 });
const tag = layout({ control: 2 });

const TAG_TYPES = { "802.1Q": EtherType.dot1q, "802.1ad": EtherType.dot1ad } as const;
const DROP_ELIGIBLE = 0x1000;
const VLAN_ID = 0x0fff;
const PRIORITY_SHIFT = 13;

/**
 * Reads a frame. An Err when it ends within the addresses, tags or EtherType; deeper layers that
 * cannot be read become "malformed" payloads. Byte fields of the value share memory with `bytes`.
 */
export function decodeFrame(bytes: Uint8Array): Result<Frame, WireError> {
  const shortest = addresses.size + type.size;
  if (bytes.length < shortest) return truncated("ethernet", "header", shortest, bytes.length);
  const tags: VlanTag[] = [];
  let rest = bytes.subarray(addresses.size);
  let protocol = tagProtocol(rest);
  while (protocol !== undefined && tags.length < TAGS_MAX) {
    const needed = type.size + tag.size + type.size;
    if (rest.length < needed) return truncated("vlan", "tag", needed, rest.length);
    rest = rest.subarray(type.size);
    tags.push(decodeTag(protocol, readUint(rest, tag.field.control)));
    rest = rest.subarray(tag.size);
    protocol = tagProtocol(rest);
  }
  return ok({
    source: readMac(bytes, addresses.field.source),
    destination: readMac(bytes, addresses.field.destination),
    tags,
    payload: decodePayload(readUint(rest, type.field.etherType), rest.subarray(type.size)),
  });
}

/** The bytes of a frame, with every length and checksum filled in, without padding. */
export function encodeFrame(frame: Frame): Uint8Array {
  assert(frame.tags.length <= TAGS_MAX, `a frame with ${frame.tags.length} tags`);
  const head = new Uint8Array(addresses.size);
  writeBytes(head, addresses.field.destination, macToBytes(frame.destination));
  writeBytes(head, addresses.field.source, macToBytes(frame.source));
  const etherType = new Uint8Array(type.size);
  writeUint(etherType, type.field.etherType, payloadEtherType(frame.payload));
  return concatBytes(head, ...frame.tags.map(encodeTag), etherType, encodePayload(frame.payload));
}

/** The EtherType in front of a payload (the length, for an 802.3 frame). */
export function payloadEtherType(payload: Payload): number {
  switch (payload.kind) {
    case "arp":
    case "ipv4":
    case "ipv6":
      return EtherType[payload.kind];
    case "unknown":
    case "malformed":
      return payload.etherType;
    default:
      return unreachable(payload);
  }
}

function tagProtocol(rest: Uint8Array): VlanTag["protocol"] | undefined {
  const etherType = readUint(rest, type.field.etherType);
  if (etherType === EtherType.dot1q) return "802.1Q";
  return etherType === EtherType.dot1ad ? "802.1ad" : undefined;
}

function decodeTag(protocol: VlanTag["protocol"], control: number): VlanTag {
  return {
    protocol,
    id: control & VLAN_ID,
    priority: control >> PRIORITY_SHIFT,
    dropEligible: (control & DROP_ELIGIBLE) !== 0,
  };
}

function encodeTag({ protocol, id, priority, dropEligible }: VlanTag): Uint8Array {
  assert(id >= 0 && id <= VLAN_ID && priority >= 0 && priority <= 7, `vlan ${id}, ${priority}`);
  const dropBit = dropEligible ? DROP_ELIGIBLE : 0;
  const bytes = new Uint8Array(type.size + tag.size);
  writeUint(bytes, type.field.etherType, TAG_TYPES[protocol]);
  writeUint(
    bytes.subarray(type.size),
    tag.field.control,
    (priority << PRIORITY_SHIFT) | dropBit | id,
  );
  return bytes;
}

function decodePayload(etherType: number, bytes: Uint8Array): Payload {
  const result = decodeKnown(etherType, bytes);
  if (result === undefined) return { kind: "unknown", etherType, bytes };
  if (result.ok) return result.value;
  return { kind: "malformed", etherType, reason: formatWireError(result.error), bytes };
}

function decodeKnown(etherType: number, bytes: Uint8Array): Result<Payload, WireError> | undefined {
  if (etherType === EtherType.arp) return decodeArp(bytes);
  if (etherType === EtherType.ipv4) return decodeIpv4(bytes);
  return etherType === EtherType.ipv6 ? decodeIpv6(bytes) : undefined;
}

function encodePayload(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case "arp":
      return encodeArp(payload);
    case "ipv4":
      return encodeIpv4(payload);
    case "ipv6":
      return encodeIpv6(payload);
    case "unknown":
    case "malformed":
      return payload.bytes;
    default:
      return unreachable(payload);
  }
}
