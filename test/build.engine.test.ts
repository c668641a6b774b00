import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "landfall-build-"));
const program = join(folder, "landfall");

beforeAll(() => {
  const built = spawnSync("bash", ["scripts/build.sh", program], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("the built program runs the demo, from a directory that tries to interfere", () => {
  const preload = join(folder, "evil.ts");
  writeFileSync(preload, 'console.log("preloaded");');
  writeFileSync(join(folder, "bunfig.toml"), `preload = ["${preload}"]\n`);
  const ran = spawnSync(program, ["demo", "--format", "json"], { cwd: folder, encoding: "utf8" });
  expect(ran.stderr).toBe("");
  expect(ran.status).toBe(0);
  const [scenario] = JSON.parse(ran.stdout).scenarios;
  expect(scenario.status).toBe("pass");
  expect(scenario.checks.length).toBeGreaterThan(30);
}, 30_000);

test("the built program is what a service would start", () => {
  const root = join(folder, "image");
  const env = { ...process.env, LANDFALL_STATE_DIR: "" };
  const ran = spawnSync(program, ["docker", "install", "--root", root], { encoding: "utf8", env });
  expect([ran.status, ran.stderr]).toEqual([0, ""]);
  const unit = readFileSync(join(root, "etc/systemd/system/landfall.service"), "utf8");
  expect(unit).toContain(`\nExecStart=${program} daemon\n`);
});

test("the built program knows its version and refuses an unknown command with status 2", () => {
  const version = spawnSync(program, ["--version"], { encoding: "utf8" });
  expect(version.stdout.trim()).toBe(
    JSON.parse(spawnSync("cat", ["package.json"], { encoding: "utf8" }).stdout).version,
  );
  expect(spawnSync(program, ["nonsense"]).status).toBe(2);
});
