import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ending, landfall, problemOf, type Running, start } from "./support/program.ts";

const directory = mkdtempSync(join(tmpdir(), "landfall-cni-install-"));
const bin = join(directory, "bin");
const where = [
  ...["--bin-dir", bin, "--conf-dir", join(directory, "net.d")],
  ...["--state-dir", join(directory, "state"), "--run-dir", join(directory, "run")],
  ...["--format", "json"],
];
const running: Running[] = [];

beforeAll(() => {
  mkdirSync(bin);
  writeFileSync(join(bin, "macvlan"), "the reference's", { mode: 0o755 });
});
afterAll(() => {
  for (const each of running) each.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** A plugin as a runtime starts it. */
async function plugin(name: string, command: string): Promise<Ending> {
  const env = { PATH: process.env.PATH ?? "", CNI_COMMAND: command, CNI_CONTAINERID: "c1" };
  const stdin = Buffer.from('{"cniVersion":"1.0.0","name":"lan"}');
  const child = Bun.spawn([join(bin, name)], { env, stdin, stdout: "pipe", stderr: "pipe" });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { exitCode, stdout, stderr };
}

test("installed plugins answer, with the daemon and without, until they are uninstalled", async () => {
  const installed = await landfall(["cni", "install", "--replace", "macvlan", ...where]);
  expect([installed.exitCode, installed.stderr]).toEqual([0, ""]);
  const away = await plugin("macvlan", "DEL");
  expect(JSON.parse(away.stdout)).toBeObject();
  expect(away.stderr).toBe("");

  const daemon = start(["daemon", "--docker-socket", "none", ...where.slice(4)]);
  running.push(daemon);
  const socket = join(directory, "run/cni.sock");
  while (!existsSync(socket)) await Bun.sleep(50);
  const served = await plugin("landfall", "DEL");
  expect(JSON.parse(served.stdout)).toBeObject();
  // The program is not needed while the daemon is there.
  const { LANDFALL_BIN: _, ...env } = process.env;
  const alone = { ...env, CNI_COMMAND: "DEL", LANDFALL_BIN: "/nowhere" };
  const child = Bun.spawnSync([join(bin, "landfall")], { env: alone, stdin: Buffer.from("{}") });
  expect(child.stdout.toString()).not.toContain("is not where it was installed");
  daemon.kill("SIGTERM");
  const ended = await daemon.ended;
  expect([ended.exitCode, existsSync(socket)]).toEqual([0, false]);

  const removed = await landfall(["cni", "uninstall", ...where]);
  expect(removed.exitCode).toBe(0);
  expect(readFileSync(join(bin, "macvlan"), "utf8")).toBe("the reference's");
  expect(existsSync(join(bin, "landfall"))).toBe(false);
}, 60_000);

test("a file system that cannot be written is a refusal", async () => {
  const script = `mount --bind ${bin} ${bin} && mount -o remount,bind,ro ${bin} && exec "$@"`;
  const behind = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "-"];
  const ended = await landfall(["cni", "install", ...where], behind);
  expect([ended.exitCode, problemOf(ended)?.code]).toEqual([4, "LF-CNI-FILE"]);
  expect(existsSync(join(directory, "net.d/landfall.conflist.example"))).toBe(false);
}, 30_000);
