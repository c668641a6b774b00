import { expect, test } from "bun:test";
import { assert as forAll, nat, property } from "fast-check";
import { type GuestMessage, parseMessage, parseTask } from "./guest-protocol.ts";

const check = { check: "c1 -> c2 ping", expected: "reachable", measured: "reachable", ok: true };
const reached = { expected: "reachable", measured: "unreachable" } as const;
const cell = { from: "c1", to: "c2", ...reached, ok: false };

const messages: readonly GuestMessage[] = [
  { kind: "progress", line: { kind: "scenario", id: "S02", title: "Two containers" } },
  { kind: "progress", line: { kind: "built", seconds: 0.4, summary: "1 switch" } },
  { kind: "progress", line: { kind: "check", check: { ...check, evidence: ["1 frame"] } } },
  {
    kind: "report",
    report: {
      ...{ id: "S02", title: "Two containers", status: "fail", kernel: "uml", seconds: 2 },
      reason: "interrupted",
      checks: [{ ...check, predicted: "reachable", because: "delivered" }],
      matrix: { nodes: ["c1", "c2"], cells: [{ ...cell, because: "mode-isolated" }] },
    },
  },
];

test.each([...messages])("what a guest tells is read as it was told (%#)", (message) => {
  expect(parseMessage(JSON.stringify(message))).toEqual({ ok: true, value: message });
});

test("a line that was cut anywhere is no message", () => {
  const lines = messages.map((message) => JSON.stringify(message));
  forAll(
    property(nat(lines.length - 1), nat(1000), (which, at) => {
      const line = lines[which] ?? "";
      expect(parseMessage(line.slice(0, at % line.length)).ok).toBe(false);
    }),
  );
});

test.each([
  "",
  "Killed",
  "null",
  '{"kind":"report"}',
  '{"kind":"report","report":{"id":"S02"}}',
  '{"kind":"progress","line":{"kind":"scenario","id":1,"title":"t"}}',
  '{"kind":"progress","line":{"kind":"scenario","id":"a","title":"t"},"more":1}',
])("what is no message is refused with the reason: %s", (line) => {
  const parsed = parseMessage(line);
  expect(parsed).toEqual({ ok: false, error: expect.stringMatching(/\S/) });
});

test("a task has texts, and no door that labs do not have", () => {
  const task = { scenarios: [{ file: "a.yaml", text: "id: a" }], door: "docker" };
  expect(parseTask(JSON.stringify(task))).toMatchObject({ ok: true, value: task });
  expect(parseTask(JSON.stringify({ ...task, door: "shim" })).ok).toBe(false);
  expect(parseTask(JSON.stringify({ scenarios: ["a.yaml"] })).ok).toBe(false);
});
