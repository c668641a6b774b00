import { closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/**
 * The write-ahead log, and how much of it the disk has. SQLite waits for the disk in a commit only;
 * this waits for it beside other work. A descriptor of one's own does no harm: SQLite has its locks
 * on the database and the index, never on the log (reference: sqlite.org/walformat.html).
 */
export class LogFile {
  readonly #path: string;
  #fd: number | undefined;
  /** The last wait, if nothing that needs one was committed since it began and it did not fail. */
  #wait: Promise<void> | undefined;
  #waiting = 0;
  #state: "open" | "closing" = "open";

  constructor(database: string) {
    this.#path = `${database}-wal`;
  }

  /** Something was committed that the disk is yet to be waited for. */
  changed(): void {
    this.#wait = undefined;
  }

  /** Resolves when the disk has all that `changed` told of; rejects with the system's error. */
  onDisk(): Promise<void> {
    if (this.#wait !== undefined) return this.#wait;
    const wait = this.#sync();
    this.#wait = wait;
    wait.catch(() => {
      if (this.#wait === wait) this.#wait = undefined;
    });
    return wait;
  }

  async #sync(): Promise<void> {
    const fd = this.#fd ?? openNamed(this.#path);
    this.#fd = fd;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting += 1;
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    try {
      await promise;
    } finally {
      this.#waiting -= 1;
      if (this.#state === "closing") this.close();
    }
  }

  /** When nobody waits any more: otherwise another file might be behind the number. */
  close(): void {
    this.#state = "closing";
    if (this.#fd === undefined || this.#waiting > 0) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Opens a file whose name the disk has, too: it may have been made a moment ago. */
function openNamed(path: string): number {
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
  return openSync(path, "r");
}
