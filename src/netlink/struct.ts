import { assert, ok } from "../base/index.ts";
import {
  inside,
  type Rows,
  readAttributes,
  type Table,
  type Values,
  writeAttributes,
} from "./attribute.ts";
import { type Field, type Scalar, wrongSize } from "./field.ts";
import { ALIGNMENT } from "./writer.ts";

/** The members of a C struct in their order; each is naturally aligned, gaps are `reserved`. */
export type Layout = Readonly<Record<string, Scalar<unknown>>>;

/** The value of a struct: its members without the reserved room. */
export type Members<L extends Layout> = {
  readonly [Name in keyof L as L[Name] extends Scalar<undefined>
    ? never
    : Name]: L[Name] extends Scalar<infer T> ? T : never;
};

/** A C struct. */
export interface Struct<L extends Layout> extends Scalar<Members<L>> {
  readonly kind: "struct";
  readonly layout: L;
}

export function struct<const L extends Layout>(layout: L): Struct<L> {
  const members = Object.entries(layout);
  const width = members.reduce((sum, [, member]) => sum + member.width, 0);
  return {
    kind: "struct",
    layout,
    width,
    read: (content, from = 0, to = content.length) => {
      if (to - from !== width) return wrongSize(from, to, width);
      const values: Record<string, unknown> = {};
      let at = from;
      for (const [name, member] of members) {
        const value = member.read(content, at, at + member.width);
        if (!value.ok) return inside(name, value);
        if (value.value !== undefined) values[name] = value.value;
        at += member.width;
      }
      return ok(values as Members<L>);
    },
    write: (writer, value) => {
      const values: Readonly<Record<string, unknown>> = value;
      for (const [name, member] of members) member.write(writer, values[name]);
    },
  };
}

/** A fixed header and the attributes that follow it. */
export interface HeadedValue<L extends Layout, R extends Rows> {
  readonly header: Members<L>;
  readonly attributes: Values<R>;
}

/** The shape of most rtnetlink messages, and of a veth's peer. */
export interface Headed<L extends Layout, R extends Rows> extends Field<HeadedValue<L, R>> {
  readonly kind: "headed";
  readonly header: Struct<L>;
  readonly of: Table<R>;
}

/** The value of a headed field. */
export type ValueOf<F> = F extends Field<infer T> ? T : never;

export function headed<L extends Layout, R extends Rows>(
  header: Struct<L>,
  of: Table<R>,
): Headed<L, R> {
  assert(header.width % ALIGNMENT === 0, "attributes begin aligned");
  return {
    kind: "headed",
    header,
    of,
    read: (content, from = 0, to = content.length) => {
      const body = Math.min(from + header.width, to);
      const head = header.read(content, from, body);
      if (!head.ok) return head;
      const attributes = readAttributes(of, content, body, to);
      return attributes.ok ? ok({ header: head.value, attributes: attributes.value }) : attributes;
    },
    write: (writer, value) => {
      header.write(writer, value.header);
      writeAttributes(writer, of, value.attributes);
    },
  };
}
