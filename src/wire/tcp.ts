import { ok, type Result } from "../base/index.ts";
import { concatBytes, layout, readUint, writeUint } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** Flags in the order of their bits, lowest first (RFC 9293 §3.1). */
export const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"] as const;

export type TcpFlag = (typeof TCP_FLAGS)[number];

/** A TCP segment. Options and the urgent pointer are skipped when read, and never sent. */
export interface Tcp {
  readonly kind: "tcp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: Readonly<Record<TcpFlag, boolean>>;
  readonly window: number;
  readonly data: Uint8Array;
}

const { field, size } = layout({
  sourcePort: 2,
  destinationPort: 2,
  sequence: 4,
  acknowledgement: 4,
  dataOffset: 1,
  flags: 1,
  window: 2,
  checksum: 2,
  urgentPointer: 2,
});

/** The flags that are set, by name; all others are clear. */
export function tcpFlags(...set: readonly TcpFlag[]): Tcp["flags"] {
  return flagsFromBits(set.reduce((bits, flag) => bits | (1 << TCP_FLAGS.indexOf(flag)), 0));
}

/** Reads a segment; `data` is all that follows the header. */
export function decodeTcp(bytes: Uint8Array): Result<Tcp, WireError> {
  if (bytes.length < size) return truncated("tcp", "header", size, bytes.length);
  // The upper half counts 32-bit words.
  const length = (readUint(bytes, field.dataOffset) >> 4) * 4;
  if (length < size) return wireError("tcp", `the header claims to have ${length} bytes`);
  if (bytes.length < length) return truncated("tcp", "header", length, bytes.length);
  return ok({
    kind: "tcp",
    sourcePort: readUint(bytes, field.sourcePort),
    destinationPort: readUint(bytes, field.destinationPort),
    sequence: readUint(bytes, field.sequence),
    acknowledgement: readUint(bytes, field.acknowledgement),
    flags: flagsFromBits(readUint(bytes, field.flags)),
    window: readUint(bytes, field.window),
    data: bytes.subarray(length),
  });
}

/** The segment; `pseudoSum` gives the sum of the pseudo header for its length. */
export function encodeTcp(tcp: Tcp, pseudoSum: (length: number) => number): Uint8Array {
  const head = new Uint8Array(size);
  writeUint(head, field.sourcePort, tcp.sourcePort);
  writeUint(head, field.destinationPort, tcp.destinationPort);
  writeUint(head, field.sequence, tcp.sequence);
  writeUint(head, field.acknowledgement, tcp.acknowledgement);
  writeUint(head, field.dataOffset, (size / 4) << 4);
  writeUint(head, field.flags, bitsFromFlags(tcp.flags));
  writeUint(head, field.window, tcp.window);
  const bytes = concatBytes(head, tcp.data);
  writeUint(bytes, field.checksum, internetChecksum(bytes, pseudoSum(bytes.length)));
  return bytes;
}

function flagsFromBits(bits: number): Tcp["flags"] {
  const entries = TCP_FLAGS.map((flag, bit) => [flag, (bits & (1 << bit)) !== 0]);
  return Object.fromEntries(entries) as Record<TcpFlag, boolean>;
}

function bitsFromFlags(flags: Tcp["flags"]): number {
  return TCP_FLAGS.reduce((bits, flag, bit) => bits | (flags[flag] ? 1 << bit : 0), 0);
}
