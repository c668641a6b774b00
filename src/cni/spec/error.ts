import { CniCode, type Problem, printable } from "../../base/index.ts";
import { type CniVersion, latestVersion } from "./versions.ts";

/** What a plugin answers instead of a result (section "Error"). */
export interface CniError {
  /** One of `CniCode`, or whatever another plugin answered. */
  readonly code: number;
  /** One sentence; some runtimes look for words in it. */
  readonly msg: string;
  readonly details?: string;
}

/** An error of the specification's table, or of the reference library's. */
export function cniError(code: keyof typeof CniCode, msg: string, details?: string): CniError {
  // Words of the configuration are quoted, and may hold anything.
  return {
    code: CniCode[code],
    msg: printable(msg),
    ...(details === undefined ? {} : { details }),
  };
}

/** A Problem as a runtime can show it: its code, remedy and causes go with the details. */
export function cniErrorOf(problem: Problem): CniError {
  const command = problem.command === undefined ? [] : [`See: ${problem.command}`];
  const causes = (problem.causes ?? []).map((cause) => `Because: ${cause.detail} (${cause.code})`);
  const details = [`${problem.code}: ${problem.remedy}`, ...causes, ...command].join(" ");
  return { code: problem.cniCode, msg: printable(problem.detail), details };
}

/** For stdout; the plugin then exits with 1. */
export function encodeError(
  { code, msg, details }: CniError,
  cniVersion: CniVersion = latestVersion,
): string {
  return JSON.stringify({ cniVersion, code, msg, ...(details === undefined ? {} : { details }) });
}
