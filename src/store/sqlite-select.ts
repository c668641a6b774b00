import type { Database } from "bun:sqlite";
import { parseDocument } from "./document.ts";
import { statement } from "./statement.ts";

interface Body {
  readonly body: string;
}

/** A prepared SELECT of documents; `rest` is what follows FROM. */
export function select<Row>(database: Database, rest: string) {
  const query = statement<Body>(database, `SELECT body FROM ${rest}`);
  return {
    one: (...values: string[]): Row | undefined => {
      const row = query.get(...values);
      return row === null ? undefined : parseDocument<Row>(row.body);
    },
    many: (...values: (string | number)[]): Row[] =>
      query.all(...values).map((r) => parseDocument<Row>(r.body)),
  };
}
