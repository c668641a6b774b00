import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cliReference } from "./reference.ts";

const reference = cliReference();

test("docs/cli.md is what the help pages say (scripts/generate-cli-docs.ts writes it)", () => {
  const file = join(import.meta.dirname, "..", "..", "..", "docs", "cli.md");
  expect(readFileSync(file, "utf8")).toBe(reference);
});

test("every command has a page with its synopsis and an example", () => {
  const pages = reference.split(/^## /m).slice(1);
  const titles = pages.map((page) => page.slice(0, page.indexOf("\n")));
  expect(titles).toEqual([
    "landfall",
    "landfall demo",
    "landfall lab",
    "landfall lab run",
    "landfall net",
    "landfall net create",
    "landfall net ls",
    "landfall net inspect",
    "landfall net set",
    "landfall net rm",
    "landfall attach",
    "landfall detach",
    "landfall endpoint",
    "landfall endpoint ls",
    "landfall endpoint inspect",
    "landfall lease",
    "landfall lease ls",
    "landfall lease release",
    "landfall status",
    "landfall reconcile",
    "landfall daemon",
    "landfall docker",
    "landfall docker install",
    "landfall docker uninstall",
    "landfall cni",
    "landfall cni install",
    "landfall cni uninstall",
    "landfall cni run",
    "landfall cni run add",
    "landfall cni run check",
    "landfall cni run del",
    "landfall cni run gc",
    "landfall cni run status",
    "landfall cni run versions",
  ]);
  for (const [index, page] of pages.entries()) {
    expect(page).toContain(`Usage: ${titles[index]}`);
    expect(page).toMatch(/^Examples?:\n {2}landfall /m);
  }
});

test("no line of a page is wider than a terminal or ends in a space", () => {
  for (const line of reference.split("\n")) {
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line).not.toMatch(/ $/);
  }
});
