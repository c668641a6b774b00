import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ip, Mac, Prefix } from "../addr/index.ts";
import { ok } from "../base/index.ts";
import type {
  EndpointId,
  IfName,
  NetworkId,
  NetworkName,
  SandboxId,
  SegmentName,
} from "../domain/index.ts";
import { migrate, schemaVersion } from "./migrate.ts";
import { type Migration, migrations } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { must } from "./store.contract.ts";
import type { Transaction } from "./store.ts";

const birth = { uuid: "uuid-new", salt: "ff", createdAt: "2026-02-02T00:00:00.000Z" };
const fixture = (version: number): string =>
  readFileSync(join(import.meta.dirname, `fixtures/version-${version}.sql`), "utf8");

function oldFile(version = 1): Database {
  const database = new Database(":memory:", { strict: true });
  database.run(fixture(version));
  return database;
}

/** What is read from a store whose file is of an old version. */
async function readOld<T>(version: number, ask: (tx: Transaction) => T): Promise<T> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "landfall-migrate-"));
  const file = new Database(join(stateDirectory, "landfall.db"), { create: true });
  file.run(fixture(version));
  file.close();
  const randomBytes = (count: number) => new Uint8Array(count);
  const store = must(openSqliteStore({ stateDirectory, randomBytes, wall: () => new Date(0) }));
  const rows = must(await store.transact((tx) => ok(ask(tx))));
  store.close();
  rmSync(stateDirectory, { recursive: true });
  return rows;
}

function tablesOf(database: Database): unknown {
  const statement = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name";
  // White space is how the text was written, not what it says.
  return database
    .query<{ sql: string | null }, []>(statement)
    .all()
    .map((row) => ({ ...row, sql: row.sql?.replaceAll(/\s+/g, " ") }));
}

test.each([
  [1, "uuid-1"],
  [2, "a3890412-f2c3-461d-94e8-fd9a80c07c25"],
  [5, "uuid-5"],
  [6, "uuid-6"],
])(
  "a file of version %i gets the schema of a new file, and stays the same store",
  (version, uuid) => {
    const [old, fresh] = [oldFile(version), new Database(":memory:")];
    expect(migrate(old, migrations, birth)).toBe(migrations.length);
    migrate(fresh, migrations, birth);
    expect(tablesOf(old)).toEqual(tablesOf(fresh));
    const [row] = old.query<{ uuid: string; salt: string }, []>("SELECT * FROM identity").all();
    expect(row).toMatchObject({ uuid, salt: "00112233445566778899aabbccddeeff" });
  },
);

test("the rows of a file of version 1 are there and found after opening it", async () => {
  const eth0 = "eth0" as SegmentName;
  const rows = await readOld(1, (tx) => ({
    range: tx.networks.byName("lan" as NetworkName)?.subnets[0]?.ranges[0]?.first,
    owner: tx.endpoints.byOwner("boot:7" as SandboxId, "eth0" as IfName)?.id,
    lease: tx.leases.get(eth0, "10.0.0.5" as Ip)?.endpoint,
    cursor: tx.leases.cursor(eth0, "10.0.0.0/24" as Prefix)?.lastGiven,
    segment: tx.segments.get(eth0)?.name,
  }));
  expect(rows).toEqual({
    range: 0x0a000001n,
    owner: "ep-1" as EndpointId,
    lease: "ep-1" as EndpointId,
    cursor: "10.0.0.5" as Ip,
    segment: eth0,
  });
});

test("the operation of a file of version 2 is found by its network", async () => {
  const rows = await readOld(2, (tx) => tx.operations.byNetwork("net-b6jkzmw1xb" as NetworkId));
  expect(rows).toEqual([
    expect.objectContaining({
      id: "op-fdjx3vmbag",
      kind: "attach",
      endpoint: "ep-7p0hqedqdk",
      deadline: 121_000,
    }),
  ]);
});

