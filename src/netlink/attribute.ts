import { assert, defined, mapError, mapResult, ok } from "../base/index.ts";
import { type Decoded, type Field, malformed, numberAt } from "./field.ts";
import { ATTRIBUTE_HEADER, align, type Names, type Writer } from "./writer.ts";

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER: flags in the type, not part of the number. */
const TYPE_MASK = 0x3fff;

/** One row of an attribute table: the kernel's number, and what the payload is. */
export interface Attribute<T> {
  readonly id: number;
  readonly field: Field<T>;
}

/** A row: `mode: attribute(1, u32)`. */
export function attribute<T>(id: number, field: Field<T>): Attribute<T> {
  return { id, field };
}

/** An attribute that may come any number of times: each is one item, and a write is of one. */
export interface Repeated<T> extends Field<readonly T[]> {
  readonly kind: "repeated";
  readonly each: Field<T>;
}

/** A row whose value is a list with an item for each time that it comes: `repeated(2, info)`. */
export function repeated<T>(id: number, each: Field<T>): Attribute<readonly T[]> {
  const field: Repeated<T> = {
    kind: "repeated",
    each,
    read: (content, from, to) => mapResult(each.read(content, from, to), (item) => [item]),
    write: (writer, [item]) => each.write(writer, defined(item, "the item")),
  };
  return { id, field };
}

/** The rows of a table, by the name that we use for them. */
export type Rows = Readonly<Record<string, Attribute<unknown>>>;

/** An attribute that the table does not know, kept as it came (`type` with its flag bits). */
export interface UnknownAttribute {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The value that a table describes: every attribute may be absent; unknown ones survive. */
export type Values<R extends Rows> = {
  readonly [Name in keyof R]?: R[Name] extends Attribute<infer T> ? T : never;
} & { readonly unknown?: readonly UnknownAttribute[] };

/** An attribute table: rows as data, readable in both directions. */
export interface Table<R extends Rows = Rows> extends Names {
  readonly rows: R;
  find(id: number): Row | undefined;
}

/** How a table finds one of its rows; what is passed over is not read. */
interface Row {
  readonly name: string;
  readonly field: Field<unknown> | "passed over";
}

/** The values of table `T`. */
export type ValuesOf<T> = T extends Table<infer R> ? Values<R> : never;

/** Makes a table; numbers are unique, and `unknown` is not a name. */
export function table<const R extends Rows>(rows: R): Table<R> {
  const byId: Row[] = [];
  for (const [name, { id, field }] of Object.entries(rows)) {
    assert(
      byId[id] === undefined && name !== "unknown",
      `attribute ${name} (${id}) is there twice`,
    );
    byId[id] = { name, field };
  }
  return { rows, find: (id) => byId[id], nameOf: (id) => byId[id]?.name };
}

/**
 * The table of which only some attributes are read, and no others, known or not: what nobody asks
 * for costs nothing.
 */
export function only<R extends Rows, const Name extends keyof R & string>(
  of: Table<R>,
  ...names: readonly Name[]
): Table<Pick<R, Name>> {
  const byId: Row[] = [];
  for (const name of names) {
    const { id, field }: Attribute<unknown> = defined<Attribute<unknown>>(of.rows[name], name);
    byId[id] = { name, field };
  }
  return { rows: of.rows, find: (id) => byId[id] ?? passedOver, nameOf: of.nameOf };
}

const passedOver: Row = { name: "", field: "passed over" };

/** One attribute as it lies in a message: `type` still with its flag bits, and its payload. */
export interface RawAttribute {
  readonly type: number;
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** Walks over attributes; one object for all of them, since there are so many. */
class Cursor implements RawAttribute {
  type = 0;
  id = 0;
  from = 0;
  to = 0;
  /** Why it stopped before the end. */
  wrong = "";
  readonly #content: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(content: Uint8Array, from: number, to: number) {
    this.#content = content;
    this.#at = from;
    this.#end = to;
  }

