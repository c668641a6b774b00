/** The state under several processes at once, and under processes that are killed. */
import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = mkdtempSync(join(tmpdir(), "landfall-processes-"));
afterAll(() => rmSync(root, { recursive: true }));

const worker = join(import.meta.dirname, "support/store-worker.ts");
const OPENERS = 20;
/** By then all of them have started and wait for the same instant. */
const START_MS = 1500;
const KILLS = 30;
/** The longest that a writer lives, counted from the row that it first acknowledged. */
const LIFE_MS_MAX = 40;

function start(directory: string, task: string, at: number) {
  const command = [process.execPath, worker, directory, task, String(at)];
  return Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"] });
}

async function lines(directory: string, task: string, at = 0): Promise<readonly string[]> {
  const text = await new Response(start(directory, task, at).stdout).text();
  return text.split("\n").filter((line) => line !== "");
}

function integrity(directory: string): unknown {
  const database = new Database(join(directory, "landfall.db"));
  const answer = database.query("PRAGMA integrity_check").values();
  database.close();
  return answer;
}

test("twenty processes that open a new store at once agree on one identity", async () => {
  const directory = join(root, "first");
  const at = Date.now() + START_MS;
  const tasks = Array.from({ length: OPENERS }, () => lines(directory, "identity", at));
  const said = (await Promise.all(tasks)).map((answer) => answer.join());
  expect(new Set(said).size).toBe(1);
  expect(said[0]).toMatch(/^[0-9a-f-]{36}$/);
}, 30_000);

/** A writer that is killed at a random moment; the rows that it had acknowledged. */
async function killedWriter(directory: string): Promise<readonly string[]> {
  const writer = start(directory, "write", 0);
  let text = "";
  for await (const chunk of writer.stdout) {
    if (text === "") setTimeout(() => writer.kill("SIGKILL"), Math.random() * LIFE_MS_MAX);
    text += new TextDecoder().decode(chunk);
  }
  await writer.exited;
  expect(writer.signalCode).toBe("SIGKILL");
  return text.split("\n").slice(0, -1);
}

test(`what was acknowledged is there after each of ${KILLS} kills, and the file is whole`, async () => {
  const directory = join(root, "killed");
  const acknowledged = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    // Two at a time: the one that is left finds the other's half-written transaction.
    const writers = [killedWriter(directory), killedWriter(directory)];
    for (const row of (await Promise.all(writers)).flat()) acknowledged.add(row);
    expect(integrity(directory)).toEqual([["ok"]]);
  }
  const present = new Set(await lines(directory, "read"));
  expect([...acknowledged].filter((row) => !present.has(row))).toEqual([]);
  // A row may be there though its writer died before it could say so, but only one for each.
  expect(present.size - acknowledged.size).toBeLessThanOrEqual(2 * KILLS);
  expect(acknowledged.size).toBeGreaterThan(2 * KILLS);
}, 60_000);
