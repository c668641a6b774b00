import type { Platform, Socket } from "../../src/platform/index.ts";
import type { Store } from "../../src/store/index.ts";

/** What a killed process leaves: nothing of it runs any more, and what it had written stays. */
class Killed extends Error {}

/** A point in the life of an operation at which its process is killed. */
export class Killer {
  #countdown: number;

  constructor(at: number) {
    this.#countdown = at;
  }

  /** Counts one point; the n-th kills, and everything after it is dead too. */
  point(): void {
    this.#countdown -= 1;
    if (this.#countdown <= 0) throw new Killed();
  }

  platform(platform: Platform): Platform {
    const pointed = <Args extends unknown[], T>(work: (...args: Args) => T) => {
      return (...args: Args): T => {
        this.point();
        const done = work(...args);
        this.point();
        return done;
      };
    };
    const { files } = platform;
    return {
      ...platform,
      files: {
        ...files,
        createText: pointed(files.createText),
        writeText: pointed(files.writeText),
        removeFile: pointed(files.removeFile),
      },
      sockets: {
        open: (netns, spec) => {
          this.point();
          const socket = platform.sockets.open(netns, spec);
          return socket.ok ? { ok: true, value: this.#socket(socket.value) } : socket;
        },
      },
    };
  }

  /** Killed before the request reached the kernel, or after it was done. */
  #socket(socket: Socket): Socket {
    return {
      ...socket,
      send: (bytes, to) => {
        this.point();
        const sent = socket.send(bytes, to);
        this.point();
        return sent;
      },
    };
  }

  /** Killed before a commit, or after it and before anybody heard of it. */
  store(store: Store): Store {
    return {
      ...store,
      transact: async (decide) => {
        this.point();
        const result = await store.transact(decide);
        this.point();
        return result;
      },
    };
  }
}

/** Whether the work came to its end, or its process was killed before. */
export async function outcomeOf(work: Promise<unknown>): Promise<"ended" | "killed"> {
  return work.then(
    () => "ended" as const,
    (error: unknown) => {
      if (error instanceof Killed) return "killed" as const;
      throw error;
    },
  );
}
