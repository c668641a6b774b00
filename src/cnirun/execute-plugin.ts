import { err, type Millis, millis, minutes, ok, type Result, seconds } from "../base/index.ts";

/** One execution of a plugin. */
export interface PluginRun {
  readonly program: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Ends the plugin, gently first. */
  readonly signal: AbortSignal;
}

/** What a plugin wrote, and how it ended; `status` is null where a signal ended it. */
export interface PluginEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a plugin to its end. The error is a phrase: why it could not be started. */
export type RunPlugin = (run: PluginRun) => Promise<Result<PluginEnd, string>>;

/** DHCP may wait a minute and a half for a server; what takes longer than this hangs. */
const PLUGIN_DEADLINE: Millis = minutes(4);
/** What a plugin that was told to end may take to undo what it began. */
const PLUGIN_GRACE: Millis = seconds(10);
/** Somebody is writing the program this moment (ETXTBSY): an installation. */
const BUSY_PAUSE: Millis = millis(200);
const BUSY_TRIES = 6;

/**
 * Runs plugins as processes of this machine; `behind` are words that become the plugin. One that is
 * called off is told to end (SIGTERM), and killed when it has not after `grace`.
 */
export function pluginExecutor(
  behind: readonly string[] = [],
  grace: Millis = PLUGIN_GRACE,
): RunPlugin {
  return (run) => execute([...behind, run.program], run, grace);
}

async function execute(
  command: readonly string[],
  run: PluginRun,
  grace: Millis,
): ReturnType<RunPlugin> {
  for (let attempt = 1; ; attempt++) {
    const started = start(command, run);
    if (started.ok) return ok(await toEnd(started.value, run, grace));
    if (started.error !== "ETXTBSY" || attempt === BUSY_TRIES) {
      return err(`it cannot be started: ${started.error}`);
    }
    await Bun.sleep(BUSY_PAUSE);
  }
}

type Child = Bun.Subprocess<Uint8Array, "pipe", "pipe">;

function start(command: readonly string[], { env, stdin }: PluginRun): Result<Child, string> {
  try {
    const input = new TextEncoder().encode(stdin);
    return ok(Bun.spawn([...command], { env, stdin: input, stdout: "pipe", stderr: "pipe" }));
  } catch (error) {
    if (error instanceof Error && "code" in error) return err(String(error.code));
    throw error;
  }
}

async function toEnd(child: Child, { signal }: PluginRun, grace: Millis): Promise<PluginEnd> {
  const told = AbortSignal.any([signal, AbortSignal.timeout(PLUGIN_DEADLINE)]);
  let killing: Timer | undefined;
  const end = (): void => {
    child.kill("SIGTERM");
    killing = setTimeout(() => child.kill("SIGKILL"), grace);
  };
  if (told.aborted) end();
  else told.addEventListener("abort", end, { once: true });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  told.removeEventListener("abort", end);
  clearTimeout(killing);
  return { status: child.exitCode, stdout, stderr };
}
