import { Database } from "bun:sqlite";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { pathOf } from "./lan.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
/** Built by test.sh, as that starts in half the time; a test run by name has the sources. */
const { LANDFALL_TEST_PROGRAM: built } = process.env;
const program = built === undefined ? [process.execPath, MAIN] : [built];
const MARKER = "LANDFALL_TEST_MARKER";

/** How a run of the program ended; a signal counts as 128 + its number, as shells report it. */
export interface Ending {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that has not ended. */
export interface Running {
  readonly marker: string;
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the real program; `behind` is a command that becomes it, such as nsenter's. */
export function start(args: readonly string[], behind: readonly string[] = []): Running {
  return startProgram([...program, ...args], behind);
}

/** As `start`, for a script of its own that stands for the program. */
export function startScript(words: readonly string[], behind: readonly string[]): Running {
  return startProgram([process.execPath, ...words], behind);
}

function startProgram(words: readonly string[], behind: readonly string[]): Running {
  const marker = crypto.randomUUID();
  // Without a state directory of its own a test would write into the machine's.
  const env = { ...process.env, LANDFALL_STATE_DIR: "/dev/null", [MARKER]: marker };
  const child = Bun.spawn([...behind, ...words], {
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const ending = async (): Promise<Ending> => {
    const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
    const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
    const signal = child.signalCode as keyof typeof constants.signals | null;
    return {
      exitCode: signal === null ? exitCode : 128 + constants.signals[signal],
      stdout,
      stderr,
    };
  };
  return {
    marker,
    ended: ending(),
    kill: (signal) => {
      // Of one that has ended, the number may be another's.
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    },
  };
}

/** Runs the program to its end. */
export function landfall(args: readonly string[], behind: readonly string[] = []): Promise<Ending> {
  return start(args, behind).ended;
}

/** The ids of every process that a marked run started and that still lives. */
export function livingPids({ marker }: Running): readonly string[] {
  const mark = `${MARKER}=${marker}`;
  return listPids().filter((pid) => readProcess(pid, "environ").includes(mark));
}

/** The command lines of every process that a marked run started and that still lives. */
export function livingProcesses(running: Running): readonly string[] {
  return livingPids(running).map(commandLine);
}

/** The ids of all processes. */
export function listPids(): readonly string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid));
}

/** Empty where the process has ended. */
export function commandLine(pid: string): string {
  return readProcess(pid, "cmdline").replaceAll("\0", " ").trim();
}

/** Whether a living process was started with this in its environment: NAME=VALUE. */
export function hasVariable(pid: string, variable: string): boolean {
  return readProcess(pid, "environ").split("\0").includes(variable);
}

function readProcess(pid: string, file: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // It ended while it was looked at.
    return "";
  }
}

/** Words that make the next command run in this namespace. */
export function enter(netns: NetnsHandle): readonly string[] {
  return ["nsenter", `--net=${pathOf(netns)}`, "--"];
}

/** Words that take every privilege from the next command, whoever the user is. */
export const withoutPrivileges: readonly string[] = ["setpriv", "--bounding-set", "-all", "--"];

/**
 * As an ordinary user who may make user namespaces. CAP_SETFCAP is what the kernel asks of uid 0,
 * and of nobody else, before it maps uid 0 once more (user_namespaces(7)).
 */
export const asOrdinaryUser: readonly string[] = [
  "setpriv",
  "--bounding-set",
  "-all,+setfcap",
  "--",
];

/**
 * As a user who is not uid 0 and has every privilege in namespaces of his own: there tcpdump has no
 * root to give up, which it could not where the tests themselves are in a user namespace.
 */
export const asPrivilegedUser: readonly string[] = [
  "unshare",
  ...["--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--net", "--mount", "--"],
];

/**
 * As another user of this machine, if the tests run as root and that user can read the checkout;
 * otherwise whoever runs the tests is no root, or stands for one who is not.
 */
export function nobody(): readonly string[] {
  const user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const behind = [...user, "--bounding-set", "-all", "--"];
  const readable = Bun.spawnSync([...behind, "test", "-r", MAIN]).exitCode === 0;
  return readable ? behind : asOrdinaryUser;
}

/** A host for the program: a private namespace with a state directory of its own. */
export interface ProgramHost extends Disposable {
  readonly stateDirectory: string;
  /** Runs the program there with JSON output. */
  run(...args: readonly string[]): Promise<Ending>;
  /** Every row of the state, read without the program. */
  book(): Readonly<Record<string, readonly unknown[]>>;
}

export function openProgramHost(netns: NetnsHandle): ProgramHost {
  const stateDirectory = mkdtempSync(join(tmpdir(), "landfall-state-"));
  const options = ["--state-dir", stateDirectory, "--format", "json"];
  return {
    stateDirectory,
    run: (...args) => landfall([...args, ...options], enter(netns)),
    book: () => readBook(join(stateDirectory, "landfall.db")),
    [Symbol.dispose]: () => rmSync(stateDirectory, { recursive: true, force: true }),
  };
}

function readBook(path: string): Readonly<Record<string, readonly unknown[]>> {
  using database = new Database(path, { readonly: true });
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all();
  return Object.fromEntries(
    tables.map(({ name }) => [name, database.query(`SELECT * FROM "${name}"`).all()]),
  );
}

/** What `problem` holds in the JSON of a refusal. */
export interface ToldProblem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
  readonly command?: string;
  readonly retryable: boolean;
}

/** The problem that a run told as JSON; none when it succeeded. */
export function problemOf({ stdout }: Ending): ToldProblem | undefined {
  const told: { readonly problem?: ToldProblem } = JSON.parse(stdout);
  return told.problem;
}
