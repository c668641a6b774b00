/**
 * What a kernel with ipvlan, 802.1Q and VLANs in bridges really does: each rule that a model of
 * forwarding rests on, by frames and iproute2, all in one boot. docs/kernel-notes.md lists them.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { topics } from "./kernel-rules/topics.ts";
import { type GuestReports, readGuestReports } from "./support/guest-tests.ts";
import { hasUml } from "./support/uml.ts";

const root = join(import.meta.dirname, "..");
const guest = "./test/kernel-rules/kernel-rules.guest.ts";

interface Report {
  readonly name: string;
  readonly seen?: unknown;
  readonly error?: string;
}

let reports: GuestReports<Report> = { byName: new Map(), console: "not begun" };

beforeAll(async () => {
  if (hasUml) reports = await readGuestReports(guest, { limitSeconds: 90 });
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
      const report: Report = reports.byName.get(name) ?? {
        name,
        error: `no report; ${reports.console}`,
      };
      expect(report.error).toBeUndefined();
      expect(report.seen).toEqual(expected);
    },
  );
});
