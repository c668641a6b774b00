import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { err, millis, ok, type Problem, type Result } from "../../base/index.ts";
import type { Clock, NetnsHandle } from "../../platform/index.ts";
import { labCommandFailed } from "../lab-problems.ts";

/** Runs commands of a scenario in one network namespace. */
export interface Keeper extends Disposable {
  run(command: string): Promise<Result<string, Problem>>;
  /** From now on commands run at this place too; what runs already stays where it is. */
  moveTo(place: KeeperPlace): void;
}

/** Another machine's mounts and processes, for commands to run among. */
export interface KeeperPlace {
  /** Words that make the next command run there. */
  readonly enter: readonly string[];
  /** Shell commands, done there in a mount namespace of the keeper's own. */
  readonly prepare: string;
  /** Where its programs are, before ours. */
  readonly path: string;
}

/** Output of a command that goes into a Problem. */
const OUTPUT_MAX = 2000;
/** Rounds of waiting for the first process of the PID namespace, 2 ms each. */
const START_ROUNDS = 1000;

/**
 * A scenario's commands may leave processes behind, and those would keep the namespace alive. So
 * they run in a PID namespace whose first process, the keeper, reads a pipe from this process: that
 * closes when this process ends in whatever way, and when the keeper ends, the kernel kills all of
 * them. Started when the first command comes.
 * `signal` ends what runs: nobody waits for a command that has no end of its own.
 */
export function openKeeper(
  node: string,
  netns: NetnsHandle,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Keeper {
  const begun: Promise<KeeperProcess>[] = [];
  let current: Promise<KeeperProcess> | undefined;
  let place: KeeperPlace | undefined;
  const path = `/proc/${process.pid}/fd/${netns.fd}`;
  const start = (): Promise<KeeperProcess> => {
    const started = startKeeper(clock, place);
    begun.push(started);
    return started;
  };
  const stop = (): void => {
    for (const started of begun) void started.then(endKeeper, () => undefined);
  };
  signal.addEventListener("abort", stop);
  return {
    run: async (command) => {
      current ??= start();
      const keeper = await current;
      if (!signal.aborted) return runInside(keeper, { node, path, command });
      return err(labCommandFailed({ command, node, status: "interrupted", output: "not begun" }));
    },
    moveTo: (next) => {
      place = next;
      current = undefined;
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener("abort", stop);
      stop();
    },
  };
}

interface KeeperProcess {
  readonly child: ChildProcess;
  /** The first of its PID namespace. */
  readonly pid: number;
  readonly place: KeeperPlace | undefined;
}

async function startKeeper(clock: Clock, place: KeeperPlace | undefined): Promise<KeeperProcess> {
  const own = ["--pid", "--fork", "--kill-child=KILL"];
  const [program = "", ...words] =
    place === undefined
      ? ["unshare", ...own, "cat"]
      : [...place.enter, "unshare", ...own, "--mount", "sh", "-c", `${place.prepare} exec cat`];
  const child = spawn(program, words, { stdio: ["pipe", "ignore", "ignore"] });
  for (let round = 0; round < START_ROUNDS && child.exitCode === null; round++) {
    const pid = findKeeper(child.pid);
    if (pid !== undefined) return { child, pid, place };
    await clock.sleep(millis(2));
  }
  throw new Error("the keeper of the scenario's commands did not start");
}

/** Whatever stands before it forks at most once. */
function findKeeper(top: number | undefined): number | undefined {
  let pid = top;
  while (pid !== undefined) {
    if (readName(pid) === "cat") return pid;
    pid = firstChildOf(pid);
  }
  return undefined;
}

function readName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}

function endKeeper({ child }: KeeperProcess): void {
  // Not only the kill: what stands before the keeper may have forked.
  child.stdin?.destroy();
  child.kill("SIGKILL");
}

function firstChildOf(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? undefined : Number(children.split(" ")[0]);
  } catch {
    return undefined;
  }
}

function runInside(
  keeper: KeeperProcess,
  { node, path, command }: { node: string; path: string; command: string },
): Promise<Result<string, Problem>> {
  const { pid, place } = keeper;
  const namespaces = [`--net=${path}`, `--pid=/proc/${pid}/ns/pid`];
  if (place !== undefined) namespaces.push(`--mount=/proc/${pid}/ns/mnt`);
  const child = spawn("nsenter", [...namespaces, "--", "sh", "-c", command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: [place?.path, process.env.PATH].filter(Boolean).join(":") },
  });
  let output = "";
  const take = (chunk: Buffer): void => {
    if (output.length < OUTPUT_MAX) output += chunk.toString().slice(0, OUTPUT_MAX);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  return new Promise((resolve) => {
    const fail = (status: string): void => {
      const words = output.trim() === "" ? "it said nothing" : output.trim();
      resolve(err(labCommandFailed({ command, node, status, output: words })));
    };
    child.on("error", (error) => fail(error.message));
    // "exit", not "close": a process left in the background may hold the pipes open.
    child.on("exit", (code, signal) => {
      if (code === 0) resolve(ok(output));
      else fail(signal ?? `status ${code}`);
    });
  });
}
