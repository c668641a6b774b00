import type { Brand, Millis, Result } from "../base/index.ts";

/** An open file descriptor of this process. */
export type Fd = Brand<number, "Fd">;

/**
 * SO_NETNS_COOKIE: unique for a network namespace while the machine is up, never reused (unlike
 * inodes).
 */
export type NetnsCookie = Brand<bigint, "NetnsCookie">;

/** Random id of this boot of the machine (/proc/sys/kernel/random/boot_id). */
export type BootId = Brand<string, "BootId">;

/** A refused system call: the kernel's answer, unchanged. */
export interface SysError {
  /** Symbolic name, as in errno(3): "EPERM". Numbers without a name become "E<number>". */
  readonly errno: string;
  /** The call that was refused, with its telling argument: "openat /run/netns/a". */
  readonly call: string;
}

/** The result of a system call. */
export type SysResult<T> = Result<T, SysError>;

/**
 * Everything that Landfall asks of Linux. One implementation talks to the kernel, one is a fake for
 * fault injection; both pass the suite in platform.contract.ts. Nothing outside this folder knows
 * FFI.
 */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly namespaces: Namespaces;
  readonly sockets: Sockets;
  readonly files: Files;
  readonly process: ProcessInfo;
}

/**
 * Time. Deadlines use `boottime`, which counts suspend and cannot be set; `wall` is only for
 * people.
 */
export interface Clock {
  /** CLOCK_BOOTTIME in milliseconds, with fractions. */
  boottime(): Millis;
  /** Wall time. */
  wall(): Date;
  /** Resolves after `duration`, or at once when `signal` fires. */
  sleep(duration: Millis, signal?: AbortSignal): Promise<void>;
}

/** Unpredictable bytes. */
export interface Random {
  bytes(count: number): Uint8Array;
}

/** Network namespaces as handles: an open file that keeps the namespace alive until closed. */
export interface Namespaces {
  /** The namespace this process was started in. */
  home(): SysResult<NetnsHandle>;
  /**
   * Opens /proc/PID/ns/net, /run/netns/NAME or any bind mount of a network namespace.
   * EINVAL when the path is something else (a plain file, another kind of namespace).
   * Equivalent to the lookup of `ip netns attach`.
   */
  open(path: string): SysResult<NetnsHandle>;
  /**
   * A new namespace that nothing but the handle keeps alive. Equivalent to `unshare -n`. EPERM
   * without CAP_SYS_ADMIN.
   */
  create(): SysResult<NetnsHandle>;
  /** A path to each namespace that a process we see is in: /proc/PID/ns/net of one of them. */
  ofProcesses(): readonly string[];
}

/** One network namespace, held open. Disposing of the last handle of an unnamed one destroys it. */
export interface NetnsHandle extends Disposable {
  readonly fd: Fd;
  readonly cookie: NetnsCookie;
  close(): void;
}

/** Address families, types and protocols that Landfall opens; numbers stay inside the platform. */
export type SocketSpec =
  /**
   * Route netlink with extended acks, capped acks and strict checking switched on, connected to the
   * kernel: it refuses what others send to us (ECONNREFUSED for them).
   */
  | { readonly kind: "rtnetlink" }
  /**
   * Whole frames of one link (or of every link of the namespace), both directions; `receive` has
   * their VLAN tags, `watch` lacks the outermost.
   */
  | { readonly kind: "packet"; readonly ifindex?: number; readonly etherType?: number }
  /** Echo requests and replies: raw ICMP (4) or ICMPv6 (6) without the IPv6 header. */
  | { readonly kind: "icmp"; readonly version: 4 | 6 }
  | { readonly kind: "tcp"; readonly version: 4 | 6 }
  | { readonly kind: "udp"; readonly version: 4 | 6 };

/** Address and port of an IPv4 or IPv6 socket; `address` has 4 or 16 bytes. */
export interface SocketAddress {
  readonly address: Uint8Array;
  readonly port: number;
  /** IPv6 link-local scope: the ifindex. */
  readonly scope?: number;
}

/** Sockets, opened inside any namespace in one native call so that no thread ever stays there. */
export interface Sockets {
  open(netns: NetnsHandle, spec: SocketSpec): SysResult<Socket>;
}

/** A process at the other end of a unix socket; ids as they are in our user namespace. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/**
 * A socket with the calls that Landfall needs. Every call returns at once (EAGAIN where it would
 * block), except `send` on rtnetlink, which does its work before it returns (2 us to 16 ms): for
 * what takes long there is `sendAside`.
 */
