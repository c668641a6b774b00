import { printable, unreachable } from "../../base/index.ts";
import type { CheckReport, LabProgress, LabReport, ScenarioReport } from "../../lab/index.ts";
import type { Paint, Style } from "./look.ts";
import { matrixText } from "./matrix.ts";
import { type Cell, table } from "./table.ts";

const statusStyle: Readonly<Record<ScenarioReport["status"], Style>> = {
  pass: "good",
  fail: "bad",
  skip: "note",
};

/** Every scenario with its checks, and the sum of them. */
export function labRunText(report: LabReport, paint: Paint): string {
  const scenarios = report.scenarios.map((scenario) => `${scenarioText(scenario, paint)}\n`);
  return `${scenarios.join("")}${summary(report)}\n`;
}

/** The matrix of the demo, and what stands behind it. */
export function demoText(report: LabReport, paint: Paint): string {
  return report.scenarios.map((scenario) => demoScenario(scenario, paint)).join("");
}

/** One line for the reader who waits; checks are told at the end, all together. */
export function progressText(line: LabProgress): string {
  switch (line.kind) {
    case "boot":
      return `A user-mode kernel starts, for ${printable(line.scenarios.join(", "))}\n`;
    case "scenario":
      return `${printable(`${line.id}  ${line.title}`)}\n`;
    case "built":
      return `  up in ${line.seconds.toFixed(1)} s: ${printable(line.summary)}\n`;
    case "check":
      return "";
    default:
      return unreachable(line);
  }
}

function demoScenario(scenario: ScenarioReport, paint: Paint): string {
  const { matrix, checks, status } = scenario;
  if (matrix === undefined) return scenarioText(scenario, paint);
  const failed = checks.filter((check) => !check.ok);
  const parts = [matrixText(matrix, paint), checkLines(failed, paint)];
  if (status !== "pass" && scenario.reason !== undefined) {
    parts.push(`${paint("bad", "failed:")} ${printable(scenario.reason)}\n`);
  }
  const confirmed = checks.filter((check) => check.ok).length;
  return `${parts.join("")}${confirmation(confirmed, checks.length)}\n`;
}

function scenarioText(scenario: ScenarioReport, paint: Paint): string {
  const { id, title, status, reason, kernel, seconds, checks, matrix } = scenario;
  const name = printable(`${id}  ${title}`);
  const place = kernel === "uml" ? ", user-mode kernel" : "";
  const header = `${paint(statusStyle[status], status.toUpperCase())}  ${name}`;
  const why =
    reason === undefined ? "" : indent(`${reason.split("\n").map(printable).join("\n")}\n`);
  const duration = ` (${seconds.toFixed(1)} s${place})\n`;
  const grid = matrix === undefined ? "" : indent(matrixText(matrix, paint));
  return `${header}${duration}${why}${checkLines(checks, paint)}${grid}`;
}

/** Expected and measured, one line a check; what failed is followed by its evidence. */
function checkLines(checks: readonly CheckReport[], paint: Paint): string {
  const lines = table(checks.map(checkRow), paint).split("\n");
  return checks
    .flatMap((check, index) => [
      `  ${lines[index]}\n`,
      ...(check.ok ? [] : (check.evidence ?? [])).map((line) => `      ${printable(line)}\n`),
    ])
    .join("");
}

function checkRow({ check, expected, predicted, measured, because, ok }: CheckReport): Cell[] {
  const style = ok ? "good" : "bad";
  return [
    { text: ok ? "✓" : "✗", style },
    check,
    `expected ${expected}`,
    ...(predicted === undefined ? [] : [`predicted ${predicted}`]),
    ok ? `measured ${measured}` : { text: `measured ${measured}`, style },
    ...(because === undefined ? [] : [`(${because})`]),
  ];
}

function summary({ scenarios }: LabReport): string {
  const count = (status: ScenarioReport["status"]): number =>
    scenarios.filter((scenario) => scenario.status === status).length;
  const checks = scenarios.flatMap((scenario) => scenario.checks);
  const confirmed = checks.filter((check) => check.ok).length;
  const skipped = count("skip");
  const counts = [
    `${scenarios.length} ${scenarios.length === 1 ? "scenario" : "scenarios"}`,
    `${count("pass")} passed`,
    `${count("fail")} failed`,
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
  return `${counts.join(", ")}. ${confirmation(confirmed, checks.length)}`;
}

function confirmation(confirmed: number, all: number): string {
  return `${confirmed} of ${all} expectations confirmed by real packets.`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
