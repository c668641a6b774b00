import type { Database } from "bun:sqlite";
import { ipToBigint, ipVersion } from "../addr/index.ts";
import type { Lease } from "../domain/index.ts";
import { takeNumber } from "./address-runs.ts";
import { sqliteRuns } from "./sqlite-leases.ts";
import { select } from "./sqlite-select.ts";

/**
 * Tables of the embedded store. A row is its document; what is looked up by stands beside it as a
 * column that SQLite derives, so that the two can never differ. (Since version 6 the endpoints' are
 * written by `sqliteRows`, which is as careful.)
 */
const version1 = `
  CREATE TABLE identity (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    uuid TEXT NOT NULL,
    salt TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE segments (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE networks (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (json_extract(body, '$.name')) STORED,
    segment TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.segment')) STORED
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX networks_by_segment ON networks (segment);
  CREATE TABLE endpoints (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    network TEXT NOT NULL REFERENCES networks (key)
      GENERATED ALWAYS AS (json_extract(body, '$.network')) STORED,
    sandbox TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.sandbox.id')) STORED,
    ifname TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.ifname')) STORED,
    mac TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.link.mac')) STORED,
    UNIQUE (sandbox, ifname)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX endpoints_by_mac ON endpoints (mac);
  CREATE INDEX endpoints_by_network ON endpoints (network);
  CREATE TABLE operations (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (
    segment TEXT NOT NULL,
    address TEXT NOT NULL,
    body TEXT NOT NULL,
    endpoint TEXT NOT NULL REFERENCES endpoints (key) DEFERRABLE INITIALLY DEFERRED
      GENERATED ALWAYS AS (json_extract(body, '$.endpoint')) STORED,
    PRIMARY KEY (segment, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX leases_by_endpoint ON leases (endpoint);
  CREATE TABLE cursors (
    segment TEXT NOT NULL,
    prefix TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (segment, prefix)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * `runs` are the addresses that are not free, without a gap between them. `until` is boot time in
 * ms; `age` counts up, so that the smallest is the row that was not touched for the longest time.
 */
const version2 = `
  CREATE TABLE runs (
    segment TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    PRIMARY KEY (segment, first)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE resting (
    segment TEXT NOT NULL,
    address TEXT NOT NULL,
    body TEXT NOT NULL,
    boot_id TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.bootId')) STORED,
    until REAL NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.until')) STORED,
    PRIMARY KEY (segment, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX resting_by_end ON resting (boot_id, until);
  CREATE INDEX resting_by_age ON resting (segment, until, address);
  CREATE TABLE former (
    age INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    network TEXT NOT NULL REFERENCES networks (key) ON DELETE CASCADE
      GENERATED ALWAYS AS (json_extract(body, '$.network')) STORED,
    workload TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.workload')) STORED,
    UNIQUE (network, workload)
  ) STRICT;
`;

/**
 * From here on there are operations that are about a network and no endpoint, which older programs
 * would not understand. To a table that is there SQLite adds virtual columns only.
 */
const version3 = `
  ALTER TABLE operations ADD COLUMN
    network TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.network')) VIRTUAL;
  CREATE INDEX operations_by_network ON operations (network);
`;

/**
 * From here on there are endpoints without a MAC address of their own. A column cannot be changed,
 * so the table is made anew; the rows that refer to it do so by its name.
 */
const version4 = `
  CREATE TABLE endpoints_new (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    network TEXT NOT NULL REFERENCES networks (key)
      GENERATED ALWAYS AS (json_extract(body, '$.network')) STORED,
    sandbox TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.sandbox.id')) STORED,
    ifname TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.ifname')) STORED,
    mac TEXT GENERATED ALWAYS AS (json_extract(body, '$.link.mac')) STORED,
    UNIQUE (sandbox, ifname)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO endpoints_new (key, body) SELECT key, body FROM endpoints;
  DROP TABLE endpoints;
  ALTER TABLE endpoints_new RENAME TO endpoints;
  CREATE INDEX endpoints_by_mac ON endpoints (mac);
  CREATE INDEX endpoints_by_network ON endpoints (network);
`;

/**
 * From here on there are attachments, which a runtime names, and addresses that others give away:
 * older programs would give those to somebody, and leave files behind.
 */
const version5 = `
  ALTER TABLE endpoints ADD COLUMN configuration TEXT
    GENERATED ALWAYS AS (json_extract(body, '$.attachment.network')) VIRTUAL;
  ALTER TABLE endpoints ADD COLUMN container TEXT
    GENERATED ALWAYS AS (json_extract(body, '$.attachment.containerId')) VIRTUAL;
  CREATE UNIQUE INDEX endpoints_by_attachment ON endpoints (configuration, container, ifname)
    WHERE configuration IS NOT NULL;
  CREATE TABLE holds (
    segment TEXT NOT NULL,
    address TEXT NOT NULL,
    body TEXT NOT NULL,
    container TEXT NOT NULL
      GENERATED ALWAYS AS (json_extract(body, '$.holder.containerId')) STORED,
    PRIMARY KEY (segment, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_by_container ON holds (container);
`;

/**
 * What an endpoint is looked up by does not change with its state: written by the store and not
 * derived by SQLite, which would write the index of a derived column anew with each document. The
 * operations of a network stand beside each other instead of in an index.
 */
const version6 = `
  DROP INDEX operations_by_network;
  CREATE TABLE operations_new (
    network TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (network, key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO operations_new SELECT network, key, body FROM operations;
  DROP TABLE operations;
  ALTER TABLE operations_new RENAME TO operations;
  CREATE TABLE endpoints_new (
    key TEXT PRIMARY KEY,
    network TEXT NOT NULL REFERENCES networks (key),
    sandbox TEXT NOT NULL,
    ifname TEXT NOT NULL,
    mac TEXT,
    configuration TEXT,
    container TEXT,
    body TEXT NOT NULL,
    UNIQUE (sandbox, ifname)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO endpoints_new
    SELECT key, network, sandbox, ifname, mac, configuration, container, body FROM endpoints;
  DROP TABLE endpoints;
  ALTER TABLE endpoints_new RENAME TO endpoints;
  CREATE INDEX endpoints_by_mac ON endpoints (mac);
  CREATE INDEX endpoints_by_network ON endpoints (network);
  CREATE UNIQUE INDEX endpoints_by_attachment ON endpoints (configuration, container, ifname)
    WHERE configuration IS NOT NULL;
`;

/**
 * The name that a link is made under is temporary only where a runtime moves the link. A quote
 * within a value has a backslash before it, so nothing but the key is found.
 */
const version7 = `
  UPDATE endpoints SET body = replace(body, '"temporaryName":', '"madeAs":');
  UPDATE operations SET body = replace(body, '"temporaryName":', '"madeAs":');
`;

/** Turns a file of one schema version into the next; the first one makes the tables. */
export type Migration = (database: Database) => void;

/**
 * The way from an empty file to the newest schema: the migration at index n leads to version n + 1.
 * One that was released is never changed; what comes later is added at the end.
 */
export const migrations: readonly Migration[] = [
  (database) => void database.run(version1),
  (database) => {
    database.run(version2);
    const runs = sqliteRuns(database);
    for (const { segment, address } of select<Lease>(database, "leases").many()) {
      takeNumber(runs(segment, ipVersion(address)), ipToBigint(address));
    }
  },
  (database) => void database.run(version3),
  (database) => void database.run(version4),
  (database) => void database.run(version5),
  (database) => void database.run(version6),
  (database) => void database.run(version7),
];
