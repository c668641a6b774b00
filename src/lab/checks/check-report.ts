import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { CheckReport } from "../report.ts";

/** A measurement against what was expected. */
export function report(facts: {
  readonly check: string;
  readonly expected: string;
  readonly measured: string;
  readonly ok: boolean;
  readonly because?: string | undefined;
  readonly evidence?: readonly string[];
}): CheckReport {
  const { check, expected, measured, because, evidence = [] } = facts;
  return {
    check,
    expected,
    measured,
    ok: facts.ok,
    ...(because === undefined ? {} : { because }),
    // Evidence explains failures; in a success it would only be noise.
    ...(facts.ok || evidence.length === 0 ? {} : { evidence }),
  };
}

/** The value, or the check that could not be made because of a Problem. */
export function orReport<T>(
  result: Result<T, Problem>,
  check: string,
  expected: string,
): Result<T, CheckReport> {
  if (result.ok) return ok(result.value);
  const { code, detail, remedy, command } = result.error;
  return err(
    report({
      check,
      expected,
      measured: `could not be measured: ${code}`,
      ok: false,
      evidence: [detail, remedy, ...(command === undefined ? [] : [command])],
    }),
  );
}
