/**
 * Docker's containers on VLANs and on ipvlan: a real engine in the user-mode kernel, which has both.
 * What the containers have is also shown by iproute2 and ping, run in the nodes of the labs.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { landfall } from "./support/program.ts";
import { scenarioFiles } from "./support/scenario-files.ts";
import { hasUml } from "./support/uml.ts";

const directory = mkdtempSync(join(tmpdir(), "landfall-docker-uml-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** What is true for other programs, too, before anything is changed. */
const witnesses: Readonly<Record<string, readonly (readonly [node: string, command: string])[]>> = {
  S23: [
    ["r1", "ping -c1 -W2 10.0.10.254"],
    ["r1", "ip -d link show dev eth0 | grep -q 'macvlan mode bridge'"],
    ["h1", "ip -d link show dev eth0.20 | grep -q 'id 20 '"],
  ],
  S24: [
    ["c1", "ip -d link show dev eth0 | grep -q 'macvlan mode vepa'"],
    ["two1", "ip -d link show dev eth0 | grep -q 'ipvlan *mode l2'"],
    ["a1", "ip -d link show dev eth0 | grep -q 'ipvlan *mode l3'"],
    ["a1", "ping -c1 -W2 10.4.0.11"],
    ["pc", "ping -c1 -W2 10.2.0.11"],
  ],
};

/** The scenario with its witnesses as its first checks. */
function withWitnesses(path: string): string {
  const text = readFileSync(path, "utf8");
  const [, id = ""] = /^id: (.*)$/m.exec(text) ?? [];
  const lines = (witnesses[id] ?? []).map(
    ([node, command]) => `  - do: run "${command}" on ${node}`,
  );
  const file = join(directory, basename(path));
  writeFileSync(file, text.replace("\nchecks:\n", `\nchecks:\n${lines.join("\n")}\n`));
  return file;
}

test.skipIf(!hasUml)(
  "S23 and S24 pass, each check of them",
  async () => {
    const files = scenarioFiles("uml-engine");
    expect(files.map((path) => basename(path).slice(0, 3))).toEqual(["S23", "S24"]);
    const ending = await landfall(["lab", "run", "--format", "json", ...files.map(withWitnesses)]);
    const { scenarios } = JSON.parse(ending.stdout);
    for (const { id, status, reason, kernel, checks } of scenarios) {
      const wrong = checks.filter(({ ok }: { ok: boolean }) => !ok);
      expect([id, status, reason, kernel, wrong]).toEqual([id, "pass", undefined, "uml", []]);
      expect(checks.length).toBeGreaterThan(12);
    }
    expect([scenarios.length, ending.exitCode]).toEqual([2, 0]);
  },
  600_000,
);
