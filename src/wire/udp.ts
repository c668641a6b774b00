import { ok, type Result } from "../base/index.ts";
import { concatBytes, layout, readUint, writeUint } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** A UDP datagram (RFC 768). */
export interface Udp {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

const { field, size } = layout({ sourcePort: 2, destinationPort: 2, length: 2, checksum: 2 });

/**
 * Reads a datagram. A length beyond the bytes is not an error: so looks the first fragment, which
 * has only the first part of the data.
 */
export function decodeUdp(bytes: Uint8Array): Result<Udp, WireError> {
  if (bytes.length < size) return truncated("udp", "header", size, bytes.length);
  const length = readUint(bytes, field.length);
  if (length < size) return wireError("udp", `the datagram claims to have ${length} bytes`);
  return ok({
    kind: "udp",
    sourcePort: readUint(bytes, field.sourcePort),
    destinationPort: readUint(bytes, field.destinationPort),
    data: bytes.subarray(size, length),
  });
}

/** The datagram; `pseudoSum` gives the sum of the pseudo header for its length. */
export function encodeUdp(udp: Udp, pseudoSum: (length: number) => number): Uint8Array {
  const head = new Uint8Array(size);
  writeUint(head, field.sourcePort, udp.sourcePort);
  writeUint(head, field.destinationPort, udp.destinationPort);
  writeUint(head, field.length, size + udp.data.length);
  const bytes = concatBytes(head, udp.data);
  // A checksum of 0 would say "none was computed" (RFC 768); 0xffff is the same number.
  writeUint(bytes, field.checksum, internetChecksum(bytes, pseudoSum(bytes.length)) || 0xffff);
  return bytes;
}
