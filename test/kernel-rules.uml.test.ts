/**
 * What a kernel with ipvlan, 802.1Q and VLANs in bridges really does: each rule that a model of
 * forwarding rests on, by frames and iproute2, all in one boot. docs/kernel-notes.md lists them.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { topics } from "./kernel-rules/topics.ts";
import { bootUml, hasUml } from "./support/uml.ts";

const root = join(import.meta.dirname, "..");
const guest = "./test/kernel-rules/kernel-rules.guest.ts";
const script = `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 NO_COLOR=1
cd ${root}
"${process.execPath}" ${guest}`;

interface Report {
  readonly name: string;
  readonly seen?: unknown;
  readonly error?: string;
}

const reports = new Map<string, Report>();
let consoleText = "";

beforeAll(async () => {
  if (!hasUml) return;
  const onLine = (line: string): void => {
    if (!line.startsWith("{")) return;
    const report: Report = JSON.parse(line);
    reports.set(report.name, report);
  };
  await using machine = bootUml({ script, limitSeconds: 90, onLine });
  const ending = await machine.ended;
  consoleText = `${ending.kind}: ${ending.console}`;
}, 120_000);

test("no two rules have one name", () => {
  const names = Object.values(topics).flatMap((rules) => rules.map(({ name }) => name));
  expect(names).toEqual([...new Set(names)]);
});

test("docs/kernel-notes.md tells of each rule", () => {
  const notes = readFileSync(join(root, "docs/kernel-notes.md"), "utf8");
  const names = Object.values(topics).flatMap((rules) => rules.map(({ name }) => name));
  expect(names.filter((name) => !notes.includes(name.slice(1)))).toEqual([]);
});

describe.each(Object.entries(topics))("%s", (_, rules) => {
  test.skipIf(!hasUml).each(rules.map((rule) => [rule.name, rule] as const))(
    "%s",
    (name, { expected }) => {
      const report: Report = reports.get(name) ?? { name, error: `no report; ${consoleText}` };
      expect(report.error).toBeUndefined();
      expect(report.seen).toEqual(expected);
    },
  );
});
