import fc from "fast-check";
import type { Problem, Result } from "../base/index.ts";

/** Helpers of this folder's tests; product code must not import them. */

/** The value of a result that the test says is a success. */
export function accepted<T>(result: Result<T, Problem>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.detail}`);
  return result.value;
}

/** The Problem of a result that the test says is a refusal. */
export function refused(result: Result<unknown, Problem>): Problem {
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(String(result.value))}`);
  return result.error;
}

export const anyOctets = fc.uint8Array({ minLength: 4, maxLength: 4 });

/** Sixteen bytes in which runs of zero groups are common. */
export const anyBytes16 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])));

export const anyIpBytes = fc.oneof(anyOctets, anyBytes16);

/** Strings one edit away from addresses, which is where parsers differ. */
export const nearlyAddress = fc
  .array(
    fc.constantFrom(
      "0",
      "1",
      "9",
      "25",
      "255",
      "256",
      "01",
      "a",
      "F",
      ":",
      "::",
      ".",
      "/",
      "-",
      "%",
    ),
    { maxLength: 18 },
  )
  .map((parts) => parts.join(""));

export const notText = [undefined, null, 0, 42n, true, {}, [], ["10.0.0.1"], Symbol("s"), () => ""];
