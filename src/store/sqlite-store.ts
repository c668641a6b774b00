import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { defined, err, ok, type Problem, type Result } from "../base/index.ts";
import type { StoreSalt, StoreUuid } from "../domain/index.ts";
import { stateUnusable, storeNewer } from "./problems.ts";
import { migrations, SCHEMA_VERSION } from "./sqlite-schema.ts";
import { sqliteTransaction } from "./sqlite-transaction.ts";
import type { Store } from "./store.ts";

/** Long enough for another process's commit on a slow disk, short enough to be told about. */
const BUSY_TIMEOUT_MS = 10_000;
/** Addresses and names of a host's containers are nobody else's business. */
const STATE_DIRECTORY_MODE = 0o700;

export interface SqliteStoreOptions {
  /** The directory that holds landfall.db; made when missing. */
  readonly stateDirectory: string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly wall: () => Date;
}

/** Opens, and when it is new makes, the embedded store of a host. */
export function openSqliteStore(options: SqliteStoreOptions): Result<Store, Problem> {
  const path = join(options.stateDirectory, "landfall.db");
  let database: Database | undefined;
  try {
    mkdirSync(options.stateDirectory, { recursive: true, mode: STATE_DIRECTORY_MODE });
    database = new Database(path, { create: true, strict: true });
    const version = prepare(database, options);
    if (version <= SCHEMA_VERSION) return ok(sqliteStore(database, path));
    database.close();
    return err(storeNewer({ path, version, known: SCHEMA_VERSION }));
  } catch (error) {
    database?.close();
    return err(stateProblem(error, path));
  }
}

/** The schema version that the file has now. A newer one is left alone. */
function prepare(database: Database, options: SqliteStoreOptions): number {
  // WAL and FULL: an acknowledged lease survives a power cut (reference: sqlite.org/pragma.html).
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA foreign_keys = ON");
  if (schemaVersion(database) < SCHEMA_VERSION) {
    database.transaction(() => migrate(database, options)).immediate();
  }
  return schemaVersion(database);
}

/** Brings the file to this program's schema version, from an empty one too. */
function migrate(database: Database, options: SqliteStoreOptions): void {
  // Another process may have done it while this one waited for the lock.
  const version = schemaVersion(database);
  if (version >= SCHEMA_VERSION) return;
  for (const step of migrations.slice(version)) step(database);
  if (version === 0) {
    database.run("INSERT INTO identity VALUES (1, ?, ?, ?)", [
      crypto.randomUUID(),
      options.randomBytes(16).toHex(),
      options.wall().toISOString(),
    ]);
  }
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function schemaVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return defined(row, "user_version").user_version;
}

function sqliteStore(database: Database, path: string): Store {
  const row = database.query<{ uuid: StoreUuid; salt: StoreSalt }, []>(
    "SELECT uuid, salt FROM identity",
  );
  const { uuid, salt } = defined(row.get(), "identity of the store");
  const tx = sqliteTransaction(database);
  return {
    uuid,
    salt,
    transact: async (decide) => transact(database, () => decide(tx), path),
    close: () => database.close(),
  };
}

function transact<T>(
  database: Database,
  decide: () => Result<T, Problem>,
  path: string,
): Result<T, Problem> {
  try {
    database.run("BEGIN IMMEDIATE");
    const result = decide();
    database.run(result.ok ? "COMMIT" : "ROLLBACK");
    return result;
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK");
    if (error instanceof SQLiteError && !isConstraint(error)) return err(stateProblem(error, path));
    throw error;
  }
}

/** A violated constraint is a bug of ours, not a trouble of the disk. */
function isConstraint(error: SQLiteError): boolean {
  return error.code?.startsWith("SQLITE_CONSTRAINT") ?? false;
}

function stateProblem(error: unknown, path: string): Problem {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return stateUnusable({ path, code, message: error.message });
}
