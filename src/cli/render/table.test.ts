import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { printable } from "../../base/index.ts";
import { ansiPaint, lookOf, plainPaint } from "./look.ts";
import { type Cell, properties, table } from "./table.ts";

test("columns are as wide as their widest cell, and rows end without spaces", () => {
  const rows = [
    ["NAME", "PARENT", "NOTE"],
    ["lan", "enp3s0", ""],
    ["a-long-name", "e", "x"],
  ];
  expect(table(rows, plainPaint)).toBe(
    "NAME         PARENT  NOTE\nlan          enp3s0\na-long-name  e       x\n",
  );
});

test("a wide character takes two columns", () => {
  const rows = [
    ["漢", "1"],
    ["abc", "2"],
  ];
  expect(table(rows, plainPaint)).toBe("漢   1\nabc  2\n");
});

test("colours do not disturb the columns", () => {
  const rows: Cell[][] = [
    [{ text: "ok", style: "good" }, "x"],
    ["failed", "y"],
  ];
  expect(table(rows, ansiPaint)).toBe("\u001b[32mok\u001b[0m      x\nfailed  y\n");
});

test("control characters from outside are shown, not obeyed", () => {
  expect(table([["a\u001b[31mb\nc"]], plainPaint)).toBe("a\\u001b[31mb\\u000ac\n");
  expect(printable("\u202eabc")).toBe("\\u202eabc");
});

test("no rows are no text", () => {
  expect(table([], plainPaint)).toBe("");
});

test("properties align their values", () => {
  const pairs = [["id", "1"] as const, ["parent", "eth0"] as const];
  expect(properties(pairs, plainPaint)).toBe("id      1\nparent  eth0\n");
});

test("whatever the cells hold, a table has one line a row and none ends in a space", () => {
  const cell = fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.trim());
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const lines = table(rows, plainPaint).split("\n");
      expect(lines.pop()).toBe("");
      expect(lines.length).toBe(rows.length);
      for (const line of lines) expect(line).not.toMatch(/ $/);
    }),
  );
});

describe("colour", () => {
  test("is for terminals that were not told otherwise", () => {
    expect(lookOf({ isTty: true }, "auto").paint("bad", "x")).toBe("\u001b[31mx\u001b[0m");
    expect(lookOf({ isTty: true }, "never").paint("bad", "x")).toBe("x");
    expect(lookOf({ isTty: false }, "auto").paint("bad", "x")).toBe("x");
  });
});
