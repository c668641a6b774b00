/**
 * What every other folder stands on: Result for expected failures, Problem for telling people about
 * them, assertions for bugs, branded values. Imports nothing; must not know networking.
 */

export { assert, Bug, defined, unreachable } from "./assert.ts";
export type { Brand } from "./brand.ts";
export { CniCode } from "./cni-code.ts";
export { type Millis, millis, minutes, seconds } from "./duration.ts";
export { ExitCode } from "./exit-code.ts";
export { nearest } from "./nearest.ts";
export { printable } from "./printable.ts";
export {
  defineProblem,
  type Fact,
  type Facts,
  type Problem,
  type ProblemCode,
  type ProblemKind,
  type ProblemSpec,
} from "./problem.ts";
export { remembering } from "./remember.ts";
export { collect, type Err, err, mapError, mapResult, type Ok, ok, type Result } from "./result.ts";
