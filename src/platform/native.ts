import {
  CFunction,
  dlopen,
  type FFIFunction,
  FFIType,
  type FFITypeOrString,
  type Pointer,
} from "bun:ffi";
import { assert, err, ok } from "../base/index.ts";
import { errnoName } from "./errno.ts";
import { nativeCode } from "./native-code.ts";
import type { Fd, SysResult } from "./platform.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

/*
 * FFI rules, each paid for with a crash by somebody (see docs/ARCHITECTURE.md, "Runtime"):
 * only integers and the module-lifetime buffers below cross the border; no pointer to a JavaScript
 * object is ever kept; results are -errno, never the thread's errno.
 */

/** What the kernel reads: messages, frames, option values. */
const outBuffer = new Uint8Array(512 * 1024);
/** What the kernel writes. Larger than any datagram, so that nothing is ever cut silently. */
const inBuffer = new Uint8Array(512 * 1024);
/** Socket addresses, both directions, and small out parameters. */
const addressBuffer = new Uint8Array(128);
const lengthBuffer = new Int32Array(1);
const lengthBytes = new Uint8Array(lengthBuffer.buffer);

const PROT_READ_WRITE = 3;
const PROT_READ_EXEC = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096;

const architecture = process.arch === "arm64" ? "arm64" : "x64";
assert(process.arch === architecture, `no native code for ${process.arch}`);
const code = nativeCode[architecture];
export const numbers = syscallNumbers[architecture];

/** Names that the C library has on one system or another. */
export const cLibraries = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

/** Functions of the first library that is there and has all of them. */
export function openLibrary<const Symbols extends Record<string, FFIFunction>>(
  candidates: readonly string[],
  symbols: Symbols,
) {
  for (const name of candidates) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // The next library may be the one that this system has.
    }
  }
  throw new Error(`no C library found (tried ${candidates.join(", ")})`);
}

const libc = openLibrary(cLibraries, {
  clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  mmap: { args: ["ptr", "i64", "i32", "i32", "i32", "i64"], returns: "ptr" },
  mprotect: { args: ["ptr", "i64", "i32"], returns: "i32" },
  memcpy: { args: ["ptr", "buffer", "i64"], returns: "ptr" },
});

/** Memory outside the heap, at an address that stays; it lives as long as the process. */
export function mapMemory(size: number): number {
  const address = Number(libc.mmap(null, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0));
  // MAP_FAILED is -1, which FFI shows as an unsigned or a negative number.
  assert(address > 0 && address < 2 ** 48, "mmap");
  return address;
}

/** Copies the first `size` of `bytes` to memory of `mapMemory`. */
export function copyTo(address: number, bytes: Uint8Array, size: number): void {
  assert(size <= bytes.length, "copy of more than there is");
  libc.memcpy(address as Pointer, bytes, size);
}

/** Copies all functions into one executable page that lives as long as the process. */
function mapCode(): Readonly<Record<keyof typeof code, Pointer>> {
  const page = mapMemory(PAGE);
  const offsets = {
    systemCall: 0,
    receiveFrame: PAGE / 4,
    netnsWindow: PAGE / 2,
    runErrand: (PAGE / 4) * 3,
  };
  const bytes = new Uint8Array(PAGE);
  bytes.set(Uint8Array.fromHex(code.systemCall), offsets.systemCall);
  bytes.set(Uint8Array.fromHex(code.netnsWindow), offsets.netnsWindow);
  bytes.set(Uint8Array.fromHex(code.runErrand), offsets.runErrand);
  bytes.set(Uint8Array.fromHex(code.receiveFrame), offsets.receiveFrame);
  copyTo(page, bytes, PAGE);
  const done = libc.mprotect(page as Pointer, PAGE, PROT_READ_EXEC);
  assert(done === 0, "mprotect of the native code page");
  return {
    systemCall: (page + offsets.systemCall) as Pointer,
    netnsWindow: (page + offsets.netnsWindow) as Pointer,
    runErrand: (page + offsets.runErrand) as Pointer,
    receiveFrame: (page + offsets.receiveFrame) as Pointer,
  };
}

export const mapped = mapCode();

type Native = (...args: readonly (number | Uint8Array | null)[]) => number;