  /** Goes to the next attribute, if there is one. The last one need not be padded. */
  next(): boolean {
    const rest = this.#end - this.#at;
    if (rest <= 0) return false;
    if (rest < ATTRIBUTE_HEADER) return this.#stop("an attribute header is cut short");
    const length = numberAt(this.#content, this.#at, 2);
    this.type = numberAt(this.#content, this.#at + 2, 2);
    this.id = this.type & TYPE_MASK;
    if (length < ATTRIBUTE_HEADER || length > rest) {
      return this.#stop(`attribute ${this.id} claims ${length} bytes`);
    }
    this.from = this.#at + ATTRIBUTE_HEADER;
    this.to = this.#at + length;
    this.#at += align(length);
    return true;
  }

  #stop(why: string): false {
    this.wrong = why;
    return false;
  }
}

/** Cuts what lies between `from` and `to` into attributes. */
export function splitAttributes(
  content: Uint8Array,
  from: number,
  to: number,
): Decoded<readonly RawAttribute[]> {
  const found: RawAttribute[] = [];
  const cursor = new Cursor(content, from, to);
  while (cursor.next()) {
    found.push({ type: cursor.type, id: cursor.id, from: cursor.from, to: cursor.to });
  }
  return cursor.wrong === "" ? ok(found) : malformed(cursor.wrong);
}

/**
 * Reads attributes by a table; of an attribute that comes twice, the last counts, as in the
 * kernel, unless it is one of the repeated.
 */
export function readAttributes<R extends Rows>(
  of: Table<R>,
  content: Uint8Array,
  from = 0,
  to = content.length,
): Decoded<Values<R>> {
  const values: Record<string, unknown> = {};
  const unknown: UnknownAttribute[] = [];
  const cursor = new Cursor(content, from, to);
  while (cursor.next()) {
    const row = of.find(cursor.id);
    if (row === undefined) {
      unknown.push({ type: cursor.type, bytes: content.slice(cursor.from, cursor.to) });
    } else if (row.field !== "passed over") {
      const value = row.field.read(content, cursor.from, cursor.to);
      if (!value.ok) return inside(row.name, value);
      const before = values[row.name];
      if (before !== undefined && row.field.kind === "repeated") append(before, value.value);
      else values[row.name] = value.value;
    }
  }
  if (cursor.wrong !== "") return malformed(cursor.wrong);
  if (unknown.length > 0) values.unknown = unknown;
  return ok(values as Values<R>);
}

/** Both are lists of one repeated attribute, and nobody else's yet. */
function append(before: unknown, more: unknown): void {
  (before as unknown[]).push(...(more as readonly unknown[]));
}

/** Puts the name of the attribute before the path of what is wrong in it. */
export function inside<T>(name: string, result: Decoded<T>): Decoded<T> {
  return mapError(result, ({ attribute: path, reason }) => ({
    attribute: path === "" ? name : `${name}.${path}`,
    reason,
  }));
}

/**
 * Writes attributes in the order in which `values` has them: order matters to no kernel, but to
 * readers.
 */
export function writeAttributes<R extends Rows>(
  writer: Writer,
  of: Table<R>,
  values: Values<R>,
): void {
  writer.nestOf(of);
  for (const [name, value] of Object.entries(values)) {
    if (name === "unknown" || value === undefined) continue;
    const { id, field } = defined(of.rows[name], `attribute ${name}`);
    for (const each of field.kind === "repeated" ? items(value) : [value]) {
      writer.attribute(id, name, () => field.write(writer, each));
    }
  }
  for (const { type, bytes } of values.unknown ?? []) {
    writer.attribute(type, `${type & TYPE_MASK}`, () => writer.raw(bytes));
  }
}

/** The list of a repeated attribute, cut into lists of one. */
function items(value: unknown): readonly unknown[] {
  return (value as readonly unknown[]).map((item) => [item]);
}

/** An attribute that holds attributes. */
export interface Nest<R extends Rows> extends Field<Values<R>> {
  readonly kind: "nest";
  readonly of: Table<R>;
}

export function nest<R extends Rows>(of: Table<R>): Nest<R> {
  return {
    kind: "nest",
    of,
    read: (content, from, to) => readAttributes(of, content, from, to),
    write: (writer, values) => writeAttributes(writer, of, values),
  };
}

/** An attribute that holds any number of attributes of one kind. */
export interface NestList<T> extends Field<readonly T[]> {
  readonly kind: "nestList";
  readonly item: Attribute<T>;
}

/** Attributes of another number inside are skipped: the kernel has none in these lists. */
export function nestList<T>(item: Attribute<T>): NestList<T> {
  return {
    kind: "nestList",
    item,
    read: (content, from = 0, to = content.length) => {
      const attributes = splitAttributes(content, from, to);
      if (!attributes.ok) return attributes;
      const items: T[] = [];
      for (const { id, ...payload } of attributes.value) {
        if (id !== item.id) continue;
        const value = item.field.read(content, payload.from, payload.to);
        if (!value.ok) return inside(`${items.length}`, value);
        items.push(value.value);
      }
      return ok(items);
    },
    write: (writer, items) => {
      for (const [index, value] of items.entries()) {
        writer.attribute(item.id, `${index}`, () => item.field.write(writer, value));
      }
    },
  };
}
