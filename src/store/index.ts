/**
 * Where intent lives: memory for labs, SQLite for hosts, behind one interface and one contract
 * suite. Knows rows and transactions; must not know the kernel or decide anything.
 */
export { memoryStore } from "./memory-store.ts";
export { stateFull, stateUnusable, storeNewer, storeProblems } from "./problems.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
export {
  type Book,
  type EndpointTable,
  FORMER_MAX,
  type FormerTable,
  type HoldTable,
  type LeaseTable,
  type NetworkTable,
  type OperationTable,
  type Store,
  type Survives,
  type Table,
  type Transaction,
} from "./store.ts";
