import { assert } from "../base/index.ts";
import type { SocketAddress } from "./platform.ts";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;

/** sockaddr_in (include/uapi/linux/in.h) or sockaddr_in6 (in6.h), by the length of the address. */
export function encodeSocketAddress(to: SocketAddress): Uint8Array {
  if (to.address.length === 4) {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(2, to.port);
    bytes.set(to.address, 4);
    return bytes;
  }
  assert(to.address.length === 16, "a socket address has 4 or 16 bytes");
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, to.port);
  bytes.set(to.address, 8);
  view.setUint32(24, to.scope ?? 0, true);
  return bytes;
}

/** The reverse; only for addresses that the kernel gave for an IPv4 or IPv6 socket. */
export function decodeSocketAddress(bytes: Uint8Array): SocketAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return { address: bytes.slice(4, 8), port };
  assert(family === AF_INET6, `socket address of family ${family}`);
  const scope = view.getUint32(24, true);
  return { address: bytes.slice(8, 24), port, ...(scope === 0 ? {} : { scope }) };
}

/** sockaddr_ll (include/uapi/linux/if_packet.h) that selects frames to receive. */
export function encodePacketAddress(ifindex: number, etherType: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, etherType);
  view.setInt32(4, ifindex, true);
  return bytes;
}

/** sockaddr_nl (include/uapi/linux/netlink.h) of the kernel. */
export function encodeNetlinkAddress(): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint16(0, AF_NETLINK, true);
  return bytes;
}

/** Bytes of a path or abstract name in sockaddr_un (unix(7)), without a closing zero byte. */
export const UNIX_NAME_BYTES_MAX = 107;

/** sockaddr_un (include/uapi/linux/un.h); a name that begins with "@" is abstract (unix(7)). */
export function encodeUnixAddress(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  assert(text.length <= UNIX_NAME_BYTES_MAX, "a socket's name is too long");
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(text, 2);
  if (name.startsWith("@")) bytes[2] = 0;
  return bytes;
}
