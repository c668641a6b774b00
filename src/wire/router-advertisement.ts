import {
  type Ip6,
  ipToBytes,
  type Mac,
  macToBytes,
  type Prefix,
  prefixIp,
  prefixLength,
} from "../addr/index.ts";
import { assert } from "../base/index.ts";
import { ALL_NODES, ALL_NODES_MAC, NDP_HOP_LIMIT } from "./announce.ts";
import { concatBytes, layout, writeBytes, writeUint } from "./bytes.ts";
import type { Frame } from "./frame.ts";
import { ipv6 } from "./ipv6.ts";

/** ICMPv6 type (RFC 4861 §4.2). */
const ROUTER_ADVERTISEMENT = 134;

/** RFC 4861 §6.2.1: the defaults of a router, in seconds. */
const ROUTER_LIFETIME = 1800;
const VALID_LIFETIME = 2_592_000;
const PREFERRED_LIFETIME = 604_800;

/** What follows the checksum (RFC 4861 §4.2). */
const body = layout({ hopLimit: 1, flags: 1, lifetime: 2, reachable: 4, retransmit: 4 });
/** RFC 4861 §4.6.1. */
const linkLayer = layout({ type: 1, length: 1, mac: 6 });
/** RFC 4861 §4.6.2. */
const prefixOption = layout({
  type: 1,
  length: 1,
  prefixLength: 1,
  flags: 1,
  valid: 4,
  preferred: 4,
  reserved: 4,
  prefix: 16,
});

const LINK_LAYER_TYPE = 1;
const PREFIX_TYPE = 3;
/** Option lengths count units of eight bytes (RFC 4861 §4.6). */
const OPTION_UNIT = 8;
/** The prefix is on the link, and hosts may make themselves addresses of it. */
const ON_LINK_AND_AUTONOMOUS = 0xc0;
/** What hosts are told to put into their packets: Linux's own default. */
const HOP_LIMIT = 64;

/**
 * Tells everyone that a router is at `mac` and `source`, which must be link-local, and that hosts
 * may give themselves addresses of `prefix` (RFC 4861 §4.2, RFC 4862 §5.5.3).
 */
export function routerAdvertisement(mac: Mac, source: Ip6, prefix: Prefix): Frame {
  assert(prefix.includes(":"), "routers advertise IPv6 prefixes");
  const head = new Uint8Array(body.size);
  writeUint(head, body.field.hopLimit, HOP_LIMIT);
  writeUint(head, body.field.lifetime, ROUTER_LIFETIME);
  const packet = ipv6(source, ALL_NODES, {
    kind: "icmp",
    type: ROUTER_ADVERTISEMENT,
    code: 0,
    body: concatBytes(head, linkLayerOption(mac), prefixInformation(prefix)),
  });
  const payload = { ...packet, hopLimit: NDP_HOP_LIMIT };
  return { source: mac, destination: ALL_NODES_MAC, tags: [], payload };
}

function linkLayerOption(mac: Mac): Uint8Array {
  const option = new Uint8Array(linkLayer.size);
  writeUint(option, linkLayer.field.type, LINK_LAYER_TYPE);
  writeUint(option, linkLayer.field.length, linkLayer.size / OPTION_UNIT);
  writeBytes(option, linkLayer.field.mac, macToBytes(mac));
  return option;
}

function prefixInformation(prefix: Prefix): Uint8Array {
  const { field, size } = prefixOption;
  const option = new Uint8Array(size);
  writeUint(option, field.type, PREFIX_TYPE);
  writeUint(option, field.length, size / OPTION_UNIT);
  writeUint(option, field.prefixLength, prefixLength(prefix));
  writeUint(option, field.flags, ON_LINK_AND_AUTONOMOUS);
  writeUint(option, field.valid, VALID_LIFETIME);
  writeUint(option, field.preferred, PREFERRED_LIFETIME);
  writeBytes(option, field.prefix, ipToBytes(prefixIp(prefix)));
  return option;
}
