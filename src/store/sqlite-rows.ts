import type { Database } from "bun:sqlite";
import { assert, defined } from "../base/index.ts";
import { formatDocument } from "./document.ts";
import { select } from "./sqlite-select.ts";
import { statement } from "./statement.ts";
import type { Table } from "./store.ts";

/** Columns beside the document, by name: what a row has there. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => string | undefined>>;

export interface RowsOf<Key, Row> {
  readonly table: string;
  /** The primary key, whose columns stand in this order. */
  readonly key: Columns<Key>;
  readonly keyOf: (row: Row) => Key;
  /** What else is looked up by; absent: nothing. */
  readonly columns?: Columns<Row>;
}

/** Rows by key in a table of an open database. */
export function sqliteRows<Key, Row>(
  database: Database,
  { table, key, keyOf, columns = {} }: RowsOf<Key, Row>,
): Table<Key, Row> {
  const [keyNames, names] = [Object.keys(key), Object.keys(columns)];
  const where = keyNames.map((name) => `${name} = ?`).join(" AND ");
  const keyed = (value: Key) =>
    keyNames.map((name) => defined(defined(key[name], name)(value), name));
  const byKey = select<Row>(database, `${table} WHERE ${where}`);
  const inOrder = select<Row>(database, `${table} ORDER BY ${keyNames.join(", ")}`);
  const all = [...keyNames, ...names, "body"];
  const insert = statement(
    database,
    `INSERT INTO ${table} (${all.join(", ")}) VALUES (${all.map(() => "?").join(", ")})`,
  );
  const update = updating(database, { table, where, columns });
  const remove = statement(database, `DELETE FROM ${table} WHERE ${where}`);
  return {
    get: (value) => byKey.one(...keyed(value)),
    all: () => inOrder.many(),
    insert: (row) =>
      void insert.run(...keyed(keyOf(row)), ...valuesOf(columns, row), formatDocument(row)),
    replace: (row) => {
      const at = keyed(keyOf(row));
      assert(update(row, at) === 1, `replace: ${at.join(" ")} does not exist`);
    },
    remove: (value) => {
      const at = keyed(value);
      assert(remove.run(...at).changes === 1, `remove: ${at.join(" ")} does not exist`);
    },
  };
}

/**
 * How many rows were replaced. A column that an UPDATE names has its indexes written anew even
 * where the value is the same, so first only the document is put where all columns agree.
 */
function updating<Row>(
  database: Database,
  { table, where, columns }: { table: string; where: string; columns: Columns<Row> },
): (row: Row, at: readonly string[]) => number {
  const names = Object.keys(columns);
  const agree = names.map((name) => ` AND ${name} IS ?`).join("");
  const set = names.map((name) => `${name} = ?, `).join("");
  const document = statement(database, `UPDATE ${table} SET body = ? WHERE ${where}${agree}`);
  const everything = statement(database, `UPDATE ${table} SET ${set}body = ? WHERE ${where}`);
  return (row, at) => {
    const [values, body] = [valuesOf(columns, row), formatDocument(row)];
    const { changes } = document.run(body, ...at, ...values);
    if (changes === 1 || names.length === 0) return changes;
    return everything.run(...values, body, ...at).changes;
  };
}

function valuesOf<Row>(columns: Columns<Row>, row: Row): (string | null)[] {
  return Object.values(columns).map((read) => read(row) ?? null);
}
