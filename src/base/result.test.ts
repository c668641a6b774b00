import { expect, test } from "bun:test";
import { collect, err, mapError, mapResult, ok, type Result } from "./index.ts";

const good: Result<number, string> = ok(20);
const bad: Result<number, string> = err("broken");

test("a success carries its value and a failure its error", () => {
  expect(good).toEqual({ ok: true, value: 20 });
  expect(bad).toEqual({ ok: false, error: "broken" });
  expect(ok()).toEqual({ ok: true, value: undefined });
});

test("mapResult changes the value and never touches an error", () => {
  expect(mapResult(good, (n) => n + 1)).toEqual({ ok: true, value: 21 });
  const neverCalled = (): never => {
    throw new Error("called");
  };
  expect(mapResult(bad, neverCalled)).toBe(bad);
});

test("mapError changes the error and never touches a value", () => {
  expect(mapError(bad, (text) => text.length)).toEqual({ ok: false, error: 6 });
  const neverCalled = (): never => {
    throw new Error("called");
  };
  expect(mapError(good, neverCalled)).toBe(good);
});

test("collect keeps the order of the values", () => {
  expect(collect([ok(3), ok(1), ok(2)])).toEqual({ ok: true, value: [3, 1, 2] });
  expect(collect([])).toEqual({ ok: true, value: [] });
});

test("collect stops at the first error and asks for no further result", () => {
  const asked: string[] = [];
  function* results(): Generator<Result<number, string>> {
    asked.push("first");
    yield ok(1);
    asked.push("second");
    yield err("the second failed");
    asked.push("third");
    yield err("the third failed");
  }
  expect(collect(results())).toEqual({ ok: false, error: "the second failed" });
  expect(asked).toEqual(["first", "second"]);
});
