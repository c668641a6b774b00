import { type Ip4, ipToBytes } from "../addr/index.ts";
import { ok, type Result } from "../base/index.ts";
import { concatBytes, layout, readIp4, readUint, writeBytes, writeUint } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { DEFAULT_HOP_LIMIT } from "./numbers.ts";
import {
  decodeTransport4,
  encodeTransport,
  type Transport4,
  transportProtocol,
} from "./transport.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** An IPv4 packet (RFC 791). Options are skipped when read, and never sent. */
export interface Ipv4 {
  readonly kind: "ipv4";
  readonly source: Ip4;
  readonly destination: Ip4;
  /** DSCP and ECN together. */
  readonly trafficClass: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Where this part begins, in bytes, a multiple of 8; 0 for a whole packet or a first part. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  /** Behind a `fragmentOffset` there is no header to read, so it is "unknown" there. */
  readonly transport: Transport4;
}

const { field, size } = layout({
  versionAndLength: 1,
  trafficClass: 1,
  totalLength: 2,
  identification: 2,
  fragment: 2,
  ttl: 1,
  protocol: 1,
  checksum: 2,
  source: 4,
  destination: 4,
});

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_UNITS = 0x1fff;
const FRAGMENT_UNIT_BYTES = 8;

/** A whole packet with the header that Linux gives to an ordinary one. */
export function ipv4(source: Ip4, destination: Ip4, transport: Transport4): Ipv4 {
  return {
    kind: "ipv4",
    source,
    destination,
    trafficClass: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: DEFAULT_HOP_LIMIT,
    transport,
  };
}

/** Reads a packet; what follows its total length is the padding of a short frame. */
export function decodeIpv4(bytes: Uint8Array): Result<Ipv4, WireError> {
  if (bytes.length < size) return truncated("ipv4", "header", size, bytes.length);
  const versionAndLength = readUint(bytes, field.versionAndLength);
  const version = versionAndLength >> 4;
  if (version !== 4) return wireError("ipv4", `the header says version ${version}`);
  // The lower half counts 32-bit words.
  const header = (versionAndLength & 0x0f) * 4;
  const total = readUint(bytes, field.totalLength);
  if (header < size || total < header) {
    return wireError("ipv4", `a header of ${header} bytes in a packet of ${total}`);
  }
  if (bytes.length < total) return truncated("ipv4", "packet", total, bytes.length);
  const fragment = readUint(bytes, field.fragment);
  const fragmentOffset = (fragment & FRAGMENT_UNITS) * FRAGMENT_UNIT_BYTES;
  const protocol = readUint(bytes, field.protocol);
  const payload = bytes.subarray(header, total);
  return ok({
    kind: "ipv4",
    source: readIp4(bytes, field.source),
    destination: readIp4(bytes, field.destination),
    trafficClass: readUint(bytes, field.trafficClass),
    identification: readUint(bytes, field.identification),
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    fragmentOffset,
    ttl: readUint(bytes, field.ttl),
    transport:
      fragmentOffset === 0
        ? decodeTransport4(protocol, payload)
        : { kind: "unknown", protocol, bytes: payload },
  });
}

/** The packet with its checksums; that of a first fragment's transport covers no more than it. */
export function encodeIpv4(packet: Ipv4): Uint8Array {
  const payload = encodeTransport(packet.transport, packet);
  const head = new Uint8Array(size);
  const dontFragment = packet.dontFragment ? DONT_FRAGMENT : 0;
  const moreFragments = packet.moreFragments ? MORE_FRAGMENTS : 0;
  const units = packet.fragmentOffset / FRAGMENT_UNIT_BYTES;
  writeUint(head, field.versionAndLength, (4 << 4) | (size / 4));
  writeUint(head, field.trafficClass, packet.trafficClass);
  writeUint(head, field.totalLength, size + payload.length);
  writeUint(head, field.identification, packet.identification);
  writeUint(head, field.fragment, dontFragment + moreFragments + units);
  writeUint(head, field.ttl, packet.ttl);
  writeUint(head, field.protocol, transportProtocol(4, packet.transport));
  writeBytes(head, field.source, ipToBytes(packet.source));
  writeBytes(head, field.destination, ipToBytes(packet.destination));
  writeUint(head, field.checksum, internetChecksum(head));
  return concatBytes(head, payload);
}
