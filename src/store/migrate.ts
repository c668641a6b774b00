import type { Database } from "bun:sqlite";
import { defined } from "../base/index.ts";
import type { Migration } from "./sqlite-schema.ts";

/** What a store is given once, when its tables are made. */
export interface Birth {
  readonly uuid: string;
  readonly salt: string;
  readonly createdAt: string;
}

/**
 * Brings a file forward, each migration in one transaction of its own, done by whoever holds the
 * write lock. Returns the version that the file has then; one above `steps` is left alone.
 */
export function migrate(database: Database, steps: readonly Migration[], birth: Birth): number {
  for (let version = schemaVersion(database); ; version = schemaVersion(database)) {
    const step = steps[version];
    if (step === undefined) return version;
    const forward = database.transaction(() => {
      // Another process may have done it while this one waited for the lock.
      if (schemaVersion(database) !== version) return;
      step(database);
      if (version === 0) insertIdentity(database, birth);
      database.run(`PRAGMA user_version = ${version + 1}`);
    });
    forward.immediate();
  }
}

/** The version written in the file; 0 in a new one. */
export function schemaVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return defined(row, "user_version").user_version;
}

function insertIdentity(database: Database, { uuid, salt, createdAt }: Birth): void {
  database.run("INSERT INTO identity VALUES (1, ?, ?, ?)", [uuid, salt, createdAt]);
}
