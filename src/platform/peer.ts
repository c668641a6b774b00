import { err, ok } from "../base/index.ts";
import { getSocketOption } from "./native.ts";
import type { Fd, Peer, SysResult } from "./platform.ts";

const SO_PEERCRED = { level: 1, option: 17 };
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;

/** Who connected a unix socket. The kernel answers for others too, with process 0. */
export function peerOf(fd: Fd): SysResult<Peer> {
  const got = getSocketOption(fd, SO_PEERCRED, UCRED_BYTES);
  if (!got.ok) return got;
  const view = new DataView(got.value.buffer, got.value.byteOffset);
  const pid = view.getInt32(0, true);
  if (pid === 0) return err({ errno: "ENOTCONN", call: "getsockopt SO_PEERCRED" });
  return ok({ pid, uid: view.getUint32(4, true) });
}