test("the endpoints of a file of version 2 are found, and leases hold on to them", async () => {
  const rows = await readOld(2, (tx) => {
    const byMac = (mac: string) => tx.endpoints.byMac(mac as Mac).map(({ id }) => String(id));
    const owned = tx.endpoints.byOwner("fake-boot/4" as SandboxId, "eth0" as IfName);
    return [byMac("c2:a1:6b:44:f4:b3"), owned?.addresses];
  });
  expect(rows).toEqual([["ep-e7052yvb0e"], ["10.0.0.1/24" as never]]);
  const database = oldFile(2);
  migrate(database, migrations, birth);
  database.run("PRAGMA foreign_keys = ON");
  expect(database.query("PRAGMA foreign_key_check").values()).toEqual([]);
  expect(() => database.run("DELETE FROM endpoints")).toThrow("FOREIGN KEY");
});

test("what a file of version 5 is looked up by is found", async () => {
  const rows = await readOld(5, ({ endpoints, operations }) => [
    endpoints.byAttachment({ network: "pods", containerId: "c1", ifname: "eth0" as IfName })?.id,
    endpoints.byOwner("boot-5/5" as SandboxId, "eth0" as IfName)?.id,
    endpoints.byMac("c2:a1:6b:44:f4:b3" as Mac).length,
    operations.byNetwork("net-1" as NetworkId).map(({ id, kind }) => `${id} ${kind}`),
  ]);
  expect<readonly unknown[]>(rows).toEqual(["ep-1", "ep-2", 1, ["op-1 update-network"]]);
});

test.each([
  [2, "ep-7p0hqedqdk", "lf7p0hqedqdk"],
  [5, "ep-1", "lf1"],
  [6, "ep-1", "eth0"],
])("what a link is made under in a file of version %i is found", async (version, id, name) => {
  const rows = await readOld(version, ({ endpoints, operations }) => {
    const links = operations
      .all()
      .flatMap((operation) => ("plan" in operation ? operation.plan : []))
      .flatMap((step) => ("link" in step && "madeAs" in step.link ? [step.link] : []));
    return { endpoint: endpoints.get(id as EndpointId)?.link, links };
  });
  expect(rows.endpoint?.madeAs as string).toBe(name);
  expect(rows.links.length).toBe(version === 5 ? 0 : 2);
  for (const link of rows.links) expect(link).toEqual(rows.endpoint as never);
});

function running(sql: string): Migration {
  return (database) => void database.run(sql);
}

test("migrations run in order, each once, and rows go along", () => {
  const database = oldFile();
  const steps = [
    ...migrations.slice(0, 1),
    running("CREATE TABLE extra (note TEXT NOT NULL) STRICT; INSERT INTO extra VALUES ('second');"),
    running("INSERT INTO extra SELECT 'third, of ' || count(*) FROM leases;"),
  ];
  expect(migrate(database, steps, birth)).toBe(3);
  expect(migrate(database, steps, birth)).toBe(3);
  const notes = database.query("SELECT note FROM extra").values();
  expect(notes).toEqual([["second"], ["third, of 1"]]);
});

test("a migration that fails half way leaves the version and the tables before it", () => {
  const database = oldFile();
  const before = tablesOf(database);
  const steps = [
    ...migrations.slice(0, 1),
    running(
      "CREATE TABLE half (a TEXT) STRICT; DELETE FROM leases; INSERT INTO nowhere VALUES (1);",
    ),
  ];
  expect(() => migrate(database, steps, birth)).toThrow("nowhere");
  expect(tablesOf(database)).toEqual(before);
  expect(schemaVersion(database)).toBe(1);
  expect(database.query("SELECT count(*) FROM leases").values()).toEqual([[1]]);
});

test("a file newer than the steps is left alone", () => {
  const database = oldFile();
  database.run("PRAGMA user_version = 9");
  expect(migrate(database, migrations, birth)).toBe(9);
  expect(schemaVersion(database)).toBe(9);
});
