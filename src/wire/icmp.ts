import type { IpVersion } from "../addr/index.ts";
import { ok, type Result } from "../base/index.ts";
import { concatBytes, layout, readUint, writeUint } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { truncated, type WireError } from "./wire-error.ts";

/** Echo request or reply, the same for ICMP (RFC 792) and ICMPv6 (RFC 4443 §4). */
export interface Echo {
  readonly kind: "icmp-echo-request" | "icmp-echo-reply";
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** Any other ICMP or ICMPv6 message; `body` is what follows the checksum. */
export interface Icmp {
  readonly kind: "icmp";
  readonly type: number;
  readonly code: number;
  readonly body: Uint8Array;
}

const header = layout({ type: 1, code: 1, checksum: 2 });
const echo = layout({ type: 1, code: 1, checksum: 2, identifier: 2, sequence: 2 });

const ECHO_TYPES = {
  4: { "icmp-echo-request": 8, "icmp-echo-reply": 0 },
  6: { "icmp-echo-request": 128, "icmp-echo-reply": 129 },
} as const;

/** Types that people meet in captures (IANA ICMP and ICMPv6 parameters). */
const TYPE_NAMES: Readonly<Record<IpVersion, Readonly<Record<number, string>>>> = {
  4: {
    0: "echo reply",
    3: "destination unreachable",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
    12: "parameter problem",
  },
  6: {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "MLD query",
    131: "MLD report",
    132: "MLD done",
    133: "NDP router solicitation",
    134: "NDP router advertisement",
    135: "NDP solicitation",
    136: "NDP advertisement",
    137: "NDP redirect",
    143: "MLDv2 report",
  },
};

/** The name of an ICMP (4) or ICMPv6 (6) message type, or "type 42". */
export function icmpTypeName(version: IpVersion, type: number): string {
  return TYPE_NAMES[version][type] ?? `type ${type}`;
}

/** Reads an ICMP (4) or ICMPv6 (6) message. An echo with a code, which no RFC has, is `Icmp`. */
export function decodeIcmp(version: IpVersion, bytes: Uint8Array): Result<Echo | Icmp, WireError> {
  if (bytes.length < header.size) return truncated("icmp", "header", header.size, bytes.length);
  const type = readUint(bytes, header.field.type);
  const code = readUint(bytes, header.field.code);
  const kind = echoKind(version, type);
  if (kind === undefined || code !== 0) {
    return ok({ kind: "icmp", type, code, body: bytes.subarray(header.size) });
  }
  if (bytes.length < echo.size) return truncated("icmp", "echo", echo.size, bytes.length);
  return ok({
    kind,
    identifier: readUint(bytes, echo.field.identifier),
    sequence: readUint(bytes, echo.field.sequence),
    data: bytes.subarray(echo.size),
  });
}

/** The message with a checksum of zero; `sealIcmp` fills it. */
export function encodeIcmp(version: IpVersion, message: Echo | Icmp): Uint8Array {
  if (message.kind === "icmp") {
    const head = new Uint8Array(header.size);
    writeUint(head, header.field.type, message.type);
    writeUint(head, header.field.code, message.code);
    return concatBytes(head, message.body);
  }
  const head = new Uint8Array(echo.size);
  writeUint(head, echo.field.type, ECHO_TYPES[version][message.kind]);
  writeUint(head, echo.field.identifier, message.identifier);
  writeUint(head, echo.field.sequence, message.sequence);
  return concatBytes(head, message.data);
}

/** Fills the checksum in place. `seed` is the sum of the pseudo header (ICMPv6) or 0 (ICMP). */
export function sealIcmp(bytes: Uint8Array, seed: number): Uint8Array {
  writeUint(bytes, header.field.checksum, internetChecksum(bytes, seed));
  return bytes;
}

function echoKind(version: IpVersion, type: number): Echo["kind"] | undefined {
  const types = ECHO_TYPES[version];
  if (type === types["icmp-echo-request"]) return "icmp-echo-request";
  return type === types["icmp-echo-reply"] ? "icmp-echo-reply" : undefined;
}
