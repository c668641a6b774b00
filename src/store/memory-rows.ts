import { assert } from "../base/index.ts";

/** What a transaction has changed, so that it can be taken back. */
export class Journal {
  #undos: (() => void)[] = [];

  note(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** Takes everything back, the last change first. */
  rollBack(): void {
    for (const undo of this.#undos.toReversed()) undo();
    this.forget();
  }

  forget(): void {
    this.#undos = [];
  }
}

interface Index<Key, Row> {
  readonly traitOf: (row: Row) => string;
  readonly keys: Map<string, Set<Key>>;
  readonly atMost: "one" | "any";
}

/**
 * Rows by key, and what they are looked up by beside them. A change costs the same however many
 * rows there are, and is noted in the journal.
 */
export class MemoryRows<Key extends string, Row> {
  readonly #rows = new Map<Key, Row>();
  readonly #indexes: Index<Key, Row>[] = [];
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** A look-up of rows by something that many may share; they come in the order of their keys. */
  index(traitOf: (row: Row) => string): (value: string) => Row[] {
    const { keys } = this.#addIndex(traitOf, "any");
    return (value) => this.#inOrder([...(keys.get(value) ?? [])]);
  }

  /** A look-up of the one row that has something; a second one with the same is a bug. */
  uniqueIndex(traitOf: (row: Row) => string): (value: string) => Row | undefined {
    const { keys } = this.#addIndex(traitOf, "one");
    return (value) => this.#inOrder([...(keys.get(value) ?? [])])[0];
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: Key): Row | undefined {
    return this.#rows.get(key);
  }

  has(key: Key): boolean {
    return this.#rows.has(key);
  }

  /** In no order. */
  entries(): Iterable<readonly [Key, Row]> {
    return this.#rows.entries();
  }

  inOrder(): Row[] {
    return this.#inOrder([...this.#rows.keys()]);
  }

  put(key: Key, row: Row): void {
    for (const { traitOf, keys, atMost } of this.#indexes) {
      if (atMost === "any") continue;
      const [holder] = keys.get(traitOf(row)) ?? [];
      assert(holder === undefined || holder === key, `${traitOf(row)} exists`);
    }
    const before = this.#rows.get(key);
    this.#replace(key, row);
    this.#journal.note(() => this.#replace(key, before));
  }

  /** Whether there was such a row. */
  delete(key: Key): boolean {
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.#replace(key, undefined);
    this.#journal.note(() => this.#replace(key, before));
    return true;
  }

  #addIndex(traitOf: (row: Row) => string, atMost: "one" | "any"): Index<Key, Row> {
    assert(this.#rows.size === 0, "an index is made before there are rows");
    const index: Index<Key, Row> = { traitOf, keys: new Map(), atMost };
    this.#indexes.push(index);
    return index;
  }

  #inOrder(keys: Key[]): Row[] {
    return keys.sort().flatMap((key) => this.#rows.get(key) ?? []);
  }

  #replace(key: Key, row: Row | undefined): void {
    const before = this.#rows.get(key);
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, row);
    for (const index of this.#indexes) {
      if (before !== undefined) removeKey(index, key, before);
      if (row !== undefined) addKey(index, key, row);
    }
  }
}

function addKey<Key, Row>({ keys, traitOf }: Index<Key, Row>, key: Key, row: Row): void {
  const value = traitOf(row);
  const known = keys.get(value);
  if (known === undefined) keys.set(value, new Set([key]));
  else known.add(key);
}

function removeKey<Key, Row>({ keys, traitOf }: Index<Key, Row>, key: Key, row: Row): void {
  const value = traitOf(row);
  const known = keys.get(value);
  known?.delete(key);
  if (known?.size === 0) keys.delete(value);
}
