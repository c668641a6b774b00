import type { Changes, Database, SQLQueryBindings, Statement } from "bun:sqlite";

/** What is done with a prepared statement. */
export interface LazyStatement<Row> {
  get(...values: SQLQueryBindings[]): Row | null;
  all(...values: SQLQueryBindings[]): Row[];
  run(...values: SQLQueryBindings[]): Changes;
}

/** A statement that is prepared when it is first used: a call of a plugin needs few of them. */
export function statement<Row = never>(database: Database, sql: string): LazyStatement<Row> {
  let prepared: Statement<Row, SQLQueryBindings[]> | undefined;
  const use = () => {
    prepared ??= database.query<Row, SQLQueryBindings[]>(sql);
    return prepared;
  };
  return {
    get: (...values) => use().get(...values),
    all: (...values) => use().all(...values),
    run: (...values) => use().run(...values),
  };
}
