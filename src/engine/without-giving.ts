import type { Transaction } from "../store/index.ts";

/** The book, in which nothing is given: only the choice is wanted. */
export function withoutGiving(tx: Transaction): Transaction {
  const nothing = (): void => undefined;
  return { ...tx, leases: { ...tx.leases, insert: nothing, setCursor: nothing } };
}
