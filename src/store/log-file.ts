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
  /** The end of the wait that is under way, however it ends. */
  #underWay: Promise<void> | undefined;
  /** The one after it, for all that is committed until then. */
  #next: Promise<void> | undefined;
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
    if (this.#underWay === undefined) return this.#begin();
    // Not beside it: what the disk is asked more often, all else at its files waits for as well.
    this.#next ??= this.#underWay.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const wait = this.#sync();
    this.#wait = wait;
    this.#underWay = wait.then(
      () => this.#ended(),
      () => {
        if (this.#wait === wait) this.#wait = undefined;
        this.#ended();
      },
    );
    return wait;
  }

  #ended(): void {
    this.#underWay = undefined;
    if (this.#state === "closing" && this.#next === undefined) this.close();
  }

  async #sync(): Promise<void> {
    const fd = this.#fd ?? openNamed(this.#path);
    this.#fd = fd;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    await promise;
  }

  /** When nobody waits any more: otherwise another file might be behind the number. */
  close(): void {
    this.#state = "closing";
    if (this.#fd === undefined || this.#underWay !== undefined) return;
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
