import { type Ip4, ipToBytes, type Mac, macToBytes } from "../addr/index.ts";
import { ok, type Result } from "../base/index.ts";
import { layout, readIp4, readMac, readUint, writeBytes, writeUint } from "./bytes.ts";
import { EtherType } from "./numbers.ts";
import { truncated, type WireError, wireError } from "./wire-error.ts";

/** ARP for IPv4 over Ethernet (RFC 826), the only one that Landfall meets. */
export interface Arp {
  readonly kind: "arp";
  readonly operation: "request" | "reply";
  readonly senderMac: Mac;
  readonly senderIp: Ip4;
  readonly targetMac: Mac;
  readonly targetIp: Ip4;
}

const { field, size } = layout({
  hardware: 2,
  protocol: 2,
  hardwareLength: 1,
  protocolLength: 1,
  operation: 2,
  senderMac: 6,
  senderIp: 4,
  targetMac: 6,
  targetIp: 4,
});

const HARDWARE_ETHERNET = 1;
const OPERATIONS = { request: 1, reply: 2 } as const;

/** Reads an ARP packet; what follows it is the padding of a short frame. */
export function decodeArp(bytes: Uint8Array): Result<Arp, WireError> {
  if (bytes.length < size) return truncated("arp", "packet", size, bytes.length);
  const hardware = readUint(bytes, field.hardware);
  const protocol = readUint(bytes, field.protocol);
  const lengths = [readUint(bytes, field.hardwareLength), readUint(bytes, field.protocolLength)];
  if (hardware !== HARDWARE_ETHERNET || protocol !== EtherType.ipv4 || `${lengths}` !== "6,4") {
    return wireError("arp", `hardware type ${hardware}, protocol ${protocol}, lengths ${lengths}`);
  }
  const number = readUint(bytes, field.operation);
  if (number !== OPERATIONS.request && number !== OPERATIONS.reply) {
    return wireError("arp", `operation ${number} is neither request nor reply`);
  }
  return ok({
    kind: "arp",
    operation: number === OPERATIONS.request ? "request" : "reply",
    senderMac: readMac(bytes, field.senderMac),
    senderIp: readIp4(bytes, field.senderIp),
    targetMac: readMac(bytes, field.targetMac),
    targetIp: readIp4(bytes, field.targetIp),
  });
}

/** The 28 bytes of an ARP packet, without padding. */
export function encodeArp(arp: Arp): Uint8Array {
  const bytes = new Uint8Array(size);
  writeUint(bytes, field.hardware, HARDWARE_ETHERNET);
  writeUint(bytes, field.protocol, EtherType.ipv4);
  writeUint(bytes, field.hardwareLength, 6);
  writeUint(bytes, field.protocolLength, 4);
  writeUint(bytes, field.operation, OPERATIONS[arp.operation]);
  writeBytes(bytes, field.senderMac, macToBytes(arp.senderMac));
  writeBytes(bytes, field.senderIp, ipToBytes(arp.senderIp));
  writeBytes(bytes, field.targetMac, macToBytes(arp.targetMac));
  writeBytes(bytes, field.targetIp, ipToBytes(arp.targetIp));
  return bytes;
}
