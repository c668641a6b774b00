import { unreachable } from "../../base/index.ts";
import { bootUml, HOST_ROOT, type UmlEnding, type UmlPrograms } from "../../uml/index.ts";
import type { Door, Scenario } from "../format/scenario.ts";
import { guestEnded } from "../lab-problems.ts";
import type { LabProgress, ScenarioReport } from "../report.ts";
import { type GuestTask, parseMessage, type ScenarioText } from "./guest-protocol.ts";

/** A scenario that was read, and what it was read from. */
export interface ReadScenario {
  readonly source: ScenarioText;
  readonly scenario: Scenario;
}

/** What scenarios run with in a user-mode kernel. */
export interface GuestOptions {
  readonly programs: UmlPrograms;
  /** The words that start `runGuest` with the file that follows; paths are this machine's. */
  readonly guest: readonly string[];
  readonly signal: AbortSignal;
  readonly door?: Door;
  readonly dockerRoot?: string;
  readonly cniPlugins?: string;
  readonly onProgress: (line: LabProgress) => void;
}

/** Engines of several hosts have to fit in. */
const MEMORY_MB = 2048;
/** A kernel that is emulated is slow, and Docker's engine more so; nothing should take longer. */
const SECONDS_PER_SCENARIO = 300;
const CONSOLE_LINES = 15;

/**
 * Runs these scenarios one after the other in one boot of a user-mode kernel. A report for each:
 * also for those that it did not come to, unless `signal` ended it.
 */
export async function runInUml(
  rows: readonly ReadScenario[],
  options: GuestOptions,
): Promise<readonly ScenarioReport[]> {
  const { programs, guest, signal, onProgress } = options;
  const reports: ScenarioReport[] = [];
  const strange: string[] = [];
  onProgress({ kind: "boot", scenarios: rows.map(({ scenario }) => scenario.id) });
  await using machine = bootUml(programs, {
    script: guestScript(guest),
    files: { task: JSON.stringify(taskOf(rows, options)) },
    memory: MEMORY_MB,
    limitSeconds: rows.length * SECONDS_PER_SCENARIO,
    onLine: (line) => {
      const message = parseMessage(line);
      if (!message.ok) strange.push(line);
      else if (message.value.kind === "report") reports.push(message.value.report);
      else onProgress(message.value.line);
    },
  });
  const cut = (): void => void machine.cutPower();
  signal.addEventListener("abort", cut, { once: true });
  if (signal.aborted) cut();
  const ending = await machine.ended;
  signal.removeEventListener("abort", cut);
  if (signal.aborted) return reports;
  const missed = rows.slice(reports.length).map(({ scenario }) => lost(scenario, ending, strange));
  return [...reports, ...missed];
}

function taskOf(
  rows: readonly ReadScenario[],
  { door, dockerRoot, cniPlugins }: GuestOptions,
): GuestTask {
  return {
    scenarios: rows.map(({ source }) => source),
    ...(door === undefined ? {} : { door }),
    ...(dockerRoot === undefined ? {} : { dockerRoot: `${HOST_ROOT}${dockerRoot}` }),
    ...(cniPlugins === undefined ? {} : { cniPlugins: `${HOST_ROOT}${cniPlugins}` }),
  };
}

/** The program as the guest sees it, whatever its own mounts cover. */
function guestScript(guest: readonly string[]): string {
  const words = guest.map((word) => quoted(word.startsWith("/") ? `${HOST_ROOT}${word}` : word));
  return `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0
exec ${words.join(" ")} "$FILES/task"
`;
}

/** One word for a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The report of a scenario that the kernel ended before, or during. */
function lost(
  { id, title }: Scenario,
  ending: UmlEnding,
  strange: readonly string[],
): ScenarioReport {
  const said = [...ending.console.trimEnd().split("\n").slice(-CONSOLE_LINES), ...strange];
  const { code, detail, remedy } = guestEnded({ how: howEnded(ending), said: said.join("\n") });
  const reason = `${code}: ${detail}\n${remedy}`;
  return { id, title, status: "fail", reason, kernel: "uml", seconds: 0, checks: [] };
}

function howEnded(ending: UmlEnding): string {
  switch (ending.kind) {
    case "finished":
      return `ended with status ${ending.status} before all was done`;
    case "timed-out":
      return "took too long";
    case "crashed":
      return "crashed";
    case "cut":
      return "was ended";
    default:
      return unreachable(ending);
  }
}
