import type { Fd, SocketHandlers, SocketWatcher } from "./platform.ts";

/** What this file uses of Bun's socket: `Bun.connect({ fd })` is typed for streams only. */
interface AdoptedSocket {
  terminate(): void;
}

/**
 * Hands `fd` to the event loop: epoll driven, one `data` event for each datagram, no coalescing
 * (measured with netlink and packet sockets on Bun 1.4.5; socket.kernel.test.ts holds it to that).
 */
export function watchSocket(fd: Fd, handlers: SocketHandlers): SocketWatcher {
  let adopted: AdoptedSocket | undefined;
  let state: "open" | "closing" | "closed" = "open";
  const closed = (error?: Error): void => {
    if (state === "closed") return;
    const asked = state === "closing";
    state = "closed";
    handlers.onClose(asked ? undefined : error);
  };
  const connected = Bun.connect({
    fd,
    socket: {
      open: (socket: AdoptedSocket) => {
        adopted = socket;
      },
      // A copy: Bun reuses the memory of `bytes`.
      data: (_socket: AdoptedSocket, bytes: Uint8Array) => {
        if (state === "open") handlers.onData(Uint8Array.from(bytes));
      },
      close: (_socket: AdoptedSocket, error?: Error) => closed(error ?? new Error("closed")),
      error: (_socket: AdoptedSocket, error: Error) => closed(error),
    },
  } as unknown as Parameters<typeof Bun.connect>[0]);
  connected.then(
    (socket) => {
      adopted = socket;
      if (state === "closing") socket.terminate();
    },
    (error: Error) => closed(error),
  );
  const close = (): void => {
    if (state !== "open") return;
    state = "closing";
    adopted?.terminate();
  };
  return { close, [Symbol.dispose]: close };
}
