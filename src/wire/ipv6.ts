import { type Ip6, ipToBytes } from "../addr/index.ts";
import { ok, type Result } from "../base/index.ts";
import { concatBytes, layout, readIp6, readUint, writeBytes, writeUint } from "./bytes.ts";
import { DEFAULT_HOP_LIMIT, Protocol } from "./numbers.ts";
import {
  decodeTransport6,
  encodeTransport,
  type Transport6,
  transportProtocol,
} from "./transport.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** The fragment extension header (RFC 8200 §4.5). */
export interface Fragment {
  readonly identification: number;
  /** Where this part begins, in bytes; a multiple of 8. */
  readonly offset: number;
  readonly moreFragments: boolean;
}

/** An IPv6 packet (RFC 8200). Extension headers but the fragment are skipped, and never sent. */
export interface Ipv6 {
  readonly kind: "ipv6";
  readonly source: Ip6;
  readonly destination: Ip6;
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly hopLimit: number;
  readonly fragment?: Fragment;
  /** Behind a fragment's offset there is no header to read, so it is "unknown" there. */
  readonly transport: Transport6;
}

const { field, size } = layout({
  versionClassAndFlow: 4,
  payloadLength: 2,
  nextHeader: 1,
  hopLimit: 1,
  source: 16,
  destination: 16,
});
const extension = layout({ nextHeader: 1, length: 1, rest: 6 });
const fragmentHeader = layout({ nextHeader: 1, reserved: 1, offset: 2, identification: 4 });

const FLOW_LABELS = 2 ** 20;
const TRAFFIC_CLASSES = 2 ** 8;
/** The lowest bit of the offset word; the offset above it counts units of 8 bytes at bit 3. */
const MORE_FRAGMENTS = 0x0001;
const FRAGMENT_OFFSET = 0xfff8;

/** RFC 8200 §4.1 lists at most seven in one packet; more is somebody's attempt to keep us busy. */
const EXTENSIONS_MAX = 8;

/** A whole packet with the header that Linux gives to an ordinary one. */
export function ipv6(source: Ip6, destination: Ip6, transport: Transport6): Ipv6 {
  return {
    kind: "ipv6",
    source,
    destination,
    trafficClass: 0,
    flowLabel: 0,
    hopLimit: DEFAULT_HOP_LIMIT,
    transport,
  };
}

/** Reads a packet; what follows its payload length is the padding of a short frame. */
export function decodeIpv6(bytes: Uint8Array): Result<Ipv6, WireError> {
  if (bytes.length < size) return truncated("ipv6", "header", size, bytes.length);
  const first = readUint(bytes, field.versionClassAndFlow);
  const version = Math.floor(first / (TRAFFIC_CLASSES * FLOW_LABELS));
  if (version !== 6) return wireError("ipv6", `the header says version ${version}`);
  const total = size + readUint(bytes, field.payloadLength);
  if (bytes.length < total) return truncated("ipv6", "packet", total, bytes.length);
  return ok({
    kind: "ipv6",
    source: readIp6(bytes, field.source),
    destination: readIp6(bytes, field.destination),
    trafficClass: Math.floor(first / FLOW_LABELS) % TRAFFIC_CLASSES,
    flowLabel: first % FLOW_LABELS,
    hopLimit: readUint(bytes, field.hopLimit),
    ...decodePayload(readUint(bytes, field.nextHeader), bytes.subarray(size, total)),
  });
}

/** The packet with its checksums; that of a first fragment's transport covers no more than it. */
export function encodeIpv6(packet: Ipv6): Uint8Array {
  const protocol = transportProtocol(6, packet.transport);
  const extensions =
    packet.fragment === undefined ? new Uint8Array() : encodeFragment(packet.fragment, protocol);
  const payload = concatBytes(extensions, encodeTransport(packet.transport, packet));
  const head = new Uint8Array(size);
  const classAndFlow = packet.trafficClass * FLOW_LABELS + packet.flowLabel;
  const next = packet.fragment === undefined ? protocol : Protocol.fragment;
  writeUint(head, field.versionClassAndFlow, 6 * TRAFFIC_CLASSES * FLOW_LABELS + classAndFlow);
  writeUint(head, field.payloadLength, payload.length);
  writeUint(head, field.nextHeader, next);
  writeUint(head, field.hopLimit, packet.hopLimit);
  writeBytes(head, field.source, ipToBytes(packet.source));
  writeBytes(head, field.destination, ipToBytes(packet.destination));
  return concatBytes(head, payload);
}

/** Walks the extension headers; one that cannot be read becomes the malformed transport. */
function decodePayload(
  nextHeader: number,
  payload: Uint8Array,
): Pick<Ipv6, "transport" | "fragment"> {
  let protocol = nextHeader;
  let bytes = payload;
  let fragment: Fragment | undefined;
  for (let count = 0; isExtension(protocol) && !fragment?.offset; count++) {
    const length = extensionLength(protocol, bytes);
    if (count === EXTENSIONS_MAX || length === undefined) {
      const reason = count === EXTENSIONS_MAX ? "too many extension headers" : "cut off";
      const transport = { kind: "malformed", protocol, reason: `ipv6: ${reason}`, bytes } as const;
      return fragment === undefined ? { transport } : { transport, fragment };
    }
    if (protocol === Protocol.fragment) fragment = decodeFragment(bytes);
    protocol = readUint(bytes, extension.field.nextHeader);
    bytes = bytes.subarray(length);
  }
  if (fragment === undefined) return { transport: decodeTransport6(protocol, bytes) };
  const later = { kind: "unknown", protocol, bytes } as const;
  return {
    fragment,
    transport: fragment.offset === 0 ? decodeTransport6(protocol, bytes) : later,
  };
}

function isExtension(protocol: number): boolean {
  return (
    protocol === Protocol.hopByHop ||
    protocol === Protocol.routing ||
    protocol === Protocol.fragment ||
    protocol === Protocol.destinationOptions
  );
}

/** In bytes; undefined when the header goes beyond `bytes`. */
function extensionLength(protocol: number, bytes: Uint8Array): number | undefined {
  if (bytes.length < extension.size) return undefined;
  // Counts units of 8 bytes after the first; the fragment header has none (RFC 8200 §4.2, §4.5).
  const units = protocol === Protocol.fragment ? 0 : readUint(bytes, extension.field.length);
  const length = extension.size + units * extension.size;
  return bytes.length < length ? undefined : length;
}

function decodeFragment(bytes: Uint8Array): Fragment {
  const word = readUint(bytes, fragmentHeader.field.offset);
  return {
    identification: readUint(bytes, fragmentHeader.field.identification),
    offset: word & FRAGMENT_OFFSET,
    moreFragments: (word & MORE_FRAGMENTS) !== 0,
  };
}

function encodeFragment(fragment: Fragment, nextHeader: number): Uint8Array {
  const bytes = new Uint8Array(fragmentHeader.size);
  const more = fragment.moreFragments ? MORE_FRAGMENTS : 0;
  writeUint(bytes, fragmentHeader.field.nextHeader, nextHeader);
  writeUint(bytes, fragmentHeader.field.offset, fragment.offset + more);
  writeUint(bytes, fragmentHeader.field.identification, fragment.identification);
  return bytes;
}
