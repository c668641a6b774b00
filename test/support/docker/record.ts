import type { DockerEngine } from "../docker-engine.ts";
import type { DockerRecorder, RecordedCall } from "../docker-recorder.ts";
import type { DockerCase, Step } from "./cases.ts";

/** One step of a case with how it ended and what it made the engine ask. */
export interface RecordedStep {
  readonly command: string;
  readonly status: number | null;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly calls: readonly RecordedCall[];
}

/** A fixture: test/fixtures/docker/ENGINE/CASE.json. */
export interface Recording {
  readonly about: string;
  readonly engine: string;
  readonly recorded: string;
  readonly steps: readonly RecordedStep[];
}

/** After a command has ended, the engine may go on with what nobody waits for. */
const SETTLING_MS = 150;

/** Runs the steps of a case, and removes what it left on the engine. */
export async function recordCase(
  engine: DockerEngine,
  recorder: DockerRecorder,
  { answers = {}, steps }: DockerCase,
): Promise<readonly RecordedStep[]> {
  recorder.override(answers);
  recorder.take();
  const recorded: RecordedStep[] = [];
  for (const step of steps) {
    const { command, status, stdout, stderr } = await perform(engine, step);
    await Bun.sleep(SETTLING_MS);
    recorded.push({
      command,
      status,
      ...(stdout === "" ? {} : { stdout }),
      ...(stderr === "" ? {} : { stderr }),
      calls: recorder.take(),
    });
  }
  recorder.override({});
  await cleanUp(engine);
  return recorded;
}

async function perform(engine: DockerEngine, step: Step) {
  if (step.kind === "engine") {
    const acts = { stop: engine.stopEngine, kill: engine.killEngine, start: engine.startEngine };
    await acts[step.act]();
    return { command: `${step.act} the engine`, status: 0, stdout: "", stderr: "" };
  }
  const words = step.words.split(" ");
  const isDocker = step.kind === "docker";
  const ran = isDocker ? await engine.run(...words) : await engine.inside(...words);
  return {
    ...ran,
    command: isDocker ? `docker ${step.words}` : step.words,
    stdout: ran.stdout.trimEnd(),
    stderr: ran.stderr.trimEnd(),
  };
}

async function cleanUp(engine: DockerEngine): Promise<void> {
  const idle = async (...list: readonly string[]) =>
    (await engine.docker(...list)).split("\n").filter((id) => id !== "");
  for (const id of await idle("ps", "--all", "--quiet")) await engine.docker("rm", "--force", id);
  const filter = ["--quiet", "--filter", "driver=landfall"];
  for (const id of await idle("network", "ls", ...filter)) await engine.docker("network", "rm", id);
}
