import { err, ok, unreachable } from "../base/index.ts";
import { sendAside } from "./errand.ts";
import { errnoName } from "./errno.ts";
import {
  acceptFrom,
  callInts,
  callWithAddress,
  closeFd,
  getSocketOption,
  openSocket,
  openSocketIn,
  receiveFrame,
  receiveFrom,
  receiveWithSender,
  type SocketOption,
  sendTo,
  setSocketOption,
  socketName,
} from "./native.ts";
import type {
  Fd,
  NetnsHandle,
  Socket,
  SocketAddress,
  SocketSpec,
  Sockets,
  SysResult,
} from "./platform.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  decodeSocketAddress,
  encodeNetlinkAddress,
  encodePacketAddress,
  encodeSocketAddress,
} from "./sockaddr.ts";
import { watchSocket } from "./socket-watcher.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const ETH_P_ALL = 3;
/** Without it a write to a closed connection would end the process. */
const MSG_NOSIGNAL = 0x4000;

const SOL_SOCKET = 1;
const SO_REUSEADDR = { level: SOL_SOCKET, option: 2 };
const SO_ERROR = { level: SOL_SOCKET, option: 4 };
const SO_RCVBUF = { level: SOL_SOCKET, option: 8 };
const SO_BINDTODEVICE = { level: SOL_SOCKET, option: 25 };
const PACKET_AUXDATA = { level: 263, option: 8 };
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = { level: SOL_NETLINK, option: 1 };
const NETLINK_CAP_ACK = { level: SOL_NETLINK, option: 10 };
const NETLINK_EXT_ACK = { level: SOL_NETLINK, option: 11 };
const NETLINK_GET_STRICT_CHK = { level: SOL_NETLINK, option: 12 };
const IPPROTO_TCP = 6;
const TCP_INFO = { level: IPPROTO_TCP, option: 11 };
/** include/net/tcp_states.h */
const TCP_SYN_SENT = 2;

/** Room for a burst of frames or link events; the kernel caps it at net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

/** Opens sockets inside namespaces; every window returns to `home`. */
export function sockets(home: NetnsHandle): Sockets {
  const kept = new KeptSockets();
  return {
    open: (netns, spec) => {
      const type = socketType(spec);
      const atHome = netns.cookie === home.cookie;
      // Elsewhere it would keep the namespace alive.
      const keeps = atHome && spec.kind === "rtnetlink";
      const again = keeps ? kept.take() : undefined;
      const release = keeps ? (used: Fd) => kept.give(used) : closeFd;
      if (again !== undefined) return ok(socket(again, contentOf(spec), release));
      // At home there is nothing to enter, and entering would need a privilege.
      const fd = atHome ? openSocket(type) : openSocketIn(netns.fd, home.fd, type);
      if (!fd.ok) return fd;
      const ready = prepare(fd.value, spec);
      if (ready.ok) return ok(socket(fd.value, contentOf(spec), release));
      closeFd(fd.value);
      return ready;
    },
  };
}

/** Sockets that are kept for the next who asks; more are closed. */
const KEPT_MAX = 4;

/** Route netlink sockets at home that nobody uses: it takes six system calls to make one. */
class KeptSockets {
  readonly #idle: Fd[] = [];

  take(): Fd | undefined {
    return this.#idle.pop();
  }