function bindCall(ptr: Pointer, args: readonly FFITypeOrString[]): Native {
  return CFunction({ ptr, args: [...args], returns: FFIType.i64_fast }) as unknown as Native;
}

const l = FFIType.i64_fast;
const b = "buffer";

/** system_call(nr, …) with the pointer arguments of each call as buffers. */
const call = {
  ints: bindCall(mapped.systemCall, [l, l, l, l, l, l, l]),
  buffer2: bindCall(mapped.systemCall, [l, l, b, l, l, l, l]),
  buffer2and5: bindCall(mapped.systemCall, [l, l, b, l, l, b, l]),
  buffer2and5and6: bindCall(mapped.systemCall, [l, l, b, l, l, b, b]),
  buffer2and3: bindCall(mapped.systemCall, [l, l, b, b, l, l, l]),
  buffer3: bindCall(mapped.systemCall, [l, l, l, b, l, l, l]),
  buffer4: bindCall(mapped.systemCall, [l, l, l, l, b, l, l]),
  buffer4and5: bindCall(mapped.systemCall, [l, l, l, l, b, b, l]),
};

/** netns_window(target, home, nr, a, b, c). */
const window = {
  ints: bindCall(mapped.netnsWindow, [l, l, l, l, l, l]),
  path: bindCall(mapped.netnsWindow, [l, l, l, l, b, l]),
};

const receiveTagged = bindCall(mapped.receiveFrame, [l, b, l, l]);

export function toResult(value: number, name: string): SysResult<number> {
  return value < 0 ? err({ errno: errnoName(-value), call: name }) : ok(value);
}

function putPath(path: string): SysResult<void> {
  const { read, written } = new TextEncoder().encodeInto(path, outBuffer.subarray(0, PAGE - 1));
  if (read < path.length) return err({ errno: "ENAMETOOLONG", call: `openat ${path}` });
  if (path.includes("\0")) return err({ errno: "EINVAL", call: `openat ${path}` });
  outBuffer[written] = 0;
  return ok();
}

const AT_FDCWD = -100;

/** openat(2) relative to the working directory. */
export function openFile(path: string, flags: number, mode = 0): SysResult<Fd> {
  const put = putPath(path);
  if (!put.ok) return put;
  const fd = call.buffer2(numbers.openat, AT_FDCWD, outBuffer, flags, mode, 0, 0);
  return toResult(fd, `openat ${path}`) as SysResult<Fd>;
}

/** unlink(2). */
export function removeFile(path: string): SysResult<number> {
  const put = putPath(path);
  if (!put.ok) return put;
  const done = call.buffer2(numbers.unlinkat, AT_FDCWD, outBuffer, 0, 0, 0, 0);
  return toResult(done, `unlinkat ${path}`);
}

/** Opens `path` as seen from inside `target` (-1: from inside a new namespace). */
export function openFileIn(target: number, home: Fd, path: string, flags: number): SysResult<Fd> {
  const put = putPath(path);
  if (!put.ok) return put;
  const fd = window.path(target, home, numbers.openat, AT_FDCWD, outBuffer, flags);
  return toResult(fd, `openat ${path}`) as SysResult<Fd>;
}

/** The arguments of socket(2). */
export interface SocketType {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
}

/** socket(2) in the namespace that this process is in. */
export function openSocket({ domain, type, protocol }: SocketType): SysResult<Fd> {
  const fd = call.ints(numbers.socket, domain, type, protocol, 0, 0, 0);
  return toResult(fd, `socket ${domain} ${type} ${protocol}`) as SysResult<Fd>;
}

/** socket(2) inside `target`. */
export function openSocketIn(target: Fd, home: Fd, spec: SocketType): SysResult<Fd> {
  const { domain, type, protocol } = spec;
  const fd = window.ints(target, home, numbers.socket, domain, type, protocol);
  return toResult(fd, `socket ${domain} ${type} ${protocol}`) as SysResult<Fd>;
}

export function closeFd(fd: Fd): SysResult<number> {
  return toResult(call.ints(numbers.close, fd, 0, 0, 0, 0, 0), "close");
}

