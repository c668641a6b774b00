import { err, ok, type Result, seconds } from "../base/index.ts";
import type { PluginExit, PluginRun } from "./ports.ts";

/** An installer may hold the program open for writing at this moment (libcni waits as well). */
const BUSY_TRIES = 6;
const BUSY_PAUSE = seconds(0.2);
/** What a plugin that was told to end may take to undo what it began. */
const GRACE = seconds(10);
/** As shells have it: the program is there, and cannot be run. */
const NOT_RUN = 126;

/**
 * A plugin as a process of its own, with no more of an environment than it is given. One that is
 * called off is told to end (SIGTERM), and killed when it has not after `grace`.
 */
export async function executePlugin(run: PluginRun, grace = GRACE): Promise<PluginExit> {
  for (let attempt = 1; ; attempt += 1) {
    const started = start(run);
    if (started.ok) return toEnd(started.value, run.signal, grace);
    const { code, message } = started.error;
    if (code !== "ETXTBSY" || attempt === BUSY_TRIES) {
      return { status: NOT_RUN, stdout: "", stderr: message };
    }
    await Bun.sleep(BUSY_PAUSE);
  }
}

type Child = Bun.Subprocess<Uint8Array, "pipe", "pipe">;

function start({ program, env, stdin }: PluginRun): Result<Child, { code: string } & Error> {
  try {
    const input = new TextEncoder().encode(stdin);
    return ok(Bun.spawn([program], { env, stdin: input, stdout: "pipe", stderr: "pipe" }));
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      return err(Object.assign(error, { code: String(error.code) }));
    }
    throw error;
  }
}

async function toEnd(child: Child, signal: AbortSignal, grace: number): Promise<PluginExit> {
  let killing: Timer | undefined;
  const end = (): void => {
    child.kill("SIGTERM");
    killing = setTimeout(() => child.kill("SIGKILL"), grace);
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [status, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  signal.removeEventListener("abort", end);
  clearTimeout(killing);
  return { status, stdout, stderr };
}
