import type { Database, SQLQueryBindings } from "bun:sqlite";
import { parseDocument } from "./document.ts";

interface Body {
  readonly body: string;
}

/** A prepared SELECT of documents; `rest` is what follows FROM. */
export function select<Row>(database: Database, rest: string) {
  const query = database.query<Body, SQLQueryBindings[]>(`SELECT body FROM ${rest}`);
  return {
    one: (...values: string[]): Row | undefined => {
      const row = query.get(...values);
      return row === null ? undefined : parseDocument<Row>(row.body);
    },
    many: (...values: (string | number)[]): Row[] =>
      query.all(...values).map((r) => parseDocument<Row>(r.body)),
  };
}
