import { closeSync } from "node:fs";
import process from "node:process";
import { ExitCode, ok, type Problem, type Result } from "./base/index.ts";
import { namedDataDir } from "./cni/index.ts";
import { runStandIn } from "./door/index.ts";
import { defaultDirectories } from "./forward/index.ts";
import { openLocalEngine, openMachine } from "./machine.ts";
import { descriptors, writerTo } from "./output.ts";
import { pluginRunner } from "./plugin-runner.ts";

/**
 * The program as native/cni-shim.c starts it where no daemon runs; the exit status. `ready` is the
 * number of the descriptor by whose end the shim knows that it may ask.
 */
export async function runAsStandIn(ready: string | undefined): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort());
  }
  const ended = await serve(interrupt.signal, () => {
    if (ready !== undefined) closeSync(Number(ready));
  });
  if (ended.ok) return ExitCode.yes;
  // For whoever tries it by hand: the shim has sent it nowhere, and does the call itself.
  writerTo(descriptors.stderr)(`${ended.error.detail}\n`);
  return ExitCode.failed;
}

async function serve(signal: AbortSignal, ready: () => void): Promise<Result<void, Problem>> {
  const machine = openMachine();
  if (!machine.ok) return machine;
  using opened = machine.value;
  const stateDirectory = process.env.LANDFALL_STATE_DIR || defaultDirectories.state;
  const local = openLocalEngine(opened, { stateDirectory, life: "many calls" });
  if (!local.ok) return local;
  using owned = local.value;
  const ground = { ...opened, engine: owned.engine };
  const cni = {
    run: pluginRunner(() => Promise.resolve(ok(ground))),
    folderOf: namedDataDir,
  };
  return await runStandIn({ platform: opened.platform, stateDirectory, cni, ready, signal });
}
