import { type Ip6, ipToBytes, type Mac, macToBytes } from "../addr/index.ts";
import { ok, type Result } from "../base/index.ts";
import {
  byteAt,
  concatBytes,
  layout,
  readBytes,
  readIp6,
  readMac,
  readUint,
  writeBytes,
  writeUint,
} from "./bytes.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** Neighbour solicitation (RFC 4861 §4.3). */
export interface NdpSolicitation {
  readonly kind: "ndp-solicitation";
  readonly target: Ip6;
  /** Source link-layer address option; absent in duplicate address detection. */
  readonly linkLayer?: Mac;
}

/** Neighbour advertisement (RFC 4861 §4.4). */
export interface NdpAdvertisement {
  readonly kind: "ndp-advertisement";
  readonly target: Ip6;
  /** Target link-layer address option. */
  readonly linkLayer?: Mac;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
}

export type Ndp = NdpSolicitation | NdpAdvertisement;

/** ICMPv6 types of the two messages. */
export const NDP_TYPES = { "ndp-solicitation": 135, "ndp-advertisement": 136 } as const;

const { field, size } = layout({
  type: 1,
  code: 1,
  checksum: 2,
  flags: 1,
  reserved: 3,
  target: 16,
});
const option = layout({ type: 1, length: 1, linkLayer: 6 });

const FLAGS = { router: 0x80, solicited: 0x40, override: 0x20 } as const;

/** The option that carries the sender's own MAC (RFC 4861 §4.6.1). */
const LINK_LAYER_OPTION = { "ndp-solicitation": 1, "ndp-advertisement": 2 } as const;

/** Option lengths count units of eight bytes (RFC 4861 §4.6). */
const OPTION_UNIT = 8;

/** Reads a message whose ICMPv6 type is the one of `kind`; all options but the MAC are skipped. */
export function decodeNdp(kind: Ndp["kind"], bytes: Uint8Array): Result<Ndp, WireError> {
  if (bytes.length < size) return truncated("ndp", "message", size, bytes.length);
  const linkLayer = findLinkLayer(bytes.subarray(size), LINK_LAYER_OPTION[kind]);
  if (!linkLayer.ok) return linkLayer;
  const found = linkLayer.value === undefined ? {} : { linkLayer: linkLayer.value };
  const target = readIp6(bytes, field.target);
  if (kind === "ndp-solicitation") return ok({ kind, target, ...found });
  const flags = readUint(bytes, field.flags);
  return ok({
    kind,
    target,
    ...found,
    router: (flags & FLAGS.router) !== 0,
    solicited: (flags & FLAGS.solicited) !== 0,
    override: (flags & FLAGS.override) !== 0,
  });
}

/** The message with a checksum of zero; `sealIcmp` fills it. */
export function encodeNdp(message: Ndp): Uint8Array {
  const head = new Uint8Array(size);
  writeUint(head, field.type, NDP_TYPES[message.kind]);
  if (message.kind === "ndp-advertisement") {
    const router = message.router ? FLAGS.router : 0;
    const solicited = message.solicited ? FLAGS.solicited : 0;
    const override = message.override ? FLAGS.override : 0;
    writeUint(head, field.flags, router | solicited | override);
  }
  writeBytes(head, field.target, ipToBytes(message.target));
  if (message.linkLayer === undefined) return head;
  const tail = new Uint8Array(option.size);
  writeUint(tail, option.field.type, LINK_LAYER_OPTION[message.kind]);
  writeUint(tail, option.field.length, option.size / OPTION_UNIT);
  writeBytes(tail, option.field.linkLayer, macToBytes(message.linkLayer));
  return concatBytes(head, tail);
}

/** The MAC in the first option of this type that has room for one. */
function findLinkLayer(options: Uint8Array, type: number): Result<Mac | undefined, WireError> {
  let rest = options;
  let found: Mac | undefined;
  while (rest.length > 0) {
    if (rest.length < OPTION_UNIT) return truncated("ndp", "option", OPTION_UNIT, rest.length);
    const length = readUint(rest, option.field.length) * OPTION_UNIT;
    // RFC 4861 §4.6: such packets must be discarded; here it would also mean an endless loop.
    if (length === 0) return wireError("ndp", "an option has length 0");
    if (rest.length < length) return truncated("ndp", "option", length, rest.length);
    if (byteAt(rest, 0) === type && found === undefined) {
      found = readMac(readBytes(rest, { at: 0, end: length }), option.field.linkLayer);
    }
    rest = rest.subarray(length);
  }
  return ok(found);
}