  /** Keeps it, if nothing is left in it: what is would be taken for an answer to the next. */
  give(fd: Fd): void {
    const left = receiveFrom(fd, "datagram");
    const isEmpty = !left.ok && left.error.errno === "EAGAIN";
    if (isEmpty && this.#idle.length < KEPT_MAX) this.#idle.push(fd);
    else closeFd(fd);
  }
}

type Content = "stream" | "datagram" | "frame";

function contentOf({ kind }: SocketSpec): Content {
  if (kind === "packet") return "frame";
  return kind === "tcp" ? "stream" : "datagram";
}

function socketType(spec: SocketSpec): { domain: number; type: number; protocol: number } {
  const raw = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  switch (spec.kind) {
    case "rtnetlink":
      return { domain: AF_NETLINK, type: raw, protocol: 0 };
    case "packet":
      // Protocol 0 receives nothing yet: frames of other links must not slip in before bind().
      return { domain: AF_PACKET, type: raw, protocol: 0 };
    case "icmp":
      return spec.version === 4
        ? { domain: AF_INET, type: raw, protocol: IPPROTO_ICMP }
        : { domain: AF_INET6, type: raw, protocol: IPPROTO_ICMPV6 };
    case "tcp":
    case "udp":
      return {
        domain: spec.version === 4 ? AF_INET : AF_INET6,
        type: (spec.kind === "tcp" ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
        protocol: 0,
      };
    default:
      return unreachable(spec);
  }
}

function prepare(fd: Fd, spec: SocketSpec): SysResult<unknown> {
  switch (spec.kind) {
    case "rtnetlink":
      return prepareNetlink(fd);
    case "packet": {
      setSocketOption(fd, SO_RCVBUF, int32(RECEIVE_BUFFER_BYTES));
      const tagged = setSocketOption(fd, PACKET_AUXDATA, int32(1));
      if (!tagged.ok) return tagged;
      const address = encodePacketAddress(spec.ifindex ?? 0, spec.etherType ?? ETH_P_ALL);
      return callWithAddress("bind", fd, address);
    }
    case "icmp":
    case "udp":
      return ok();
    case "tcp":
      return setSocketOption(fd, SO_REUSEADDR, int32(1));
    default:
      return unreachable(spec);
  }
}

function prepareNetlink(fd: Fd): SysResult<unknown> {
  // Extended acks carry the kernel's own words; capped acks do not repeat the request; strict
  // checking turns filters that the kernel does not understand into errors.
  for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
    const set = setSocketOption(fd, option, int32(1));
    if (!set.ok) return set;
  }
  setSocketOption(fd, SO_RCVBUF, int32(RECEIVE_BUFFER_BYTES));
  // Connected to the kernel, which binds it too. A privileged process of a container may send
  // netlink messages to our socket in its namespace; to one that is connected it cannot
  // (netlink_getsockbyportid).
  return callWithAddress("connect", fd, encodeNetlinkAddress());
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

function readInt32(fd: Fd, option: SocketOption): SysResult<number> {
  const bytes = getSocketOption(fd, option, 4);
  return bytes.ok ? ok(new DataView(bytes.value.buffer).getInt32(0, true)) : bytes;
}

function done(result: SysResult<unknown>): SysResult<void> {
  return result.ok ? ok() : result;
}

function socket(fd: Fd, content: Content, release: (fd: Fd) => void = closeFd): Socket {
  let open = true;
  let end = release;
  const close = (): void => {
    if (!open) return;
    open = false;
    end(fd);
  };
  /** What it hears later is not asked for: nobody else can use it. */
  const endForGood = (): void => {
    end = closeFd;
  };
  return {
    fd,
    send: (bytes, to) =>
      sendTo(fd, bytes, MSG_NOSIGNAL, to === undefined ? undefined : encodeSocketAddress(to)),
    sendAside: (bytes) => {
      endForGood();
      return sendAside(fd, bytes, MSG_NOSIGNAL);
    },
    receive: () => (content === "frame" ? receiveFrame(fd) : receiveFrom(fd, content)),
    receiveFrom: () => {
      const got = receiveWithSender(fd);
      if (!got.ok) return got;
      return ok({ bytes: got.value.bytes, from: decodeSocketAddress(got.value.from) });
    },
    joinGroup: (group) => {
      endForGood();
      return done(setSocketOption(fd, NETLINK_ADD_MEMBERSHIP, int32(group)));
    },
    bindToDevice: (name) =>
      done(setSocketOption(fd, SO_BINDTODEVICE, new TextEncoder().encode(`${name}\0`))),
    bind: (address) => done(callWithAddress("bind", fd, encodeSocketAddress(address))),
    listen: (backlog) => done(callInts("listen", fd, backlog)),
    accept: () => acceptConnection(fd),
    connect: (to) => startConnect(fd, to),
    connectResult: () => connectResult(fd),
    localAddress: () => {
      const name = socketName(fd);
      return name.ok ? ok(decodeSocketAddress(name.value)) : name;
    },
    watch: (handlers) => {
      open = false;
      return watchSocket(fd, handlers);
    },
    close,
    [Symbol.dispose]: close,
  };
}

function acceptConnection(fd: Fd): SysResult<{ socket: Socket; peer: SocketAddress }> {
  const got = acceptFrom(fd, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (!got.ok) return got;
  return ok({
    socket: socket(got.value.fd, "stream"),
    peer: decodeSocketAddress(got.value.peer),
  });
}

function startConnect(fd: Fd, to: SocketAddress): SysResult<void> {
  const started = callWithAddress("connect", fd, encodeSocketAddress(to));
  if (started.ok || started.error.errno === "EINPROGRESS") return ok();
  return started;
}

function connectResult(fd: Fd): SysResult<"pending" | "connected"> {
  const failure = readInt32(fd, SO_ERROR);
  if (!failure.ok) return failure;
  if (failure.value !== 0) return err({ errno: errnoName(failure.value), call: "connect" });
  // SO_ERROR is 0 both before and after success; the TCP state tells them apart (tcpi_state is byte
  // 0).
  const info = getSocketOption(fd, TCP_INFO, 1);
  if (!info.ok) return info;
  return ok(info.value[0] === TCP_SYN_SENT ? "pending" : "connected");
}
