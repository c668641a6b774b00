import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { faults, type Refusal } from "./support/cli-faults.ts";
import { type FaultyHost, openFaultyHost } from "./support/faulty-host.ts";
import { pathOf } from "./support/lan.ts";
import { type Ending, enter, landfall, problemOf, withoutPrivileges } from "./support/program.ts";

setDefaultTimeout(30_000);

let host: FaultyHost;
/** Kernel and book as they were last seen. */
let seen: readonly unknown[];
beforeAll(async () => {
  host = await openFaultyHost();
  seen = host.everything();
});
afterAll(() => host[Symbol.dispose]());

function expectRefusal(ending: Ending, { exitCode, code, names, remedy, command }: Refusal): void {
  const problem = problemOf(ending);
  expect([ending.exitCode, problem?.code]).toEqual([exitCode, code]);
  for (const name of names ?? []) expect(problem?.detail).toContain(host.resolve(name));
  expect(problem?.remedy).toContain(remedy ?? "");
  expect(problem?.remedy.length).toBeGreaterThan(10);
  expect(problem?.command).toBe(command === undefined ? undefined : host.resolve(command));
  // People get the same, as words.
  expect(ending.stderr).toContain(problem?.detail ?? "none");
}

function expectNothingChanged(): void {
  const before = seen;
  seen = host.everything();
  expect(seen).toEqual(before);
}

test.each([...faults])("$what is refused, and nothing is changed", async ({ line, refusal }) => {
  expectRefusal(await host.program.run(...host.resolve(line).split(" ")), refusal);
  expectNothingChanged();
});

test("without privileges a namespace of others cannot be opened", async () => {
  await expectNotPermitted(pathOf(host.sandbox), enter(host.namespace));
});

test("without privileges a namespace that can be opened cannot be entered", async () => {
  const path = join(host.directory, "plain");
  // As `ip netns add` does, in a mount namespace that is gone with the command.
  const script = `mount --bind ${pathOf(host.sandbox)} ${path} && exec "$@"`;
  const mounted = ["unshare", "--mount", "sh", "-c", script, "-"];
  await expectNotPermitted(path, [...mounted, ...enter(host.namespace)]);
});

async function expectNotPermitted(path: string, behind: readonly string[]): Promise<void> {
  const state = ["--state-dir", host.program.stateDirectory, "--format", "json"];
  const args = ["attach", "lan", "--netns", path, ...state];
  expectRefusal(await landfall(args, [...behind, ...withoutPrivileges]), {
    exitCode: 4,
    code: "LF-NOT-PERMITTED",
    names: [path],
    remedy: "sudo",
    command: `nsenter --net=${path} ip link show`,
  });
  expectNothingChanged();
}

test("without privileges the state of others cannot be used", async () => {
  const directory = join(host.directory, "locked");
  mkdirSync(directory, { mode: 0o500 });
  const args = ["net", "ls", "--state-dir", directory, "--format", "json"];
  expectRefusal(await landfall(args, withoutPrivileges), {
    exitCode: 4,
    code: "LF-STATE-UNUSABLE",
    names: [directory],
    remedy: "--state-dir",
    command: `ls -l ${join(directory, "landfall.db")}`,
  });
  expect(readdirSync(directory)).toEqual([]);
});
