import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
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

/** A plugin as a runtime starts it, where no daemon runs; in the folder that tries to interfere. */
function plugin(path: string) {
  const env = { CNI_COMMAND: "VERSION", PATH: "/bin", LANDFALL_RUN_DIR: join(folder, "run") };
  const ran = spawnSync(path, [], { input: "{}", cwd: folder, encoding: "utf8", env });
  return { said: JSON.parse(ran.stdout), stderr: ran.stderr };
}

test("the program is a plugin by its name, and so are those that are built beside it", () => {
  const named = join(folder, "macvlan");
  symlinkSync(program, named);
  const own = plugin(named);
  expect([Object.keys(own.said).length > 0, own.stderr]).toEqual([true, ""]);
  for (const name of ["macvlan", "ipvlan", "vlan", "landfall", "host-local", "static"]) {
    const path = join(folder, "cni", name);
    expect(statSync(path).size).toBeLessThan(8 * 1024);
    expect(plugin(path).stderr).toBe("");
  }
  expect(plugin(join(folder, "cni/macvlan"))).toEqual(own);
});
