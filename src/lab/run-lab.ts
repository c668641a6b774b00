import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import firstScenario from "../../scenarios/first.yaml" with { type: "text" };
import { collect, defined, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { findUml } from "../uml/index.ts";
import { enterUserNamespace } from "./enter-user-namespace.ts";
import { parseScenario } from "./format/parse-scenario.ts";
import type { Door, Scenario } from "./format/scenario.ts";
import type { ScenarioText } from "./guest/guest-protocol.ts";
import { type ReadScenario, runInUml } from "./guest/run-in-uml.ts";
import { fileUnreadable } from "./lab-problems.ts";
import { openLabPlatform } from "./open-lab-platform.ts";
import type { LabProgress, LabReport, ScenarioReport } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import { missingFeatures } from "./world/kernel-features.ts";

/** Which kernel a lab runs on: the running one, or a user-mode kernel where it lacks something. */
export type KernelChoice = "auto" | "host" | "uml";

export interface LabOptions extends LabWish {
  /** The words that start `runGuest` in a user-mode kernel, with the file that follows. */
  readonly guest: readonly string[];
}

/** How a person wants labs to be run. */
export interface LabWish {
  readonly signal: AbortSignal;
  readonly kernel: KernelChoice;
  /** In place of what the files say. */
  readonly door?: Door;
  /** A folder with a Docker engine's programs; absent: the machine's own engine. */
  readonly dockerRoot?: string;
  /** A folder with CNI plugins; absent: /opt/cni/bin and /usr/lib/cni. */
  readonly cniPlugins?: string;
  readonly onProgress: (line: LabProgress) => void;
}

/** Runs scenario files one after the other. All are read before the first is built. */
export async function runLab(
  files: readonly string[],
  options: LabOptions,
): Promise<Result<LabReport, Problem>> {
  const sources = collect(files.map(readFile));
  return sources.ok ? runAll(sources.value, options) : sources;
}

/** Runs the scenario that comes with the program. */
export async function runDemo(options: LabOptions): Promise<Result<LabReport, Problem>> {
  return await runAll([{ file: "scenarios/first.yaml", text: firstScenario }], options);
}

async function runAll(
  sources: readonly ScenarioText[],
  { dockerRoot, cniPlugins, ...given }: LabOptions,
): Promise<Result<LabReport, Problem>> {
  const rows = collect(sources.map(readScenario));
  if (!rows.ok) return rows;
  const options = {
    ...given,
    ...(dockerRoot === undefined ? {} : { dockerRoot: resolve(dockerRoot) }),
    ...(cniPlugins === undefined ? {} : { cniPlugins: resolve(cniPlugins) }),
  };
  const reports =
    options.kernel === "uml"
      ? await runAllInUml(rows.value, options)
      : await runAllHere(rows.value, options);
  return mapResult(reports, (scenarios) => ({ scenarios }));
}

type Reports = Promise<Result<readonly ScenarioReport[], Problem>>;

async function runAllInUml(rows: readonly ReadScenario[], options: LabOptions): Reports {
  const programs = findUml();
  if (!programs.ok) return programs;
  return ok(await runInUml(rows, { ...options, programs: programs.value }));
}

/** On the running kernel; with kernel auto, what it cannot run then goes to a user-mode kernel. */
async function runAllHere(rows: readonly ReadScenario[], options: LabOptions): Reports {
  const { signal, kernel, door, dockerRoot, cniPlugins, onProgress } = options;
  const platform = openLabPlatform();
  if (!platform.ok) return platform;
  const entered = await enterUserNamespace(platform.value, signal);
  if (!entered.ok) return entered;
  const reports = new Map<ReadScenario, ScenarioReport>();
  const left: ReadScenario[] = [];
  for (const row of rows) {
    if (signal.aborted) break;
    const missing = await missingFeatures(platform.value, row.scenario.needs);
    if (kernel === "auto" && missing.ok && missing.value.length > 0) {
      left.push(row);
      continue;
    }
    const scenario = door === undefined ? row.scenario : { ...row.scenario, door };
    const ground = { platform: platform.value, signal, kernel: "host", onProgress } as const;
    const root = dockerRoot === undefined ? {} : { dockerRoot };
    const plugins = cniPlugins === undefined ? {} : { cniPlugins };
    reports.set(row, await runScenario(scenario, { ...ground, ...root, ...plugins }));
  }
  for (const [row, report] of await runLeft(left, options)) reports.set(row, report);
  return ok(rows.flatMap((row) => reports.get(row) ?? []));
}

/** What the running kernel lacks a driver for. */
async function runLeft(
  left: readonly ReadScenario[],
  options: LabOptions,
): Promise<ReadonlyMap<ReadScenario, ScenarioReport>> {
  if (left.length === 0 || options.signal.aborted) return new Map();
  const programs = findUml();
  const reports = programs.ok
    ? await runInUml(left, { ...options, programs: programs.value })
    : left.map(({ scenario }) => skipped(scenario, programs.error));
  return new Map(reports.map((report, index) => [defined(left[index], "its scenario"), report]));
}

function skipped({ id, title, needs }: Scenario, { detail, remedy }: Problem): ScenarioReport {
  const reason = `this kernel lacks one of ${needs.join(", ")}. ${detail} ${remedy}`;
  return { id, title, status: "skip", reason, kernel: "host", seconds: 0, checks: [] };
}

function readScenario(source: ScenarioText): Result<ReadScenario, Problem> {
  const scenario = parseScenario(source.text, source.file);
  return mapResult(scenario, (read) => ({ source, scenario: read }));
}

function readFile(file: string): Result<ScenarioText, Problem> {
  try {
    return ok({ file, text: readFileSync(file, "utf8") });
  } catch (error) {
    return err(fileUnreadable({ file, reason: reasonOf(error) }));
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "it may not be read by this user",
    EISDIR: "it is a directory",
  };
  return words[code] ?? error.message;
}
