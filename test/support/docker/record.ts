import { join } from "node:path";
import type { DockerEngine, EngineKind } from "../docker-engine.ts";
import type { DockerRecorder, RecordedCall } from "../docker-recorder.ts";
import type { DockerCase, Step } from "./case.ts";
import { standIn } from "./stand-in.ts";

/** One step of a case with how it ended and what it made the engine ask. */
export interface RecordedStep {
  readonly command: string;
  readonly status: number | null;
  readonly stdout?: string;
  readonly stderr?: string;
  /** How long it took, where that is long. */
  readonly seconds?: number;
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

const LONG_SECONDS = 10;

/** Reads a fixture. */
export async function readRecording(kind: EngineKind, name: string): Promise<Recording> {
  return await Bun.file(
    join(import.meta.dirname, "../../fixtures/docker", kind, `${name}.json`),
  ).json();
}

/** What is the same whenever a case is recorded: ids are numbered, what was printed is left out. */
export function withoutIds(steps: readonly RecordedStep[]): unknown {
  const numbers = new Map<string, number>();
  const number = (id: string): string => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
    return `id ${numbers.get(id)}`;
  };
  const kept = steps.map(({ command, status, calls }) => ({ command, status, calls }));
  const id = /\b[0-9a-f]{64}\b|\blf[0-9a-f]{7}\b|(?<=\/netns\/)[0-9a-f]{12}\b/g;
  return JSON.parse(JSON.stringify(kept).replaceAll(id, number));
}

/** Runs the steps of a case, and removes what it left on the engine. */
export async function recordCase(
  engine: DockerEngine,
  recorder: DockerRecorder,
  { answers, steps }: DockerCase,
): Promise<readonly RecordedStep[]> {
  const own = standIn(engine);
  recorder.answerWith({ ...own, ...answers?.(own) });
  recorder.take();
  const recorded: RecordedStep[] = [];
  for (const step of steps) {
    const begin = performance.now();
    const { command, status, stdout, stderr } = await perform(engine, step);
    const seconds = Math.round((performance.now() - begin) / 1000);
    await Bun.sleep(SETTLING_MS);
    recorded.push({
      command,
      status,
      ...(stdout === "" ? {} : { stdout }),
      ...(stderr === "" ? {} : { stderr }),
      ...(seconds < LONG_SECONDS ? {} : { seconds }),
      calls: recorder.take(),
    });
  }
  recorder.answerWith(own);
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
  const ids = async (...list: readonly string[]) =>
    (await engine.docker(...list)).split("\n").filter((id) => id !== "");
  for (const id of await ids("ps", "--all", "--quiet")) await engine.docker("rm", "--force", id);
  const filter = ["--quiet", "--filter", "driver=landfall"];
  for (const id of await ids("network", "ls", ...filter)) await engine.docker("network", "rm", id);
  // Where the plugin did not want to.
  const { stdout } = await engine.inside("ip", "-j", "link", "show", "type", "macvlan");
  const links: readonly { readonly ifname?: string }[] = JSON.parse(stdout || "[]");
  for (const { ifname } of links) if (ifname) await engine.inside("ip", "link", "del", ifname);
}
