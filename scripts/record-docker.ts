/**
 * Records what real Docker engines ask a network plugin: writes test/fixtures/docker/ENGINE/*.json
 * anew. As root, `bun scripts/record-docker.ts`. The ids are other ones each time.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DockerCase } from "../test/support/docker/case.ts";
import { activation, containerCases, networkCases } from "../test/support/docker/cases.ts";
import { liveRestoreCases, refusalCases, restartCases } from "../test/support/docker/hard-cases.ts";
import { recordCase } from "../test/support/docker/record.ts";
import { standIn } from "../test/support/docker/stand-in.ts";
import { type EngineKind, engineKinds, openDockerEngine } from "../test/support/docker-engine.ts";
import { openDockerRecorder } from "../test/support/docker-recorder.ts";

const fixtures = join(import.meta.dirname, "../test/fixtures/docker");

async function record(
  kind: EngineKind,
  cases: readonly DockerCase[],
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  await using engine = await openDockerEngine(kind, settings);
  await using recorder = openDockerRecorder(engine.pluginSocket("landfall"), standIn(engine));
  const version = await engine.docker("version", "--format", "{{.Server.Version}}");
  const recorded = new Date().toISOString().slice(0, 10);
  for (const one of cases) {
    const begin = performance.now();
    const steps = await recordCase(engine, recorder, one);
    const recording = { about: one.about, engine: version, recorded, steps };
    const path = join(fixtures, kind, `${one.name}.json`);
    writeFileSync(path, `${JSON.stringify(recording, null, 2)}\n`);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`${kind} ${one.name}: ${steps.flatMap((s) => s.calls).length} calls, ${seconds} s`);
  }
}

const ordinary = [activation, ...networkCases, ...containerCases, ...refusalCases, ...restartCases];

for (const kind of engineKinds) {
  rmSync(join(fixtures, kind), { recursive: true, force: true });
  mkdirSync(join(fixtures, kind), { recursive: true });
  await record(kind, ordinary, {});
  await record(kind, liveRestoreCases, { "live-restore": true });
}
Bun.spawnSync(["npx", "biome", "format", "--write", fixtures]);
