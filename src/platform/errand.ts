import type { Pointer } from "bun:ffi";
import { assert, defined, err, ok } from "../base/index.ts";
import {
  callInts,
  cLibraries,
  closeFd,
  copyTo,
  mapMemory,
  mapped,
  numbers,
  openLibrary,
  openSocketPair,
  sendTo,
  toResult,
} from "./native.ts";
import type { Fd, SocketWatcher, SysResult } from "./platform.ts";
import { AF_UNIX } from "./sockaddr.ts";
import { watchSocket } from "./socket-watcher.ts";

/** Threads at once; what is more waits for its turn. */
const MAX_THREADS = 64;
/** struct errand of native/calls.c, with the bytes to send behind it. */
const ERRAND_BYTES = 4096;
const HEAD_BYTES = 80;
/** For some twenty instructions, and what the C library keeps for a thread. */
const STACK_BYTES = 256 * 1024;
/** More than a pthread_attr_t or a pthread_t of any C library. */
const OPAQUE_BYTES = 128;
const PTHREAD_CREATE_DETACHED = 1;

const SOCK_SEQPACKET_CLOEXEC = 5 | 0o2000000;
const F_DUPFD_CLOEXEC = 1030;

/**
 * send(2) on a thread of its own, for what makes the kernel wait. `fd` may be closed meanwhile: the
 * thread has a descriptor of its own, so that it never finds another file behind the number.
 */
export async function sendAside(
  fd: Fd,
  bytes: Uint8Array,
  flags: number,
): Promise<SysResult<number>> {
  if (bytes.length > ERRAND_BYTES - HEAD_BYTES) return err({ errno: "EMSGSIZE", call: "sendto" });
  const own = callInts("fcntl", fd, F_DUPFD_CLOEXEC, 0);
  if (!own.ok) return own;
  const descriptor = own.value as Fd;
  errands ??= new Errands();
  const sent = await errands.send(descriptor, bytes.slice(), flags);
  closeFd(descriptor);
  return sent;
}

let errands: Errands | undefined;

/** Where threads tell that they are done; open while there are any. */
interface Ending {
  readonly tell: Fd;
  readonly heard: SocketWatcher;
}

/** The threads that are under way. */
class Errands {
  readonly #memory = mapMemory(MAX_THREADS * ERRAND_BYTES);
  readonly #free = Array.from({ length: MAX_THREADS }, (_, ticket) => ticket);
  readonly #running = new Map<number, (result: number) => void>();
  readonly #waiting: (() => void)[] = [];
  readonly #start = threadStarter();
  #ending: Ending | undefined;

  async send(fd: Fd, bytes: Uint8Array, flags: number): Promise<SysResult<number>> {
    while (this.#free.length === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const ending = this.#openEnding();
    if (!ending.ok) {
      this.#waiting.shift()?.();
      return ending;
    }
    const ticket = defined(this.#free.pop(), "a free errand");
    const address = this.#memory + ticket * ERRAND_BYTES;
    const content = [numbers.sendto, fd, address + HEAD_BYTES, bytes.length, flags, 0, 0];
    copyTo(address, layOut([...content, ending.value.tell, ticket, 0], bytes), ERRAND_BYTES);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#running.set(ticket, resolve);
    if (this.#start(address)) return toResult(await promise, "sendto");
    // No thread to be had: then it is done here, and takes its time.
    this.#end(ticket, 0);
    return sendTo(fd, bytes, flags);
  }

  #openEnding(): SysResult<Ending> {
    if (this.#ending !== undefined) return ok(this.#ending);
    const type = { domain: AF_UNIX, type: SOCK_SEQPACKET_CLOEXEC, protocol: 0 };
    const pair = openSocketPair(type);
    if (!pair.ok) return pair;
    const [hear, tell] = pair.value;
    const heard = watchSocket(hear, {
      onData: (bytes) => this.#hear(bytes),
      onClose: (error) => assert(error === undefined, `errands are not heard: ${error}`),
    });
    this.#ending = { tell, heard };
    return ok(this.#ending);
  }

  /** `ticket` and `result` of struct errand, once for each thread that ended. */
  #hear(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += 16) {
      this.#end(Number(view.getBigInt64(at, true)), Number(view.getBigInt64(at + 8, true)));
    }
  }

  #end(ticket: number, result: number): void {
    const resolve = defined(this.#running.get(ticket), "the errand that ended");
    this.#running.delete(ticket);
    this.#free.push(ticket);
    resolve(result);
    this.#waiting.shift()?.();
    if (this.#running.size > 0 || this.#ending === undefined) return;
    // Nothing stays: an open watcher would keep the process from ending.
    this.#ending.heard.close();
    closeFd(this.#ending.tell);
    this.#ending = undefined;
  }
}

function layOut(fields: readonly number[], bytes: Uint8Array): Uint8Array {
  const errand = new Uint8Array(ERRAND_BYTES);
  const view = new DataView(errand.buffer);
  for (const [index, field] of fields.entries()) view.setBigInt64(index * 8, BigInt(field), true);
  errand.set(bytes, HEAD_BYTES);
  return errand;
}

const attributes = new Uint8Array(OPAQUE_BYTES);
const thread = new Uint8Array(OPAQUE_BYTES);

/** Starts a thread that runs the errand at an address; says whether there is one. */
function threadStarter(): (address: number) => boolean {
  const pthread = openThreads();
  pthread.pthread_attr_init(attributes);
  pthread.pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
  pthread.pthread_attr_setstacksize(attributes, STACK_BYTES);
  return (address) =>
    pthread.pthread_create(thread, attributes, mapped.runErrand, address as Pointer) === 0;
}

function openThreads() {
  const symbols = {
    pthread_create: { args: ["buffer", "buffer", "ptr", "ptr"], returns: "i32" },
    pthread_attr_init: { args: ["buffer"], returns: "i32" },
    pthread_attr_setdetachstate: { args: ["buffer", "i32"], returns: "i32" },
    pthread_attr_setstacksize: { args: ["buffer", "i64"], returns: "i32" },
  } as const;
  // glibc before 2.34 has threads in a library of their own.
  return openLibrary([...cLibraries, "libpthread.so.0"], symbols);
}
