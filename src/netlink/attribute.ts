import { assert, defined, mapError, ok } from "../base/index.ts";
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
  find(id: number): { readonly name: string; readonly field: Field<unknown> } | undefined;
}

/** The values of table `T`. */
export type ValuesOf<T> = T extends Table<infer R> ? Values<R> : never;

/** Makes a table; numbers are unique, and `unknown` is not a name. */
export function table<const R extends Rows>(rows: R): Table<R> {
  const byId = new Map<number, { name: string; field: Field<unknown> }>();
  for (const [name, { id, field }] of Object.entries(rows)) {
    assert(!byId.has(id) && name !== "unknown", `attribute ${name} (${id}) is there already`);
    byId.set(id, { name, field });
  }
  return { rows, find: (id) => byId.get(id), nameOf: (id) => byId.get(id)?.name };
}

/** One attribute as it lies in a message: `type` still with its flag bits. */
export interface RawAttribute {
  readonly type: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** Cuts `bytes` into attributes. The last one need not be padded. */
export function splitAttributes(bytes: Uint8Array): Decoded<readonly RawAttribute[]> {
  const found: RawAttribute[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < ATTRIBUTE_HEADER) return malformed("an attribute header is cut short");
    const length = numberAt(bytes, at, 2);
    const type = numberAt(bytes, at + 2, 2);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) {
      return malformed(`attribute ${type & TYPE_MASK} claims ${length} bytes`);
    }
    const payload = bytes.subarray(at + ATTRIBUTE_HEADER, at + length);
    found.push({ type, id: type & TYPE_MASK, payload });
    at += align(length);
  }
  return ok(found);
}

/**
 * Reads attributes by a table; of an attribute that comes twice, the last counts, as in the
 * kernel.
 */
export function readAttributes<R extends Rows>(
  of: Table<R>,
  bytes: Uint8Array,
): Decoded<Values<R>> {
  const attributes = splitAttributes(bytes);
  if (!attributes.ok) return attributes;
  const values: Record<string, unknown> = {};
  const unknown: UnknownAttribute[] = [];
  for (const { type, id, payload } of attributes.value) {
    const row = of.find(id);
    if (row === undefined) {
      unknown.push({ type, bytes: payload.slice() });
      continue;
    }
    const value = inside(row.name, row.field.read(payload));
    if (!value.ok) return value;
    values[row.name] = value.value;
  }
  if (unknown.length > 0) values.unknown = unknown;
  return ok(values as Values<R>);
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
    writer.attribute(id, name, () => field.write(writer, value));
  }
  for (const { type, bytes } of values.unknown ?? []) {
    writer.attribute(type, `${type & TYPE_MASK}`, () => writer.raw(bytes));
  }
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
    read: (bytes) => readAttributes(of, bytes),
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
    read: (bytes) => {
      const attributes = splitAttributes(bytes);
      if (!attributes.ok) return attributes;
      const items: T[] = [];
      for (const { id, payload } of attributes.value) {
        if (id !== item.id) continue;
        const value = inside(`${items.length}`, item.field.read(payload));
        if (!value.ok) return value;
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
