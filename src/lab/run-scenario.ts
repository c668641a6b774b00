import { type Problem, unreachable } from "../base/index.ts";
import type { Platform } from "../platform/index.ts";
import { checkLeases, checkStatus } from "./checks/check-book.ts";
import { checkCapture } from "./checks/check-capture.ts";
import { checkFlow, checkMatrix } from "./checks/check-flow.ts";
import { checkNeighbour } from "./checks/check-neighbour.ts";
import { runActions } from "./checks/run-actions.ts";
import type { Check, Scenario } from "./format/scenario.ts";
import type { CheckReport, LabProgress, MatrixReport, ScenarioReport } from "./report.ts";
import { missingFeatures } from "./world/kernel-features.ts";
import type { Lab } from "./world/lab.ts";
import { openLab } from "./world/open-lab.ts";

export interface ScenarioOptions {
  readonly platform: Platform;
  /** Ends the run: what was measured until then is reported. */
  readonly signal: AbortSignal;
  readonly onProgress: (line: LabProgress) => void;
}

/** Builds a scenario's lab, makes its checks, takes it down, and says what was found. */
export async function runScenario(
  scenario: Scenario,
  { platform, signal, onProgress }: ScenarioOptions,
): Promise<ScenarioReport> {
  const started = platform.clock.boottime();
  const sinceStart = (): number => round((platform.clock.boottime() - started) / 1000);
  const { id, title } = scenario;
  const base = { id, title, kernel: "host", checks: [] } as const;
  onProgress({ kind: "scenario", id, title });
  const reason = skipReason(platform, scenario);
  if (reason !== undefined) return { ...base, status: "skip", reason, seconds: sinceStart() };
  const opened = await openLab(platform, scenario, signal);
  if (!opened.ok) {
    return { ...base, status: "fail", reason: inWords(opened.error), seconds: sinceStart() };
  }
  using lab = opened.value;
  onProgress({ kind: "built", seconds: sinceStart(), summary: summaryOf(scenario) });
  const { checks, matrix } = await runChecks(lab, scenario.checks, onProgress);
  const interrupted = signal.aborted ? { reason: "interrupted" } : {};
  return {
    ...base,
    ...interrupted,
    status: signal.aborted || checks.some((check) => !check.ok) ? "fail" : "pass",
    seconds: sinceStart(),
    checks,
    ...(matrix === undefined ? {} : { matrix }),
  };
}

async function runChecks(
  lab: Lab,
  checks: readonly Check[],
  onProgress: ScenarioOptions["onProgress"],
): Promise<{ checks: CheckReport[]; matrix: MatrixReport | undefined }> {
  const done: CheckReport[] = [];
  let matrix: MatrixReport | undefined;
  for (const check of checks) {
    if (lab.signal.aborted) break;
    const outcome = await runCheck(lab, check);
    // An interrupted measurement says nothing.
    if (lab.signal.aborted) break;
    matrix ??= outcome.matrix;
    for (const row of outcome.checks) {
      done.push(row);
      onProgress({ kind: "check", check: row });
    }
  }
  return { checks: done, matrix };
}

interface Outcome {
  readonly checks: readonly CheckReport[];
  readonly matrix?: MatrixReport;
}

async function runCheck(lab: Lab, check: Check): Promise<Outcome> {
  switch (check.kind) {
    case "flow":
      return { checks: [await checkFlow(lab, check)] };
    case "capture":
      return { checks: [await checkCapture(lab, check)] };
    case "neighbour":
      return { checks: [await checkNeighbour(lab, check)] };
    case "matrix":
      return checkMatrix(lab, check);
    case "status":
      return { checks: [await checkStatus(lab, check)] };
    case "leases":
      return { checks: [await checkLeases(lab, check)] };
    case "do":
      return { checks: [await runActions(lab, check)] };
    default:
      return unreachable(check);
  }
}

/** Why this scenario cannot be run here at all. */
function skipReason(platform: Platform, { door, needs }: Scenario): string | undefined {
  if (door !== "attach") return `this version has no door "${door}" in labs`;
  const missing = missingFeatures(platform, needs);
  if (!missing.ok) return inWords(missing.error);
  if (missing.value.length === 0) return undefined;
  return `not in this kernel, or not driven by this version: ${missing.value.join(", ")}`;
}

function inWords({ code, detail, remedy }: Problem): string {
  return `${code}: ${detail} ${remedy}`;
}

function summaryOf({ switches, hosts, machines }: Scenario): string {
  const containers = hosts.reduce((sum, host) => sum + host.containers.length, 0);
  const parts = [
    counted(switches.length, "switch", "switches"),
    counted(hosts.length, "host", "hosts"),
    counted(containers, "container", "containers"),
    counted(machines.length, "machine", "machines"),
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function counted(count: number, one: string, many: string): string | undefined {
  if (count === 0) return undefined;
  return `${count} ${count === 1 ? one : many}`;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