/** Calls with integer arguments only. */
export function callInts(
  name: "fcntl" | "ioctl" | "listen" | "flock" | "getuid" | "exit_group",
  ...args: readonly number[]
): SysResult<number> {
  const [a0 = 0, a1 = 0, a2 = 0] = args;
  return toResult(call.ints(numbers[name], a0, a1, a2, 0, 0, 0), name);
}

/** A lock of an open file description: include/uapi/asm-generic/fcntl.h. */
const F_OFD_SETLK = 37;
const byteLockTypes = { write: 1, none: 2 } as const;
const FLOCK_BYTES = 32;

/** fcntl(2) with F_OFD_SETLK on the one byte at `place`: EAGAIN where another has it. */
export function setByteLock(
  fd: Fd,
  type: keyof typeof byteLockTypes,
  place: number,
): SysResult<number> {
  // struct flock: l_type, l_whence (SEEK_SET), l_start, l_len, l_pid (0 for this kind).
  const view = new DataView(addressBuffer.buffer, 0, FLOCK_BYTES);
  view.setUint32(0, byteLockTypes[type], true);
  view.setBigInt64(8, BigInt(place), true);
  view.setBigInt64(16, 1n, true);
  view.setInt32(24, 0, true);
  return toResult(call.buffer3(numbers.fcntl, fd, F_OFD_SETLK, addressBuffer, 0, 0, 0), "fcntl");
}

/** socketpair(2): two sockets that are each other's end. */
export function openSocketPair(spec: SocketType): SysResult<readonly [Fd, Fd]> {
  const { domain, type, protocol } = spec;
  const done = call.buffer4(numbers.socketpair, domain, type, protocol, addressBuffer, 0, 0);
  if (done < 0) return err({ errno: errnoName(-done), call: "socketpair" });
  const view = new DataView(addressBuffer.buffer);
  return ok([view.getInt32(0, true) as Fd, view.getInt32(4, true) as Fd]);
}

/** Reads up to the size of the internal buffer; returns a copy. */
export function readFd(fd: Fd): SysResult<Uint8Array> {
  const got = toResult(call.buffer2(numbers.read, fd, inBuffer, inBuffer.length, 0, 0, 0), "read");
  return got.ok ? ok(inBuffer.slice(0, got.value)) : got;
}

export function writeFd(fd: Fd, bytes: Uint8Array): SysResult<number> {
  assert(bytes.length <= outBuffer.length, "write larger than the buffer");
  outBuffer.set(bytes);
  return toResult(call.buffer2(numbers.write, fd, outBuffer, bytes.length, 0, 0, 0), "write");
}

/** sendto(2); `address` is a sockaddr, or absent for a connected or bound socket. */
export function sendTo(
  fd: Fd,
  bytes: Uint8Array,
  flags: number,
  address?: Uint8Array,
): SysResult<number> {
  if (bytes.length > outBuffer.length) return err({ errno: "EMSGSIZE", call: "sendto" });
  outBuffer.set(bytes);
  if (address === undefined) {
    const sent = call.buffer2(numbers.sendto, fd, outBuffer, bytes.length, flags, 0, 0);
    return toResult(sent, "sendto");
  }
  addressBuffer.set(address);
  return toResult(
    call.buffer2and5(
      numbers.sendto,
      fd,
      outBuffer,
      bytes.length,
      flags,
      addressBuffer,
      address.length,
    ),
    "sendto",
  );
}

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/**
 * recvfrom(2), never blocking. A datagram that does not fit is EMSGSIZE, never cut; on a stream
 * MSG_TRUNC would throw the bytes away instead (tcp(7)), so there it is not asked for.
 */
export function receiveFrom(fd: Fd, kind: "datagram" | "stream"): SysResult<Uint8Array> {
  const flags = MSG_DONTWAIT | (kind === "datagram" ? MSG_TRUNC : 0);
  const size = inBuffer.length;
  const got = toResult(call.buffer2(numbers.recvfrom, fd, inBuffer, size, flags, 0, 0), "recvfrom");
  if (!got.ok) return got;
  if (got.value > size) return err({ errno: "EMSGSIZE", call: "recvfrom" });
  return ok(inBuffer.slice(0, got.value));
}

/** Of a VLAN tag, which the kernel tells beside the frame. */
const TAG_BYTES = 4;

