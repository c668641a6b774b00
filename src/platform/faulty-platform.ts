import { err, ok } from "../base/index.ts";
import type { Platform, Socket, SysResult } from "./platform.ts";

/** Which kernel requests of a run are refused, and how: the tool of the fault walk. */
export interface FaultPlan {
  /** Refuses the n-th request (counted from 1) before the kernel sees it. */
  readonly failAt: number;
  readonly errno: string;
}

/** How far a faulty platform came. */
export interface FaultCount {
  /** Requests that would have changed or asked the kernel so far, the refused one included. */
  readonly requests: () => number;
}

/**
 * `platform` with one kernel request refused: a namespace opened or made, a socket opened, a
 * datagram sent, a sysctl or a text file written. A decorator, so that it wraps the real kernel
 * and the fake alike.
 */
export function faultyPlatform(platform: Platform, plan: FaultPlan): Platform & FaultCount {
  let count = 0;
  const guard = <T>(call: string, run: () => SysResult<T>): SysResult<T> => {
    count += 1;
    return count === plan.failAt ? err({ errno: plan.errno, call }) : run();
  };
  const { namespaces, sockets, files } = platform;
  return {
    ...platform,
    namespaces: {
      home: () => namespaces.home(),
      open: (path) => guard(`openat ${path}`, () => namespaces.open(path)),
      create: () => guard("unshare", () => namespaces.create()),
      ofProcesses: () => namespaces.ofProcesses(),
    },
    sockets: {
      open: (netns, spec) => {
        const socket = guard(`socket ${spec.kind}`, () => sockets.open(netns, spec));
        return socket.ok ? { ok: true, value: faultySocket(socket.value, guard) } : socket;
      },
    },
    files: {
      ...files,
      writeSysctl: (netns, key, value) =>
        guard(`sysctl ${key}`, () => files.writeSysctl(netns, key, value)),
      createText: (path, text) => guard(`openat ${path}`, () => files.createText(path, text)),
      writeText: (path, text) => guard(`openat ${path}`, () => files.writeText(path, text)),
      removeFile: (path) => guard(`unlinkat ${path}`, () => files.removeFile(path)),
    },
    requests: () => count,
  };
}

type Guard = <T>(call: string, run: () => SysResult<T>) => SysResult<T>;

function faultySocket(socket: Socket, guard: Guard): Socket {
  return {
    ...socket,
    send: (bytes, to) => guard("sendto", () => socket.send(bytes, to)),
    sendAside: async (bytes) => {
      const allowed = guard("sendto", () => ok());
      return allowed.ok ? await socket.sendAside(bytes) : allowed;
    },
  };
}
