import { err, ok, type Result } from "../base/index.ts";

/** The newest version of the specification that the runner speaks. */
export const CURRENT_VERSION = "1.1.0";

/** What a configuration without `cniVersion` is (specification, "Configuration format"). */
export const OLDEST_VERSION = "0.1.0";

/** Versions of the specification whose results have one shape. */
const shapes: readonly (readonly string[])[] = [
  ["0.1.0", "0.2.0"],
  ["0.3.0", "0.3.1", "0.4.0"],
  ["1.0.0", "1.1.0"],
];

/** Whether a version is `least` or later; both are of the form "1.2.3". */
export function isAtLeast(version: string, least: string): boolean {
  return compareVersions(version, least) >= 0;
}

/** Negative, zero or positive, as a sort wants it. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  const at = [0, 1, 2].find((index) => left[index] !== right[index]);
  return at === undefined ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

/** Checks the form. The error is a phrase. */
export function parseVersion(value: unknown): Result<string, string> {
  if (typeof value === "string" && /^\d{1,9}\.\d{1,9}\.\d{1,9}$/.test(value)) return ok(value);
  return err(`${JSON.stringify(value)} is no version such as "1.0.0"`);
}

/** Whether a result of one version can be read as one of the other without being converted. */
export function haveOneShape(one: string, other: string): boolean {
  return one === other || shapes.some((same) => same.includes(one) && same.includes(other));
}
