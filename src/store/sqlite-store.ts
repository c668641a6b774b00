import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { StoreSalt, StoreUuid } from "../domain/index.ts";
import { damaged, isDamage } from "./document.ts";
import { LogFile } from "./log-file.ts";
import { migrate, schemaVersion } from "./migrate.ts";
import { stateProblem, storeNewer } from "./problems.ts";
import { ReadCache } from "./read-cache.ts";
import { migrations } from "./sqlite-schema.ts";
import { sqliteTransaction } from "./sqlite-transaction.ts";
import { prepareStateDirectory } from "./state-directory.ts";
import type { Book, Store, Survives, Transaction } from "./store.ts";

/** Long enough for another process's commit on a slow disk, short enough to be told about. */
const BUSY_TIMEOUT_MS = 10_000;
const BUSY_PAUSE_MS = 10;

export interface SqliteStoreOptions {
  /** The directory that holds landfall.db; made when missing. */
  readonly stateDirectory: string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly wall: () => Date;
  /** At so many pages the log is put into the book; absent: at SQLite's 1000. */
  readonly logPages?: number;
}

/** Opens, and when it is new makes, the embedded store of a host. */
export function openSqliteStore(options: SqliteStoreOptions): Result<Store, Problem> {
  const path = join(options.stateDirectory, "landfall.db");
  let database: Database | undefined;
  try {
    const trusted = prepareStateDirectory(options.stateDirectory, path);
    if (!trusted.ok) return trusted;
    const opened = new Database(path, { create: true, strict: true });
    database = opened;
    const version = patiently(() => prepare(opened, options));
    if (version <= migrations.length) return ok(sqliteStore(opened, path));
    opened.close();
    return err(storeNewer({ path, version, known: migrations.length }));
  } catch (error) {
    database?.close();
    return err(problemOf(error, path));
  }
}

/**
 * Tries again while others are at the same file. SQLite waits for them by itself, but not where it
 * takes a wait for a deadlock, as when several switch a new file to WAL at once (reference:
 * sqlite.org/c3ref/busy_handler.html).
 */
function patiently<T>(work: () => T): T {
  for (const deadline = performance.now() + BUSY_TIMEOUT_MS; ; Bun.sleepSync(BUSY_PAUSE_MS)) {
    try {
      return work();
    } catch (error) {
      const isBusy = error instanceof SQLiteError && error.code === "SQLITE_BUSY";
      if (!isBusy || performance.now() > deadline) throw error;
    }
  }
}

/** Brings the file forward; the schema version that it has then. A newer one is left alone. */
function prepare(database: Database, options: SqliteStoreOptions): number {
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const found = schemaVersion(database);
  if (found > migrations.length) return found;
  database.run("PRAGMA synchronous = FULL");
  const version = migrate(database, migrations, {
    uuid: crypto.randomUUID(),
    salt: options.randomBytes(16).toHex(),
    createdAt: options.wall().toISOString(),
  });
  // WAL and FULL: an acknowledged lease survives a power cut (reference: sqlite.org/pragma.html).
  // After the tables: with the identity in the main file, a lost log does not make a new store.
  database.run("PRAGMA journal_mode = WAL");
  const { logPages } = options;
  if (logPages !== undefined) database.run(`PRAGMA wal_autocheckpoint = ${logPages}`);
  // After the migrations: one that builds a table anew must not trip over references to it.
  database.run("PRAGMA foreign_keys = ON");
  return version;
}

function sqliteStore(database: Database, path: string): Store {
  const row = database.query<{ uuid: StoreUuid; salt: StoreSalt }, []>(
    "SELECT uuid, salt FROM identity",
  );
  const { uuid, salt } = row.get() ?? damaged("the store has lost its identity");
  const transactions = new Transactions(database, path);
  return {
    uuid,
    salt,
    transact: async (decide, survives = "power-cut") => transactions.run(decide, survives),
    read: async (look) => transactions.read(look),
    persist: () => transactions.persist(),
    close: () => transactions.close(),
  };
}

