import { err, ok } from "../base/index.ts";
import { closeFd, openSocket, sendTo } from "./native.ts";
import type { SysResult } from "./platform.ts";
import { AF_UNIX, encodeUnixAddress, UNIX_NAME_BYTES_MAX } from "./sockaddr.ts";

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
/** Nobody is waited for: a service manager that does not read is no reason to stand still. */
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

/** One datagram to a unix socket, by path or, with "@" before it, by abstract name. */
export function notify(socket: string, state: string): SysResult<void> {
  const call = `sendto ${socket}`;
  if (!/^[/@]./.test(socket)) return err({ errno: "EINVAL", call });
  if (Buffer.byteLength(socket) > UNIX_NAME_BYTES_MAX) return err({ errno: "ENAMETOOLONG", call });
  const fd = openSocket({ domain: AF_UNIX, type: SOCK_DGRAM_CLOEXEC, protocol: 0 });
  if (!fd.ok) return fd;
  const bytes = new TextEncoder().encode(state);
  const sent = sendTo(fd.value, bytes, MSG_DONTWAIT_NOSIGNAL, encodeUnixAddress(socket));
  closeFd(fd.value);
  return sent.ok ? ok() : err({ errno: sent.error.errno, call });
}
