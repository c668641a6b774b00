import { expect, test } from "bun:test";
import {
  parseCapabilityArgs,
  parseCniArg,
  parseCniNetworkName,
  parseContainerId,
} from "./values.ts";
import { haveOneShape, isAtLeast } from "./versions.ts";

// The pattern is the specification's, in its sections on parameters and on configurations.
test.each([
  ["a", true],
  ["0-a_b.c", true],
  ["x".repeat(118), true],
  ["x".repeat(119), false],
  ["", false],
  [".a", false],
  ["-a", false],
  ["a b", false],
  ["a/b", false],
  ["ä", false],
  ["a\n", false],
] as const)("%j as the name of a network or container: %p", (text, isName) => {
  expect([parseContainerId(text).ok, parseCniNetworkName(text).ok]).toEqual([isName, isName]);
});

test.each([
  ["A=b", ["A", "b"]],
  ["A=", ["A", ""]],
  ["A", undefined],
  ["=b", undefined],
  ["A=b=c", undefined],
  ["A=b;C=d", undefined],
] as const)("%j as a pair of CNI_ARGS", (text, pair) => {
  const parsed = parseCniArg(text);
  expect(parsed.ok ? [...parsed.value] : undefined).toEqual(pair === undefined ? pair : [...pair]);
});

test("capability arguments are an object", () => {
  expect(parseCapabilityArgs('{"ips": ["10.0.0.7/24"]}')).toEqual({
    ok: true,
    value: { ips: ["10.0.0.7/24"] },
  });
  for (const text of ["", "[]", "3", '"ips"']) expect(parseCapabilityArgs(text).ok).toBe(false);
});

test("versions compare by their numbers", () => {
  expect(isAtLeast("0.10.0", "0.4.0")).toBe(true);
  expect(isAtLeast("0.4.0", "0.4.0")).toBe(true);
  expect(isAtLeast("0.3.1", "0.4.0")).toBe(false);
  expect(isAtLeast("1.0.0", "1.1.0")).toBe(false);
  expect([haveOneShape("0.3.0", "0.4.0"), haveOneShape("0.2.0", "0.3.0")]).toEqual([true, false]);
});