/** What SQLite waits for in a commit (reference: sqlite.org/pragma.html#pragma_synchronous). */
const waits = { "power-cut": "FULL", "once-persisted": "NORMAL", "process-end": "NORMAL" } as const;

class Transactions {
  readonly #database: Database;
  readonly #path: string;
  readonly #tx: Transaction;
  readonly #begin: Statement;
  readonly #beginReading: Statement;
  readonly #commit: Statement;
  readonly #rollBack: Statement;
  readonly #dataVersion: Statement<{ data_version: number }, []>;
  readonly #networks = new ReadCache();
  readonly #log: LogFile;
  /** Of the file, as other connections changed it. */
  #seenVersion: number | undefined;
  /** As `prepare` left it. */
  #wait: (typeof waits)[Survives] = "FULL";

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
    this.#log = new LogFile(path);
    this.#tx = sqliteTransaction(database, this.#networks);
    this.#begin = database.query("BEGIN IMMEDIATE");
    this.#beginReading = database.query("BEGIN DEFERRED");
    this.#commit = database.query("COMMIT");
    this.#rollBack = database.query("ROLLBACK");
    this.#dataVersion = database.query("PRAGMA data_version");
  }

  run<T>(decide: (tx: Transaction) => Result<T, Problem>, survives: Survives): Result<T, Problem> {
    return this.#told(() => {
      this.#waitFor(survives);
      const result = this.#between(this.#begin, decide);
      if (result.ok && survives === "once-persisted") this.#log.changed();
      return result;
    });
  }

  read<T>(look: (book: Book) => Result<T, Problem>): Result<T, Problem> {
    return this.#told(() => this.#between(this.#beginReading, look));
  }

  #between<T>(begin: Statement, work: (tx: Transaction) => Result<T, Problem>): Result<T, Problem> {
    begin.run();
    // Where nothing is written, this read is where the view begins.
    this.#noticeOthers();
    const result = work(this.#tx);
    this.#end(result.ok ? "committed" : "taken back");
    return result;
  }

  /** What is thrown for the disk's sake, as a Problem; then all is as before. */
  #told<T>(work: () => Result<T, Problem>): Result<T, Problem> {
    try {
      return work();
    } catch (error) {
      if (this.#database.inTransaction) this.#end("taken back");
      if (error instanceof SQLiteError && !isConstraint(error)) {
        return err(problemOf(error, this.#path));
      }
      if (isDamage(error)) return err(problemOf(error, this.#path));
      throw error;
    }
  }

  async persist(): Promise<Result<void, Problem>> {
    try {
      await this.#log.onDisk();
      return ok();
    } catch (error) {
      return err(problemOf(error, this.#path));
    }
  }

  close(): void {
    this.#log.close();
    this.#database.close();
  }

  /** What was read before another process committed is not what is there. */
  #noticeOthers(): void {
    const version = this.#dataVersion.get()?.data_version;
    if (version !== this.#seenVersion) this.#networks.clear();
    this.#seenVersion = version;
  }

  #end(how: "committed" | "taken back"): void {
    (how === "committed" ? this.#commit : this.#rollBack).run();
    this.#networks.end(how);
  }

  #waitFor(survives: Survives): void {
    const wait = waits[survives];
    if (wait === this.#wait) return;
    // Not prepared once and kept: this takes effect when it is parsed.
    this.#database.run(`PRAGMA synchronous = ${wait}`);
    this.#wait = wait;
  }
}

/** A violated constraint is a bug of ours, not a trouble of the disk. */
function isConstraint(error: SQLiteError): boolean {
  return error.code?.startsWith("SQLITE_CONSTRAINT") ?? false;
}

function problemOf(error: unknown, path: string): Problem {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return stateProblem({ path, code, message: error.message });
}