export interface Socket extends Disposable {
  readonly fd: Fd;
  /** Sends one datagram (or stream bytes); returns how many bytes the kernel took. */
  send(bytes: Uint8Array, to?: SocketAddress): SysResult<number>;
  /**
   * As `send`, on a thread of its own, for rtnetlink requests that wait for a grace period.
   * Resolves when the kernel is done with all of them; answers may come before. The socket may be
   * closed meanwhile.
   */
  sendAside(bytes: Uint8Array): Promise<SysResult<number>>;
  /** One datagram (or stream bytes), a copy; EAGAIN when there is none; empty at end of stream. */
  receive(): SysResult<Uint8Array>;
  /** As `receive`, with who sent it; for udp and icmp. */
  receiveFrom(): SysResult<{ readonly bytes: Uint8Array; readonly from: SocketAddress }>;
  /** Joins an rtnetlink multicast group (RTNLGRP_*). */
  joinGroup(group: number): SysResult<void>;
  /** SO_BINDTODEVICE. */
  bindToDevice(name: string): SysResult<void>;
  bind(address: SocketAddress): SysResult<void>;
  listen(backlog: number): SysResult<void>;
  /** The next waiting connection and who opened it; EAGAIN when there is none. */
  accept(): SysResult<{ readonly socket: Socket; readonly peer: SocketAddress }>;
  /**
   * Starts to connect; EINPROGRESS counts as success. Ask `connectResult` when it became writable.
   */
  connect(to: SocketAddress): SysResult<void>;
  /** "pending", "connected", or the error that ended the attempt. */
  connectResult(): SysResult<"pending" | "connected">;
  localAddress(): SysResult<SocketAddress>;
  /**
   * Calls `onData` for each datagram as it arrives, driven by the event loop, until closed.
   * `onClose` fires once when the kernel ends it (ENOBUFS overrun, ENETDOWN) or `close` is called.
   * The watcher owns the socket from then on; what is there already may still be received.
   */
  watch(handlers: SocketHandlers): SocketWatcher;
  close(): void;
}

export interface SocketHandlers {
  readonly onData: (bytes: Uint8Array) => void;
  readonly onClose: (error?: Error) => void;
}

export interface SocketWatcher extends Disposable {
  close(): void;
}

/**
 * Files: what must happen inside a namespace or must be a lock, and the small text files that other
 * programs read too.
 */
export interface Files {
  /** A sysctl of a namespace, e.g. "net/ipv6/conf/eth0/ndisc_notify". */
  readSysctl(netns: NetnsHandle, key: string): SysResult<string>;
  writeSysctl(netns: NetnsHandle, key: string, value: string): SysResult<void>;
  /** Exclusive flock(2) on `path`, created when missing; EWOULDBLOCK when another holder exists. */
  tryLock(path: string): SysResult<FileLock>;
  /** Opens a file, created (0600) when missing, for locks on single bytes of it. */
  openByteLocks(path: string): SysResult<ByteLocks>;
  /** The whole text of a file of at most 64 KiB. */
  readText(path: string): SysResult<string>;
  /**
   * A new file with this text, for its owner alone (0600). EEXIST where there is one, ENOENT where
   * its directory is missing. One that could not be written to is removed.
   */
  createText(path: string, text: string): SysResult<void>;
  /** The file with this text and no other; made for its owner alone (0600) when missing. */
  writeText(path: string, text: string): SysResult<void>;
  /** ENOENT where there is none. */
  removeFile(path: string): SysResult<void>;
  /** The names in a directory, in no order. */
  list(directory: string): SysResult<readonly string[]>;
  /** Makes a directory (0755) and those above it; one that is there is a success. */
  makeDirectory(path: string): SysResult<void>;
}

/** A held flock; released by `release`, by disposal or by the death of the process. */
export interface FileLock extends Disposable {
  release(): void;
  /** Removes the file, then releases. Whoever waits makes it anew. */
  discard(): void;
}

/**
 * Exclusive locks on single bytes of one file, which need not be that long (fcntl(2),
 * F_OFD_SETLK). However many there are, nothing is made and nothing is left behind.
 */
export interface ByteLocks extends Disposable {
  /** `place` is below 2^53. EAGAIN when it is held, by this process or by another. */
  tryLock(place: number): SysResult<ByteLock>;
}

/** Released by `release`, by disposal or by the death of the process. */
export interface ByteLock extends Disposable {
  release(): void;
}

/** Facts about this process and machine. */
export interface ProcessInfo {
  readonly bootId: BootId;
  readonly uid: number;
  /**
   * Tells a service manager, at the socket that NOTIFY_SOCKET names, how this process is:
   * "READY=1". Equivalent to `systemd-notify` (sd_notify(3)).
   */
  notify(socket: string, state: string): SysResult<void>;
  /** Who connected the unix socket `fd` (SO_PEERCRED, unix(7)): the process as it was then. */
  peerOf(fd: Fd): SysResult<Peer>;
  /**
   * Starts this program again, with the same arguments, beneath `wrapper` and in this very process:
   * signals and the exit status need no forwarding. Returns only when it was refused. `marker` is
   * an environment variable set for the new program. Equivalent to `exec WRAPPER… landfall ARGS…`.
   */
  reexecute(wrapper: readonly [path: string, ...args: string[]], marker: string): SysError;
  /**
   * OS threads of this process that are in another network namespace than `home`: the health check
   * for the setns window. Always empty unless there is a bug.
   */
  strayThreads(): readonly number[];
}