/**
 * As `receiveFrom` for frames of a packet socket that has PACKET_AUXDATA set: with the VLAN tag
 * that the kernel took out (packet(7)).
 */
export function receiveFrame(fd: Fd): SysResult<Uint8Array> {
  const size = inBuffer.length - TAG_BYTES;
  const got = toResult(receiveTagged(fd, inBuffer, size, MSG_DONTWAIT | MSG_TRUNC), "recvmsg");
  if (!got.ok) return got;
  if (got.value > inBuffer.length) return err({ errno: "EMSGSIZE", call: "recvmsg" });
  return ok(inBuffer.slice(0, got.value));
}

/** As `receiveFrom` for datagrams, with the sockaddr of the sender. */
export function receiveWithSender(
  fd: Fd,
): SysResult<{ readonly bytes: Uint8Array; readonly from: Uint8Array }> {
  lengthBuffer[0] = addressBuffer.length;
  const flags = MSG_DONTWAIT | MSG_TRUNC;
  const size = inBuffer.length;
  const got = toResult(
    call.buffer2and5and6(numbers.recvfrom, fd, inBuffer, size, flags, addressBuffer, lengthBytes),
    "recvfrom",
  );
  if (!got.ok) return got;
  if (got.value > size) return err({ errno: "EMSGSIZE", call: "recvfrom" });
  return ok({
    bytes: inBuffer.slice(0, got.value),
    from: addressBuffer.slice(0, lengthBuffer[0]),
  });
}

/** bind(2) and connect(2): a sockaddr goes in. */
export function callWithAddress(
  name: "bind" | "connect",
  fd: Fd,
  address: Uint8Array,
): SysResult<number> {
  addressBuffer.set(address);
  return toResult(call.buffer2(numbers[name], fd, addressBuffer, address.length, 0, 0, 0), name);
}

/** getsockname(2): a sockaddr comes out, as a copy. */
export function socketName(fd: Fd): SysResult<Uint8Array> {
  lengthBuffer[0] = addressBuffer.length;
  const got = toResult(
    call.buffer2and3(numbers.getsockname, fd, addressBuffer, lengthBytes, 0, 0, 0),
    "getsockname",
  );
  return got.ok ? ok(addressBuffer.slice(0, lengthBuffer[0])) : got;
}

/** accept4(2): the new socket and the sockaddr of its peer. */
export function acceptFrom(
  fd: Fd,
  flags: number,
): SysResult<{ readonly fd: Fd; readonly peer: Uint8Array }> {
  lengthBuffer[0] = addressBuffer.length;
  const got = toResult(
    call.buffer2and3(numbers.accept4, fd, addressBuffer, lengthBytes, flags, 0, 0),
    "accept4",
  );
  if (!got.ok) return got;
  return ok({ fd: got.value as Fd, peer: addressBuffer.slice(0, lengthBuffer[0]) });
}

export interface SocketOption {
  readonly level: number;
  readonly option: number;
}

export function setSocketOption(
  fd: Fd,
  { level, option }: SocketOption,
  value: Uint8Array,
): SysResult<number> {
  outBuffer.set(value);
  return toResult(
    call.buffer4(numbers.setsockopt, fd, level, option, outBuffer, value.length, 0),
    `setsockopt ${level} ${option}`,
  );
}

/** The option's value: at most `size` bytes, a copy. */
export function getSocketOption(
  fd: Fd,
  { level, option }: SocketOption,
  size: number,
): SysResult<Uint8Array> {
  lengthBuffer[0] = size;
  const got = toResult(
    call.buffer4and5(numbers.getsockopt, fd, level, option, inBuffer, lengthBytes, 0),
    `getsockopt ${level} ${option}`,
  );
  return got.ok ? ok(inBuffer.slice(0, lengthBuffer[0])) : got;
}

const timeBuffer = new BigInt64Array(2);

/** clock_gettime(2) in nanoseconds; by the C library, which needs no system call for it. */
export function clockTime(clock: number): bigint {
  const got = libc.clock_gettime(clock, timeBuffer);
  assert(got === 0, `clock_gettime ${clock}: ${got}`);
  return (timeBuffer[0] ?? 0n) * 1_000_000_000n + (timeBuffer[1] ?? 0n);
}
