/** `summarise-tests.ts DIR ALLOWED`: what the stages in DIR amount to; status 1 on a failure. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addUp, countStage, type Stage } from "./test-report.ts";

const [directory = "", allowedSkips = ""] = process.argv.slice(2);

function readLines(path: string): readonly string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function readStage(name: string): Stage {
  const status = Number(readFileSync(join(directory, `${name}.status`), "utf8"));
  const files = join(directory, `${name}.files`);
  if (!existsSync(files)) return { name, status };
  const report = join(directory, `${name}.xml`);
  // A run that crashed wrote no report; then every one of its files counts as failed.
  const junit = existsSync(report) ? readFileSync(report, "utf8") : "";
  return { name, status, tests: { files: readLines(files), junit } };
}

const stages = readdirSync(directory)
  .filter((entry) => entry.endsWith(".status"))
  .map((entry) => readStage(entry.slice(0, -".status".length)));
const total = addUp(stages.map(countStage), {
  skips: process.env.CI === "true" ? "fail" : "report",
  allowed: new Set(readLines(allowedSkips)),
});
for (const title of total.skipped) console.log(`skipped: ${title}`);
for (const title of total.failed) console.log(`failed:  ${title}`);
console.log(
  `${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`,
);
process.exit(total.failed.length === 0 ? 0 : 1);
