import type { Result } from "../../src/base/index.ts";

/** The value of a success; a failure is a failed test with the error in its message. */
export function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The code of the Problem that was met, or "done". */
export function codeOf(result: Result<unknown, { readonly code: string }>): string {
  return result.ok ? "done" : result.error.code;
}
