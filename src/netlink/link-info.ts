import { mapResult, ok } from "../base/index.ts";
import {
  inside,
  type RawAttribute,
  type Rows,
  readAttributes,
  splitAttributes,
  type Table,
  type UnknownAttribute,
  type Values,
  type ValuesOf,
  writeAttributes,
} from "./attribute.ts";
import { type Decoded, type Field, malformed, text } from "./field.ts";
import { linkKinds, portTables } from "./link-kinds.ts";
import type { Names, Writer } from "./writer.ts";

/** A kind that we have no table for: its data is kept as it came. */
export interface OtherKind {
  readonly kind: "other";
  readonly name: string;
  readonly data?: Uint8Array;
}

type Keyed<Tables extends Readonly<Record<string, Table>>> = {
  readonly [Kind in keyof Tables]: { readonly kind: Kind } & ValuesOf<Tables[Kind]>;
}[keyof Tables];

type LinkTables = { readonly [Kind in keyof typeof linkKinds]: (typeof linkKinds)[Kind]["table"] };

/** IFLA_INFO_KIND and IFLA_INFO_DATA as one value: `kind` says what else there is. */
export type LinkDetails = Keyed<LinkTables> | OtherKind;

/** IFLA_INFO_SLAVE_KIND and IFLA_INFO_SLAVE_DATA: what the upper link knows of this port. */
export type PortDetails = Keyed<typeof portTables> | OtherKind;

/** IFLA_LINKINFO. */
export interface LinkInfo {
  readonly details?: LinkDetails;
  readonly port?: PortDetails;
  readonly unknown?: readonly UnknownAttribute[];
}

/** Two attributes of which the first picks the table for the second. */
interface Pair {
  readonly kind: { readonly id: number; readonly name: string };
  readonly data: { readonly id: number; readonly name: string };
  readonly tables: ReadonlyMap<string, Table>;
}

const detailsPair: Pair = {
  kind: { id: 1, name: "kind" },
  data: { id: 2, name: "data" },
  tables: new Map(Object.entries(linkKinds).map(([kind, { table }]) => [kind, table])),
};

const portPair: Pair = {
  kind: { id: 4, name: "portKind" },
  data: { id: 5, name: "portData" },
  tables: new Map(Object.entries(portTables)),
};

const members = [detailsPair.kind, detailsPair.data, portPair.kind, portPair.data];
const names: Names = { nameOf: (id) => members.find((member) => member.id === id)?.name };

/** IFLA_LINKINFO: the table for the data is picked by the kind beside it. */
export const linkInfo: Field<LinkInfo> = {
  kind: "linkInfo",
  read: (content, from = 0, to = content.length) => {
    const attributes = splitAttributes(content, from, to);
    if (!attributes.ok) return attributes;
    const details = readPair(detailsPair, content, attributes.value);
    if (!details.ok) return details;
    const port = readPair(portPair, content, attributes.value);
    if (!port.ok) return port;
    const unknown = attributes.value
      .filter(({ id }) => names.nameOf(id) === undefined)
      .map((row) => ({ type: row.type, bytes: content.slice(row.from, row.to) }));
    return ok({
      // The generic reader cannot say which table belongs to which kind; Keyed does.
      ...(details.value === undefined ? {} : { details: details.value as LinkDetails }),
      ...(port.value === undefined ? {} : { port: port.value as PortDetails }),
      ...(unknown.length === 0 ? {} : { unknown }),
    });
  },
  write: (writer, { details, port, unknown }) => {
    writer.nestOf(names);
    if (details !== undefined) writePair(writer, detailsPair, details);
    if (port !== undefined) writePair(writer, portPair, port);
    for (const { type, bytes } of unknown ?? []) {
      writer.attribute(type, `${type}`, () => writer.raw(bytes));
    }
  },
};

type AnyDetails = ({ readonly kind: string } & Values<Rows>) | OtherKind;

function readPair(
  pair: Pair,
  content: Uint8Array,
  attributes: readonly RawAttribute[],
): Decoded<AnyDetails | undefined> {
  const kind = attributes.find(({ id }) => id === pair.kind.id);
  const found = attributes.find(({ id }) => id === pair.data.id);
  const data = found && content.subarray(found.from, found.to);
  if (kind === undefined) {
    return data === undefined ? ok(undefined) : malformed("data without a kind", pair.data.name);
  }
  return readKnown(pair, text.read(content, kind.from, kind.to), data);
}

function readKnown(
  pair: Pair,
  name: Decoded<string>,
  data: Uint8Array | undefined,
): Decoded<AnyDetails> {
  if (!name.ok) return name;
  const of = pair.tables.get(name.value);
  if (of === undefined) {
    const other = { kind: "other", name: name.value } as const;
    return ok(data === undefined ? other : { ...other, data: data.slice() });
  }
  const values = inside(pair.data.name, readAttributes(of, data ?? new Uint8Array()));
  return mapResult(values, (known) => ({ kind: name.value, ...known }));
}

function writePair(writer: Writer, pair: Pair, details: LinkDetails | PortDetails): void {
  const name = details.kind === "other" ? details.name : details.kind;
  writer.attribute(pair.kind.id, pair.kind.name, () => text.write(writer, name));
  if (details.kind === "other") {
    const { data } = details;
    if (data === undefined) return;
    writer.attribute(pair.data.id, pair.data.name, () => writer.raw(data));
    return;
  }
  const { kind, ...values } = details;
  const of = pair.tables.get(kind);
  if (of === undefined || Object.keys(values).length === 0) return;
  writer.attribute(pair.data.id, pair.data.name, () => writeAttributes(writer, of, values));
}
