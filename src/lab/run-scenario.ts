import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import { findDockerd } from "../dockerd/index.ts";
import type { Platform } from "../platform/index.ts";
import { checkLeases, checkStatus } from "./checks/check-book.ts";
import { checkCapture } from "./checks/check-capture.ts";
import { checkFlow, checkMatrix } from "./checks/check-flow.ts";
import { checkNeighbour } from "./checks/check-neighbour.ts";
import { runActions } from "./checks/run-actions.ts";
import type { Check, Scenario } from "./format/scenario.ts";
import type { CheckReport, LabProgress, MatrixReport, ScenarioReport } from "./report.ts";
import { attachDoor } from "./world/attach-door.ts";
import { cniDoor } from "./world/cni/cni-door.ts";
import { findPlugins } from "./world/cni/find-plugins.ts";
import { dockerDoor } from "./world/docker/docker-door.ts";
import { missingFeatures } from "./world/kernel-features.ts";
import type { Lab } from "./world/lab.ts";
import { type LabParts, openLab } from "./world/open-lab.ts";

export interface ScenarioOptions {
  readonly platform: Platform;
  /** Ends the run: what was measured until then is reported. */
  readonly signal: AbortSignal;
  /** Which one it is that it runs on, for the report. */
  readonly kernel: ScenarioReport["kernel"];
  /** A folder with an engine's programs, for door docker; absent: the machine's own. */
  readonly dockerRoot?: string;
  /** A folder with plugins, for door cni; absent: the usual ones. */
  readonly cniPlugins?: string;
  readonly onProgress: (line: LabProgress) => void;
}

/** Builds a scenario's lab, makes its checks, takes it down, and says what was found. */
export async function runScenario(
  scenario: Scenario,
  options: ScenarioOptions,
): Promise<ScenarioReport> {
  const { platform, signal, kernel, onProgress } = options;
  const started = platform.clock.boottime();
  const sinceStart = (): number => round((platform.clock.boottime() - started) / 1000);
  const { id, title } = scenario;
  const base = { id, title, kernel, checks: [] } as const;
  onProgress({ kind: "scenario", id, title });
  const skip = (reason: string): ScenarioReport => {
    return { ...base, status: "skip", reason, seconds: sinceStart() };
  };
  const missing = await skipReason(platform, kernel, scenario);
  if (missing !== undefined) return skip(missing);
  const doorOf = findDoor(scenario, options);
  if (!doorOf.ok) return skip(doorOf.error);
  const opened = await openLab(platform, scenario, { signal, doorOf: doorOf.value });
  if (!opened.ok) {
    return { ...base, status: "fail", reason: inWords(opened.error), seconds: sinceStart() };
  }
  await using lab = opened.value;
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

/** The door that a scenario's containers come through, or why there is none here. */
function findDoor(
  { door }: Scenario,
  { dockerRoot, cniPlugins }: ScenarioOptions,
): Result<LabParts["doorOf"], string> {
  switch (door) {
    case "attach":
      return ok((lab, { name }) => attachDoor(lab, name));
    case "docker": {
      const programs = findDockerd(dockerRoot);
      if (!programs.ok) return err(inWords(programs.error));
      return ok((lab, host) => dockerDoor(lab, host, programs.value));
    }
    case "cni": {
      const folders = findPlugins(cniPlugins);
      return folders.ok ? ok((lab, host) => cniDoor(lab, host, folders.value)) : folders;
    }
    default:
      return unreachable(door);
  }
}

/** Why this kernel cannot run the scenario. */
async function skipReason(
  platform: Platform,
  kernel: ScenarioReport["kernel"],
  { needs }: Scenario,
): Promise<string | undefined> {
  const missing = await missingFeatures(platform, needs);
  if (!missing.ok) return inWords(missing.error);
  if (missing.value.length === 0) return undefined;
  const where = kernel === "host" ? "not in this kernel" : "not in the user-mode kernel either";
  return `${where}: ${missing.value.join(", ")}`;
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
