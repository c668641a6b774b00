import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";
import { isTerminal } from "./terminal.ts";

test.each([
  ["/dev/ptmx", true],
  ["/dev/null", false],
  [import.meta.path, false],
])("%s: a terminal? %p", (path, expected) => {
  const descriptor = openSync(path, "r");
  try {
    expect(isTerminal(descriptor)).toBe(expected);
    expect(isatty(descriptor)).toBe(expected);
  } finally {
    closeSync(descriptor);
  }
});

test("what is not open is none", () => {
  expect(isTerminal(9_999)).toBe(false);
});
