import type { Database } from "bun:sqlite";
import { ipToBigint, ipVersion } from "../addr/index.ts";
import { assert } from "../base/index.ts";
import type { HeldAddress } from "../domain/index.ts";
import { freeNumber, takeIfFree } from "./address-runs.ts";
import { formatDocument } from "./document.ts";
import { addressKey } from "./sort-key.ts";
import { sqliteRuns } from "./sqlite-leases.ts";
import { select } from "./sqlite-select.ts";
import { statement } from "./statement.ts";
import type { HoldTable } from "./store.ts";

/** The addresses of an open database that others give away. */
export function sqliteHolds(database: Database): HoldTable {
  const byAddress = select<HeldAddress>(database, "holds WHERE segment = ? AND address = ?");
  const inOrder = select<HeldAddress>(database, "holds ORDER BY segment, address");
  const byContainer = select<HeldAddress>(
    database,
    "holds WHERE container = ? ORDER BY segment, address",
  );
  const insert = statement(database, "INSERT INTO holds (segment, address, body) VALUES (?, ?, ?)");
  const remove = statement(database, "DELETE FROM holds WHERE segment = ? AND address = ?");
  const wake = statement(database, "DELETE FROM resting WHERE segment = ? AND address = ?");
  const runs = sqliteRuns(database);
  return {
    get: (segment, address) => byAddress.one(segment, addressKey(address)),
    all: () => inOrder.many(),
    byContainer: (containerId) => byContainer.many(containerId),
    insert: (row) => {
      const { segment, address } = row;
      insert.run(segment, addressKey(address), formatDocument(row));
      if (takeIfFree(runs(segment, ipVersion(address)), ipToBigint(address))) return;
      const { changes } = wake.run(segment, addressKey(address));
      assert(changes === 1, `insert: ${address} is taken, and does not rest`);
    },
    remove: (segment, address) => {
      const { changes } = remove.run(segment, addressKey(address));
      assert(changes === 1, `remove: ${address} is not held`);
      freeNumber(runs(segment, ipVersion(address)), ipToBigint(address));
    },
  };
}
