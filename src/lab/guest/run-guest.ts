import { readFileSync } from "node:fs";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { parseScenario } from "../format/parse-scenario.ts";
import { labNotReady } from "../lab-problems.ts";
import { openLabPlatform } from "../open-lab-platform.ts";
import { runScenario } from "../run-scenario.ts";
import { type GuestMessage, type GuestTask, parseTask } from "./guest-protocol.ts";

/**
 * Does the task of this file on the kernel that it is started on, and tells of it line by line.
 * Errors: those of scenarios that cannot be read, and LF-LAB-NOT-READY.
 */
export async function runGuest(
  file: string,
  { signal, write }: { readonly signal: AbortSignal; write(line: string): void },
): Promise<Result<void, Problem>> {
  const task = readTask(file);
  if (!task.ok) return task;
  const platform = openLabPlatform();
  if (!platform.ok) return platform;
  const tell = (message: GuestMessage): void => write(`${JSON.stringify(message)}\n`);
  const { scenarios, door, dockerRoot, cniPlugins } = task.value;
  for (const { file: name, text } of scenarios) {
    const scenario = parseScenario(text, name);
    if (!scenario.ok) return scenario;
    const wanted = door === undefined ? scenario.value : { ...scenario.value, door };
    const report = await runScenario(wanted, {
      ...{ platform: platform.value, signal, kernel: "uml" },
      onProgress: (line) => tell({ kind: "progress", line: line }),
      ...(dockerRoot === undefined ? {} : { dockerRoot }),
      ...(cniPlugins === undefined ? {} : { cniPlugins }),
    });
    tell({ kind: "report", report: report });
  }
  return ok();
}

function readTask(file: string): Result<GuestTask, Problem> {
  const task = parseTask(readFileSync(file, "utf8"));
  if (task.ok) return task;
  return err(labNotReady({ what: `${file} is no task: ${task.error}`, seconds: 0 }));
}
