import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import firstScenario from "../../scenarios/first.yaml" with { type: "text" };
import { collect, err, ok, type Problem, type Result } from "../base/index.ts";
import { openPlatform, type Platform } from "../platform/index.ts";
import { enterUserNamespace } from "./enter-user-namespace.ts";
import { parseScenario } from "./format/parse-scenario.ts";
import type { Door, Scenario } from "./format/scenario.ts";
import { fileUnreadable, kernelUnavailable, labNotReady } from "./lab-problems.ts";
import type { LabProgress, LabReport, ScenarioReport } from "./report.ts";
import { runScenario } from "./run-scenario.ts";

/** Which kernel a lab runs on: the running one, or a user-mode kernel where it lacks something. */
export type KernelChoice = "auto" | "host" | "uml";

/** The doors that this version has. */
export type DoorChoice = Exclude<Door, "cni">;

export interface LabOptions {
  readonly signal: AbortSignal;
  readonly kernel: KernelChoice;
  /** In place of what the files say. */
  readonly door?: DoorChoice;
  /** A folder with a Docker engine's programs; absent: the machine's own engine. */
  readonly dockerRoot?: string;
  readonly onProgress: (line: LabProgress) => void;
}

/** Runs scenario files one after the other. All are read before the first is built. */
export async function runLab(
  files: readonly string[],
  options: LabOptions,
): Promise<Result<LabReport, Problem>> {
  const scenarios = collect(files.map(readScenario));
  return scenarios.ok ? runAll(scenarios.value, options) : scenarios;
}

/** Runs the scenario that comes with the program. */
export async function runDemo(options: LabOptions): Promise<Result<LabReport, Problem>> {
  const scenario = parseScenario(firstScenario, "scenarios/first.yaml");
  return scenario.ok ? runAll([scenario.value], options) : scenario;
}

async function runAll(
  scenarios: readonly Scenario[],
  { signal, kernel, door, dockerRoot, onProgress }: LabOptions,
): Promise<Result<LabReport, Problem>> {
  if (kernel === "uml") return err(kernelUnavailable({ kernel }));
  const platform = labPlatform();
  if (!platform.ok) return platform;
  const entered = await enterUserNamespace(platform.value, signal);
  if (!entered.ok) return entered;
  const reports: ScenarioReport[] = [];
  const root = dockerRoot === undefined ? {} : { dockerRoot: resolve(dockerRoot) };
  const options = { platform: platform.value, signal, onProgress, ...root };
  for (const scenario of scenarios) {
    if (signal.aborted) break;
    const wanted = door === undefined ? scenario : { ...scenario, door };
    reports.push(await runScenario(wanted, options));
  }
  return ok({ scenarios: reports });
}

function labPlatform(): Result<Platform, Problem> {
  const platform = openPlatform();
  if (platform.ok) return platform;
  const { errno, call } = platform.error;
  return err(labNotReady({ what: `${call}: ${errno}`, seconds: 0 }));
}

function readScenario(file: string): Result<Scenario, Problem> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return err(fileUnreadable({ file, reason: reasonOf(error) }));
  }
  return parseScenario(text, file);
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
