import { printable } from "../../base/index.ts";
import type { Finding, Reconciled } from "../../engine/index.ts";
import type { Paint } from "./look.ts";
import { NONE, table } from "./table.ts";

/** Where book and kernel disagree, and what reconcile would do about it. */
export function findingsTable(findings: readonly Finding[], paint: Paint): string {
  if (findings.length === 0) return "Book and kernel agree.\n";
  const rows = findings.map((row) => [...cells(row), row.action, printable(row.detail)]);
  return table([heading(["ENDPOINT", "NETWORK", "FINDING", "ACTION", "DETAIL"]), ...rows], paint);
}

/** What was done about each finding. */
export function reconciledTable(reconciled: readonly Reconciled[], paint: Paint): string {
  if (reconciled.length === 0) return "Nothing to do: book and kernel agree.\n";
  const rows = reconciled.map(({ finding, outcome, problem }) => [
    ...cells(finding),
    outcome === "done" ? doneWords[finding.action] : outcome,
    printable(problem?.detail ?? finding.detail),
  ]);
  return table([heading(["ENDPOINT", "NETWORK", "FINDING", "OUTCOME", "DETAIL"]), ...rows], paint);
}

const doneWords = {
  complete: "completed",
  undo: "undone",
  collect: "collected",
  repair: "repaired",
  none: "left",
} as const;

function cells(finding: Finding): string[] {
  const endpoint = finding.subject === "endpoint" ? finding.endpoint : NONE;
  return [endpoint, finding.network, finding.kind];
}

function heading(titles: readonly string[]) {
  return titles.map((text) => ({ text, style: "strong" }) as const);
}
