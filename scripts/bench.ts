/**
 * `npm run bench`: what is fast is measured here, side by side with what people do today, in one
 * run on one machine. Times are shown; the ratios are what can be compared between machines.
 * `npm run bench -- NAME…` measures the rows of these names, `--json` is for programs.
 */
import { attachRows } from "./bench/attach.ts";
import { cniRows } from "./bench/cni.ts";
import { dockerRows } from "./bench/docker.ts";
import { formatCells, formatRow, type Outcome, type Row } from "./bench/harness.ts";
import { stateRows } from "./bench/state.ts";

const rows: readonly Row[] = [...attachRows, ...stateRows, ...dockerRows, ...cniRows];

async function main(words: readonly string[]): Promise<void> {
  const format = words.includes("--json") ? "json" : "table";
  const names = words.filter((word) => !word.startsWith("--"));
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) {
    console.error(`no such row: ${unknown.join(" ")}\nrows: ${rows.map((r) => r.name).join(" ")}`);
    process.exitCode = 2;
    return;
  }
  const head = ["unit", "ours p50", "p90", "peer p50", "p90", "ratio"];
  if (format === "table") console.log(formatCells("", head, "bar"));
  const results: (Outcome & { readonly name: string; readonly bar?: "met" | "missed" })[] = [];
  for (const row of rows) {
    if (names.length > 0 && !names.includes(row.name)) continue;
    const outcome = await row.run();
    if (format === "table") console.log(formatRow(row, outcome));
    const bar = row.holds?.(outcome) === true ? "met" : "missed";
    results.push({ name: row.name, ...outcome, ...(row.holds === undefined ? {} : { bar }) });
  }
  if (format === "json") console.log(JSON.stringify({ schemaVersion: 2, rows: results }, null, 2));
}

await main(process.argv.slice(2));
