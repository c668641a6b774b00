import { parseIp4, parseMac } from "../../src/addr/index.ts";
import {
  arpRequest,
  BROADCAST_MAC,
  encodeFrame,
  type Frame,
  ipv4,
  type Payload,
} from "../../src/wire/index.ts";
import { must } from "../support/must.ts";

/** Where a frame comes from or goes to. */
export interface End {
  readonly mac: string;
  readonly ip: string;
}

/** Every frame is told from all others by what it carries. */
let frames = 0;
const mark = (): Uint8Array => new TextEncoder().encode(`frame-of-a-rule-${frames++};`);
const mac = (text: string) => must(parseMac(text));
const ip = (text: string) => must(parseIp4(text));

export const ALL = "ff:ff:ff:ff:ff:ff";

/** An echo request, which an IP stack takes only when frame and packet are both for it. */
export function echo(from: End, to: End): Frame {
  const transport = {
    kind: "icmp-echo-request",
    identifier: 0x4c46,
    sequence: 1,
    data: mark(),
  } as const;
  return frame(from.mac, to.mac, ipv4(ip(from.ip), ip(to.ip), transport));
}

/** A frame that is neither IP nor ARP (an EtherType for experiments, IEEE 802 §9.2.3). */
export function other(from: string, to: string): Frame {
  return frame(from, to, { kind: "unknown", etherType: 0x88b5, bytes: mark() });
}

/** "Who has `target`?", to everyone. */
export function whoHas(from: End, target: string): Frame {
  return arpRequest(mac(from.mac), ip(from.ip), ip(target));
}

/** The same with tags, the outermost first. */
export function tagged(inner: Frame, ...ids: readonly number[]): Frame {
  const tags = ids.map(
    (id) => ({ protocol: "802.1Q", id, priority: 0, dropEligible: false }) as const,
  );
  return { ...inner, tags };
}

/** What is written in front of the payload (IEEE 802 numbers). */
export function payloadTypeOf({ payload }: Frame): number {
  if (payload.kind === "unknown") return payload.etherType;
  return payload.kind === "arp" ? 0x0806 : 0x0800;
}

/** What is written behind the addresses: the first tag's, if there is one. */
export function etherTypeOf(frame: Frame): number {
  return frame.tags.length > 0 ? 0x8100 : payloadTypeOf(frame);
}

/** The bytes by which a frame is known wherever it is heard. */
export function markOf({ payload }: Frame): Uint8Array {
  const bare = { source: BROADCAST_MAC, destination: BROADCAST_MAC, tags: [], payload };
  const bytes = encodeFrame(bare);
  // A router changes the IP header; the echo behind it is no more that when it is answered.
  return bytes.subarray(payload.kind === "ipv4" ? 14 + 20 : 14);
}

function frame(source: string, destination: string, payload: Payload): Frame {
  return { source: mac(source), destination: mac(destination), tags: [], payload };
}
