import { readdirSync, readlinkSync } from "node:fs";
import { err, ok } from "../base/index.ts";
import {
  callInts,
  closeFd,
  getSocketOption,
  openFile,
  openFileIn,
  openSocket,
  openSocketIn,
} from "./native.ts";
import type { Fd, Namespaces, NetnsCookie, NetnsHandle, SysResult } from "./platform.ts";

const O_RDONLY_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
/** include/uapi/linux/nsfs.h: which kind of namespace a file is. */
const NS_GET_NSTYPE = 0xb703;
const CLONE_NEWNET = 0x40000000;
const NEW_NAMESPACE = -1;

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** Any socket tells the cookie of its namespace; this kind needs no privilege. */
const COOKIE_SOCKET = { domain: AF_NETLINK, type: SOCK_RAW_CLOEXEC, protocol: 0 };
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

/** Opens and makes network namespaces; `home` is the one that every window returns to. */
export function namespaces(home: NetnsHandle): Namespaces {
  return {
    home: openHome,
    open: (path) => openNamespace(path, home.fd),
    create: () => {
      const fd = openFileIn(NEW_NAMESPACE, home.fd, OWN_NAMESPACE, O_RDONLY_CLOEXEC_NONBLOCK);
      return fd.ok ? withCookieFrom(fd.value, home.fd) : fd;
    },
    ofProcesses: () => [...namespacesOfProcesses().values()],
  };
}

/** By what the kernel calls each: "net:[4026531840]". */
function namespacesOfProcesses(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const path = `/proc/${pid}/ns/net`;
    try {
      found.set(readlinkSync(path), path);
    } catch {
      // It ended meanwhile, or is not ours to look at.
    }
  }
  return found;
}

/** The thread's own, not the process's: inside a window they differ. */
const OWN_NAMESPACE = "/proc/thread-self/ns/net";

/** The namespace that this process was started in. */
export function openHome(): SysResult<NetnsHandle> {
  const fd = openFile(OWN_NAMESPACE, O_RDONLY_CLOEXEC_NONBLOCK);
  // Entering a namespace needs CAP_SYS_ADMIN even when one is in it already, so this one is not.
  return fd.ok ? withCookie(fd.value, openSocket(COOKIE_SOCKET)) : fd;
}

function openNamespace(path: string, home: Fd): SysResult<NetnsHandle> {
  const fd = openFile(path, O_RDONLY_CLOEXEC_NONBLOCK);
  if (!fd.ok) return fd;
  const type = callInts("ioctl", fd.value, NS_GET_NSTYPE);
  if (!type.ok || type.value !== CLONE_NEWNET) {
    closeFd(fd.value);
    return err({ errno: "EINVAL", call: `network namespace ${path}` });
  }
  return withCookieFrom(fd.value, home);
}

function withCookieFrom(fd: Fd, home: Fd): SysResult<NetnsHandle> {
  return withCookie(fd, openSocketIn(fd, home, COOKIE_SOCKET));
}

/** The handle of `fd`; `socket` was opened inside that namespace, and is closed here. */
function withCookie(fd: Fd, socket: SysResult<Fd>): SysResult<NetnsHandle> {
  const cookie = readCookie(socket);
  if (cookie.ok) return ok(netnsHandle(fd, cookie.value));
  closeFd(fd);
  return cookie;
}

function readCookie(socket: SysResult<Fd>): SysResult<NetnsCookie> {
  if (!socket.ok) return socket;
  const option = { level: SOL_SOCKET, option: SO_NETNS_COOKIE };
  const bytes = getSocketOption(socket.value, option, 8);
  closeFd(socket.value);
  if (!bytes.ok) return bytes;
  return ok(new DataView(bytes.value.buffer).getBigUint64(0, true) as NetnsCookie);
}

function netnsHandle(fd: Fd, cookie: NetnsCookie): NetnsHandle {
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    closeFd(fd);
  };
  return { fd, cookie, close, [Symbol.dispose]: close };
}
