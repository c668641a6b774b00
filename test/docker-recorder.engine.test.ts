/** The recorded calls in test/fixtures/docker are what engines really ask. */
import { expect, test } from "bun:test";
import type { DockerCase } from "./support/docker/case.ts";
import { activation, networkCases } from "./support/docker/cases.ts";
import { refusalCases } from "./support/docker/hard-cases.ts";
import { readRecording, recordCase, withoutIds } from "./support/docker/record.ts";
import { standIn } from "./support/docker/stand-in.ts";
import { engineKinds, openDockerEngine } from "./support/docker-engine.ts";
import { openDockerRecorder } from "./support/docker-recorder.ts";

/** Some of all, to keep this short: the first use, a container's whole way, and a rollback. */
const chosen: readonly DockerCase[] = [
  activation,
  ...[...networkCases, ...refusalCases].filter(({ name }) =>
    ["network-ipv6", "join-refused"].includes(name),
  ),
];

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const patience = 180_000;

test.each(engineKinds)(
  "the engine %s asks what is recorded of it",
  async (kind) => {
    await using engine = await openDockerEngine(kind);
    await using recorder = openDockerRecorder(engine.pluginSocket("landfall"), standIn(engine));
    const version = await engine.docker("version", "--format", "{{.Server.Version}}");
    expect(chosen).toHaveLength(3);
    for (const one of chosen) {
      const { engine: recordedVersion, steps } = await readRecording(kind, one.name);
      const recorded = await recordCase(engine, recorder, one);
      // Another version may ask otherwise; then its words are only to lead to the same ends.
      const compare = version === recordedVersion ? withoutIds : endings;
      expect(compare(recorded)).toEqual(compare(steps));
    }
  },
  patience,
);

function endings(steps: Parameters<typeof withoutIds>[0]): unknown {
  return steps.map(({ command, status }) => ({ command, status }));
}
