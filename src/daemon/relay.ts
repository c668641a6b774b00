import { connect, createServer, type Socket } from "node:net";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type Listener, listen, listenRefused, wordsOf } from "../door/index.ts";

/** A socket that somebody else opened, and the one that stands behind it. */
export interface RelayOptions {
  readonly descriptor: number;
  /** Where it is in the file system, for messages. */
  readonly path: string;
  /** Our own socket, to which every connection is handed on. */
  readonly inner: string;
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/**
 * Serves HTTP on a listening socket that a service manager opened. Bun's HTTP servers cannot take
 * one over, its TCP servers can: so HTTP is served on a socket of our own, and what comes through
 * the other is handed on byte by byte. Errors: LF-DAEMON-LISTEN.
 */
export async function listenInherited(options: RelayOptions): Promise<Result<Listener, Problem>> {
  const { descriptor, path, inner, fetch } = options;
  const server = listen(inner, fetch);
  if (!server.ok) return server;
  const clients = new Set<Socket>();
  const door = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    handOn(client, inner);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      door.on("error", reject);
      door.listen({ fd: descriptor }, resolve);
    });
  } catch (error) {
    await server.value.stop();
    return err(listenRefused({ path, reason: wordsOf(error) }));
  }
  return ok({
    stop: async () => {
      // The socket stays with whoever opened it, and connections to come wait in its queue.
      const closed = new Promise<void>((resolve) => door.close(() => resolve()));
      await server.value.stop();
      // Who does not close his end is not waited for.
      for (const client of clients) client.destroySoon();
      await closed;
    },
  });
}

/** Either end closes the other: hanging up calls off what was asked. */
function handOn(client: Socket, inner: string): void {
  const server = connect(inner);
  client.pipe(server).pipe(client);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy());
}
