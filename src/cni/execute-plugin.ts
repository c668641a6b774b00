import type { PluginExit, PluginRun } from "./ports.ts";

/** An installer may hold the program open for writing at this moment (libcni waits as well). */
const BUSY_TRIES = 6;
const BUSY_PAUSE_MS = 200;

/** A plugin as a process of its own, with no more of an environment than it is given. */
export async function executePlugin(run: PluginRun): Promise<PluginExit> {
  for (let attempt = 1; ; attempt += 1) {
    const started = start(run);
    if (started instanceof Error) {
      if (!isBusy(started) || attempt === BUSY_TRIES) return notRun(started);
      await Bun.sleep(BUSY_PAUSE_MS);
      continue;
    }
    const { stdout, stderr, exited } = started;
    const texts = [new Response(stdout).text(), new Response(stderr).text()] as const;
    const [out, said] = await Promise.all(texts);
    return { status: await exited, stdout: out, stderr: said };
  }
}

function start({ program, env, stdin, signal }: PluginRun) {
  try {
    const input = new TextEncoder().encode(stdin);
    return Bun.spawn([program], { env, stdin: input, stdout: "pipe", stderr: "pipe", signal });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isBusy(error: Error): boolean {
  return "code" in error && error.code === "ETXTBSY";
}

function notRun({ message }: Error): PluginExit {
  return { status: 126, stdout: "", stderr: message };
}
