import { ExitCode, type Problem } from "../base/index.ts";
import type { LabReport } from "../lab/index.ts";
import type { Globals } from "./command.ts";
import { runCommand } from "./commands/run-command.ts";
import { globalsOfBrokenArgv } from "./grammar/global.ts";
import { parseArgv } from "./grammar/parse-argv.ts";
import type { Outcome } from "./outcome.ts";
import type { CliPorts } from "./ports.ts";
import { problemJson, problemJsonLine } from "./render/json.ts";
import { lookOf } from "./render/look.ts";
import { renderOutcome } from "./render/outcome.ts";
import { problemText, warningText } from "./render/problem.ts";
import { progressText } from "./render/scenario.ts";

/**
 * Does what one command line says and tells the result; `argv` begins after the program's name.
 * Everything expected ends in an exit code, also a command line that makes no sense.
 */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<ExitCode> {
  const parsed = parseArgv(argv, ports);
  if (!parsed.ok) return tellProblem(parsed.error, globalsOfBrokenArgv(argv, ports.env), ports);
  if (parsed.value.kind === "text") {
    ports.stdout.write(parsed.value.text);
    return ExitCode.yes;
  }
  const { command, globals } = parsed.value;
  const talks = globals.format === "table" && globals.verbosity === "normal";
  const result = await runCommand(command, {
    ports,
    globals,
    onProgress: (line) => {
      if (talks) write(ports.stderr, progressText(line));
    },
  });
  if (!result.ok) return tellProblem(result.error, globals, ports);
  return tellOutcome(result.value, globals, ports);
}

function tellOutcome(outcome: Outcome, globals: Globals, ports: CliPorts): ExitCode {
  const rendered = renderOutcome(outcome, globals, {
    stdout: lookOf(ports.stdout, globals.color),
    stderr: lookOf(ports.stderr, globals.color),
  });
  write(ports.stdout, rendered.stdout);
  for (const warning of warningsOf(outcome)) {
    write(ports.stderr, warningText(warning, lookOf(ports.stderr, globals.color).paint));
  }
  write(ports.stderr, rendered.stderr);
  return exitCodeOf(outcome);
}

function exitCodeOf(outcome: Outcome): ExitCode {
  switch (outcome.kind) {
    case "lab":
      return labExitCode(outcome.event, outcome.report);
    case "findings":
      // Work in progress is nothing to worry about.
      return outcome.findings.every(({ kind }) => kind === "running") ? ExitCode.yes : ExitCode.no;
    case "reconciled":
      return outcome.reconciled.some((row) => row.outcome === "failed")
        ? ExitCode.failed
        : ExitCode.yes;
    default:
      return ExitCode.yes;
  }
}

function warningsOf(outcome: Outcome): readonly Problem[] {
  const hasView = outcome.kind === "network" || outcome.kind === "endpoint";
  return hasView ? (outcome.view.warnings ?? []) : [];
}

/** A demo that shows nothing has not said yes. */
function labExitCode(event: "demo" | "run", { scenarios }: LabReport): ExitCode {
  if (scenarios.some((scenario) => scenario.status === "fail")) return ExitCode.no;
  const measured = scenarios.some((scenario) => scenario.status === "pass");
  return event === "demo" && !measured ? ExitCode.notPermitted : ExitCode.yes;
}

function tellProblem(problem: Problem, globals: Globals, ports: CliPorts): ExitCode {
  if (globals.format === "json") ports.stdout.write(problemJson(problem));
  if (globals.format === "jsonl") ports.stdout.write(problemJsonLine(problem));
  ports.stderr.write(problemText(problem, lookOf(ports.stderr, globals.color).paint));
  return problem.exitCode;
}

function write(sink: { write(text: string): void }, text: string): void {
  if (text !== "") sink.write(text);
}
