import { type Problem, printable } from "../../base/index.ts";
import type { Paint } from "./look.ts";

/** A problem for people: what happened, its code, what to do, and what lies beneath it. */
export function problemText(problem: Problem, paint: Paint): string {
  return told(problem, paint("bad", "error:"), paint);
}

/** What was done, but has a price. */
export function warningText(problem: Problem, paint: Paint): string {
  return told(problem, paint("bad", "warning:"), paint);
}

function told(problem: Problem, heading: string, paint: Paint): string {
  const lines = [
    `${heading} ${printable(problem.detail)}`,
    `  ${paint("note", "code:")}    ${problem.code} (${problem.title})`,
    `  ${paint("note", "remedy:")}  ${printable(problem.remedy)}`,
  ];
  if (problem.command !== undefined) {
    lines.push(`  ${paint("note", "command:")} ${printable(problem.command)}`);
  }
  for (const cause of problem.causes ?? []) {
    lines.push(`  ${paint("note", "also:")}    ${printable(cause.detail)} [${cause.code}]`);
  }
  return `${lines.join("\n")}\n`;
}
