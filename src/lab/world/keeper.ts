import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { err, millis, ok, type Problem, type Result } from "../../base/index.ts";
import type { Clock, NetnsHandle } from "../../platform/index.ts";
import { labCommandFailed } from "../lab-problems.ts";

/** Runs commands of a scenario in one namespace. */
export interface Keeper extends Disposable {
  run(command: string): Promise<Result<string, Problem>>;
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
  let started: Promise<KeeperProcess> | undefined;
  const path = `/proc/${process.pid}/fd/${netns.fd}`;
  const stop = (): void => {
    void started?.then(({ unshare }) => unshare.kill("SIGKILL"));
  };
  signal.addEventListener("abort", stop);
  return {
    run: async (command) => {
      started ??= startKeeper(clock);
      const keeper = await started;
      if (!signal.aborted) return runInside(keeper, { node, path, command });
      return err(labCommandFailed({ command, node, status: "interrupted", output: "not begun" }));
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener("abort", stop);
      stop();
    },
  };
}

interface KeeperProcess {
  readonly unshare: ChildProcess;
  readonly pid: number;
}

async function startKeeper(clock: Clock): Promise<KeeperProcess> {
  const command = ["--pid", "--fork", "--kill-child=KILL", "cat"];
  const unshare = spawn("unshare", command, { stdio: ["pipe", "ignore", "ignore"] });
  for (let round = 0; round < START_ROUNDS && unshare.exitCode === null; round++) {
    const pid = firstChildOf(unshare.pid);
    if (pid !== undefined) return { unshare, pid };
    await clock.sleep(millis(2));
  }
  throw new Error("the keeper of the scenario's commands did not start");
}

function firstChildOf(pid: number | undefined): number | undefined {
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
  const namespaces = [`--net=${path}`, `--pid=/proc/${keeper.pid}/ns/pid`];
  const child = spawn("nsenter", [...namespaces, "--", "sh", "-c", command], {
    stdio: ["ignore", "pipe", "pipe"],
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
