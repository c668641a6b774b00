/**
 * What was read of a table, until somebody writes to it. For tables that are read in nearly every
 * transaction and seldom written; rows are handed out again as they are.
 */
export class ReadCache {
  readonly #found = new Map<string, unknown>();
  /** Whether the transaction under way wrote to the table. */
  #written = false;

  /** What `read` returned under this key since the last write, or returns now. */
  get<T>(key: string, read: () => T): T {
    if (this.#found.has(key)) return this.#found.get(key) as T;
    const row = read();
    this.#found.set(key, row);
    return row;
  }

  /** This transaction writes. */
  write(): void {
    this.#written = true;
    this.#found.clear();
  }

  /** The transaction is over. */
  end(how: "committed" | "taken back"): void {
    // What was read after a write that is taken back was never there.
    if (this.#written && how === "taken back") this.#found.clear();
    this.#written = false;
  }

  /** Somebody else wrote. */
  clear(): void {
    this.#found.clear();
  }
}
