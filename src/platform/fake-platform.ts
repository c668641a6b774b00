import { setImmediate as nextTurn } from "node:timers/promises";
import { err, type Millis, millis, ok } from "../base/index.ts";
import type {
  BootId,
  ByteLocks,
  Clock,
  Fd,
  Files,
  Namespaces,
  NetnsCookie,
  NetnsHandle,
  Platform,
  Random,
  Socket,
  SocketSpec,
  SysResult,
} from "./platform.ts";

/**
 * What stands behind the sockets of a fake platform; test/support has one that answers rtnetlink.
 */
export interface FakeNetwork {
  /** Called once for each new namespace. */
  addNamespace(cookie: NetnsCookie): void;
  /** Called when the last handle of a namespace is closed. */
  removeNamespace(cookie: NetnsCookie): void;
  open(netns: NetnsCookie, spec: SocketSpec, resolve: ResolveNetns): SysResult<Socket>;
}

/** The namespace behind a descriptor in a message (IFLA_NET_NS_FD). */
export type ResolveNetns = (fd: number) => NetnsCookie | undefined;

export interface FakePlatformOptions {
  readonly network: FakeNetwork;
  /** Paths that exist and are not network namespaces. */
  readonly plainFiles?: readonly string[];
  /** The sysctls that every namespace begins with. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

/**
 * Deterministic stand-in for Linux: time moves only by sleeping, randomness counts, nothing is
 * shared.
 */
export function fakePlatform(options: FakePlatformOptions): Platform {
  const table = new NamespaceTable(options.network);
  return {
    clock: fakeClock(),
    random: fakeRandom(),
    namespaces: fakeNamespaces(table, options.plainFiles ?? []),
    sockets: {
      open: (netns, spec) =>
        table.isOpen(netns.fd)
          ? options.network.open(netns.cookie, spec, (fd) => table.cookieOf(fd))
          : err({ errno: "EBADF", call: "setns" }),
    },
    files: fakeFiles(options.sysctls ?? {}),
    process: {
      bootId: "fake-boot" as BootId,
      uid: 0,
      notify: (socket) => err({ errno: "ENOENT", call: `sendto ${socket}` }),
      peerOf: () => err({ errno: "ENOTCONN", call: "getsockopt SO_PEERCRED" }),
      reexecute: ([path]) => ({ errno: "ENOSYS", call: `execve ${path}` }),
      strayThreads: () => [],
    },
  };
}

/**
 * xorshift32 (Marsaglia 2003): the same bytes each time, and no repetition within 2^32 - 1 of them.
 */
function fakeRandom(): Random {
  let state = 0x2545f491;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return { bytes: (count) => Uint8Array.from({ length: count }, next) };
}

function fakeClock(): Clock {
  let now = 1000;
  return {
    boottime: () => millis(now),
    wall: () => new Date(now),
    sleep: (duration: Millis, signal?: AbortSignal) => {
      if (!signal?.aborted) now += duration;
      // Whatever else is due goes on meanwhile.
      return nextTurn();
    },
  };
}

/** Which descriptors are open on which namespace: a namespace lives as long as its last one. */
class NamespaceTable {
  readonly #network: FakeNetwork;
  readonly #open = new Map<number, NetnsCookie>();
  #nextFd = 100;
  #nextCookie = 1n;

  constructor(network: FakeNetwork) {
    this.#network = network;
    this.create();
  }

  create(): NetnsHandle {
    const cookie = this.#nextCookie++ as NetnsCookie;
    this.#network.addNamespace(cookie);
    return this.handle(cookie);
  }

  handle(cookie: NetnsCookie): NetnsHandle {
    const fd = this.#nextFd++ as Fd;
    this.#open.set(fd, cookie);
    const close = (): void => this.#close(fd, cookie);
    return { fd, cookie, close, [Symbol.dispose]: close };
  }

  cookieOf(fd: number): NetnsCookie | undefined {
    return this.#open.get(fd);
  }

  isOpen(fd: number): boolean {
    return this.#open.has(fd);
  }

  #close(fd: Fd, cookie: NetnsCookie): void {
    if (!this.#open.delete(fd)) return;
    if (![...this.#open.values()].includes(cookie)) this.#network.removeNamespace(cookie);
  }
}

const HOME = 1n as NetnsCookie;

function fakeNamespaces(table: NamespaceTable, plainFiles: readonly string[]): Namespaces {
  return {
    home: () => ok(table.handle(HOME)),
    create: () => ok(table.create()),
    ofProcesses: () => [],
    open: (path) => {
      if (plainFiles.includes(path)) return err({ errno: "EINVAL", call: `open ${path}` });
      const fd = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
      const cookie = fd === undefined ? undefined : table.cookieOf(Number(fd));
      return cookie === undefined
        ? err({ errno: "ENOENT", call: `openat ${path}` })
        : ok(table.handle(cookie));
    },
  };
}

/** Every directory is there, and made by nobody. */
function fakeTexts(): Pick<
  Files,
  "readText" | "createText" | "writeText" | "removeFile" | "list" | "makeDirectory"
> {
  const texts = new Map<string, string>();
  return {
    readText: (path) => {
      const text = texts.get(path);
      return text === undefined ? err({ errno: "ENOENT", call: `openat ${path}` }) : ok(text);
    },
    createText: (path, text) => {
      if (texts.has(path)) return err({ errno: "EEXIST", call: `openat ${path}` });
      texts.set(path, text);
      return ok();
    },
    writeText: (path, text) => {
      texts.set(path, text);
      return ok();
    },
    removeFile: (path) =>
      texts.delete(path) ? ok() : err({ errno: "ENOENT", call: `unlinkat ${path}` }),
    list: (directory) => {
      const inside = [...texts.keys()].filter((path) => path.startsWith(`${directory}/`));
      return ok(inside.map((path) => path.slice(directory.length + 1)));
    },
    makeDirectory: () => ok(),
  };
}

function fakeFiles(defaults: Readonly<Record<string, string>>): Files {
  const written = new Map<string, string>();
  const locked = new Set<string>();
  const name = (netns: NetnsHandle, key: string): string => `${netns.cookie} ${key}`;
  const missing = (key: string): SysResult<never> =>
    err({ errno: "ENOENT", call: `openat /proc/sys/${key}` });
  return {
    readSysctl: (netns, key) => {
      const value = written.get(name(netns, key)) ?? defaults[key];
      return value === undefined ? missing(key) : ok(value);
    },
    writeSysctl: (netns, key, value) => {
      if (defaults[key] === undefined) return missing(key);
      written.set(name(netns, key), value);
      return ok();
    },
    tryLock: (path) => {
      if (locked.has(path)) return err({ errno: "EAGAIN", call: "flock" });
      locked.add(path);
      const release = (): void => {
        locked.delete(path);
      };
      return ok({ release, discard: release, [Symbol.dispose]: release });
    },
    openByteLocks: (path) => ok(fakeByteLocks(path, locked)),
    ...fakeTexts(),
  };
}

function fakeByteLocks(path: string, locked: Set<string>): ByteLocks {
  const own = new Set<string>();
  const close = (): void => {
    for (const name of own) locked.delete(name);
  };
  const tryLock: ByteLocks["tryLock"] = (place) => {
    const name = `${path} ${place}`;
    if (locked.has(name)) return err({ errno: "EAGAIN", call: `fcntl ${name}` });
    locked.add(name);
    own.add(name);
    const release = (): void => {
      if (own.delete(name)) locked.delete(name);
    };
    return ok({ release, [Symbol.dispose]: release });
  };
  return { tryLock, [Symbol.dispose]: close };
}
