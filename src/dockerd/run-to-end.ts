/** How a program ended, and what it said. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program runs in. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Kills it: nobody waits for its answer any more. */
  readonly signal?: AbortSignal;
}

/** Runs a program to its end, without blocking what else this process does meanwhile. */
export async function runToEnd(
  command: readonly string[],
  { env = process.env, signal }: RunOptions = {},
): Promise<Ran> {
  if (signal?.aborted) return { status: null, stdout: "", stderr: "interrupted" };
  const child = Bun.spawn([...command], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    killSignal: "SIGKILL",
    ...(signal === undefined ? {} : { signal }),
  });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { status: child.exitCode, stdout, stderr };
}
