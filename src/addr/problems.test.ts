import { expect, test } from "bun:test";
import { addrProblems, parseIp } from "./index.ts";
import { notText, refused } from "./testing.ts";

const facts = { input: '"x"', what: "a thing", reason: "it is x", example: "y", meant: undefined };

test("the catalogue has every code of this folder once", () => {
  expect(addrProblems.map((kind) => kind.code)).toEqual([
    "LF-MAC-INVALID",
    "LF-ADDRESS-INVALID",
    "LF-PREFIX-INVALID",
    "LF-RANGE-INVALID",
  ]);
});

test("every refusal is a usage error that a retry does not mend", () => {
  for (const kind of addrProblems) {
    const problem = kind(facts);
    expect(problem).toMatchObject({ exitCode: 2, cniCode: 7, retryable: false });
    expect(problem.detail).toBe('"x" is not a thing: it is x.');
    expect(problem.remedy).toBe('Write it like "y".');
  }
});

test("what is probably meant comes before the example", () => {
  for (const kind of addrProblems) {
    expect(kind({ ...facts, meant: "z" }).remedy).toBe('Write "z".');
  }
});

test("inputs that are not text are named by what they are", () => {
  expect(notText.map((input) => refused(parseIp(input)).facts.input)).toEqual([
    "undefined",
    "null",
    "0",
    "42",
    "true",
    "an object",
    "an object",
    "an object",
    "a symbol",
    "a function",
  ]);
});
