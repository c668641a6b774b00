/**
 * Recovers a store after a power cut, looks at it, and then, if asked, attaches and detaches until
 * the next one: `power-worker STATE_DIR SEED LIFE SANDBOX_PATH…`, in the host's namespace. Its
 * first life makes the network `lan`, its last one rests. It prints JSON objects, each before the
 * next move, so that a cut cannot take back what was said.
 */
import { Database } from "bun:sqlite";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { ok } from "../../src/base/index.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { runInProcess } from "./cli-in-process.ts";
import { must } from "./must.ts";
import type { Told } from "./power-ledger.ts";
import { drawMove, drawsFrom, openStormHost, type StormHost, type StormMove } from "./storm.ts";

/** What the machine finds after recovery. All of it is empty when book and kernel agree. */
export interface Found {
  readonly kind: "found";
  /** What SQLite says of its file: ["ok"]. */
  readonly integrity: readonly string[];
  readonly foreignKeys: readonly unknown[];
  readonly findings: readonly unknown[];
  readonly operations: readonly unknown[];
  readonly endpoints: readonly unknown[];
}

function say(fact: Told | Found): void {
  writeSync(1, `${JSON.stringify(fact)}\n`);
}

/**
 * Breaks the store on purpose: LANDFALL_TEST_SYNCHRONOUS=NORMAL is what a hurried person might
 * choose, with a log that is written at once and reaches the disk some time.
 */
function weaken(level: string): void {
  const run = Database.prototype.run;
  Database.prototype.run = function weakened(this: Database, sql: string, ...rest: never[]) {
    const text = sql.replace("synchronous = FULL", `synchronous = ${level}`);
    return run.call(this, text, ...rest);
  } as typeof run;
}

async function look({ engine, store }: StormHost, path: string): Promise<Found> {
  using database = new Database(path, { readonly: true });
  const integrity = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  const rows = await store.transact((tx) =>
    ok({ operations: tx.operations.all(), endpoints: tx.endpoints.all() }),
  );
  return {
    kind: "found",
    integrity: integrity.map((row) => row.integrity_check),
    foreignKeys: database.query("PRAGMA foreign_key_check").all(),
    findings: must(await engine.status()),
    ...must(rows),
  };
}

async function perform({ kind, place, make }: StormMove): Promise<void> {
  say({ kind: "begins", move: kind, place });
  const done = await make();
  if (!done.ok) return say({ kind: "refused", code: done.error.code, detail: done.error.detail });
  const { id, addresses } = done.value.endpoint;
  const bare = addresses.map((address) => address.split("/")[0] ?? "");
  say({
    kind: kind === "attach" ? "attached" : "detached",
    endpoint: { id, place, addresses: bare },
  });
}

/** A command line of the program; what it says goes where it belongs. */
async function command(text: string): Promise<string> {
  const { status, out, err } = await runInProcess([...text.split(" "), ...where]);
  if (status !== 0) throw new Error(`${text}: ${out}${err}`);
  return out;
}

const weak = process.env.LANDFALL_TEST_SYNCHRONOUS;
const [stateDirectory = "", seed = "1", life = "", ...sandboxPaths] = process.argv.slice(2);
const where = ["--state-dir", stateDirectory, "--run-dir", "/run/landfall", "--format", "jsonl"];
if (life === "first") {
  await command("net create --parent p0 --subnet 10.0.0.0/16 --subnet fd00::/64 lan");
}
writeSync(1, await command("lease ls"));
say({ kind: "collecting" });
await command("reconcile");
say({ kind: "collected" });
if (weak !== undefined) weaken(weak);
const platform = must(openPlatform());
const home = must(platform.namespaces.home());
const host = openStormHost(platform, home, stateDirectory, (store) =>
  weak === undefined ? store : { ...store, persist: async () => ok() },
);
const { engine } = host;
say(await look(host, join(stateDirectory, "landfall.db")));
const plan = {
  ...{ platform, engine, sandboxPaths },
  ...{ networks: ["lan"], below: drawsFrom(Number(seed)) },
};
while (life !== "last") await perform(drawMove(plan));
host.store.close();
