import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ending, landfall, problemOf } from "./support/program.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-install-"));
  mkdirSync(join(directory, "bin"));
  mkdirSync(join(directory, "units"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/**
 * A systemctl that writes down what it is asked. Units are what `enabled` and `active` say, and a
 * start runs what answers as the plugin.
 */
function putSystemctl(plugin: string): void {
  const path = join(directory, "bin/systemctl");
  const script = `#!/bin/sh
echo "$@" >>${directory}/asked
case $1 in
  is-active) test -e /run/active ;;
  is-enabled) test -e /run/enabled ;;
  enable) touch /run/enabled ;;
  start) touch /run/active; ${process.execPath} ${directory}/plugin.ts >/dev/null 2>&1 & sleep 0.5 ;;
  stop) rm -f /run/active ;;
  disable) rm -f /run/enabled; test "$2" != --now || rm -f /run/active ;;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  const socket = "/run/docker/plugins/landfall.sock";
  writeFileSync(
    join(directory, "plugin.ts"),
    `require("node:fs").mkdirSync("/run/docker/plugins", { recursive: true });
Bun.serve({ unix: ${JSON.stringify(socket)}, fetch: () => Response.json(${plugin}) });
setTimeout(() => process.exit(), 5_000);`,
  );
}

/** On a machine of its own /run and units, which systemd seems to run. */
function onMachine(prepare: string, ...args: readonly string[]): Promise<Ending> {
  const script = `
    mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system
    mkdir -p /etc/systemd/system && mount --bind ${directory}/units /etc/systemd/system
    ${prepare}
    export PATH=${directory}/bin:$PATH
    "$@"; status=$?
    test -e /run/active && echo active >>${directory}/left
    test -e /run/enabled && echo enabled >>${directory}/left
    exit $status`;
  const behind = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "-"];
  const env = ["env", "-u", "LANDFALL_STATE_DIR"];
  return landfall([...args, "--format", "json"], [...behind, ...env]);
}

const read = (name: string): string => readFileSync(join(directory, name), "utf8");

test("installs a service of systemd that Docker can ask, and uninstalls it", async () => {
  putSystemctl('{ Implements: ["NetworkDriver", "IpamDriver"] }');
  const installed = await onMachine("", "docker", "install");
  expect([installed.exitCode, installed.stderr]).toEqual([0, ""]);
  expect(read("left")).toBe("active\nenabled\n");
  const asked = read("asked").split("\n");
  expect(asked.filter((line) => !line.startsWith("is-"))).toEqual([
    "daemon-reload",
    "enable landfall.socket landfall.service",
    "start landfall.socket landfall.service",
    "",
  ]);
  expect(read("units/landfall.service")).toMatch(/^ExecStart=\/.*\/landfall daemon$/m);
  const removed = await onMachine("touch /run/enabled /run/active", "docker", "uninstall");
  expect(removed.exitCode).toBe(0);
  expect(() => read("units/landfall.service")).toThrow("ENOENT");
  expect(read("asked")).toContain("disable --now landfall.socket landfall.service");
}, 30_000);

test("what is no driver is not left behind", async () => {
  putSystemctl("{ Implements: [] }");
  const ended = await onMachine("", "docker", "install");
  expect([ended.exitCode, problemOf(ended)?.code]).toEqual([5, "LF-INSTALL-SILENT"]);
  expect(() => read("left")).toThrow("ENOENT");
  expect(() => read("units/landfall.service")).toThrow("ENOENT");
}, 30_000);

test("units that cannot be written, and a machine without systemd, are refusals of their own", async () => {
  putSystemctl("{}");
  const readOnly = "mount -o remount,bind,ro /etc/systemd/system";
  expect(problemOf(await onMachine(readOnly, "docker", "install"))?.code).toBe("LF-INSTALL-FILE");
  const ended = await onMachine("rmdir /run/systemd/system", "docker", "install");
  expect([ended.exitCode, problemOf(ended)?.code]).toEqual([4, "LF-INSTALL-NO-SYSTEMD"]);
  expect(problemOf(ended)?.command).toMatch(/^setsid -f \/\S+\/landfall daemon /);
}, 30_000);

const run = (...command: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

test("systemd understands the units, and an image gets them enabled", async () => {
  const root = join(directory, "image");
  const behind = ["env", "-u", "LANDFALL_STATE_DIR"];
  const installed = await landfall(["docker", "install", "--root", root], behind);
  expect([installed.exitCode, installed.stderr]).toEqual([0, ""]);
  for (const unit of ["landfall.socket", "landfall.service"]) {
    const asked = run("systemctl", `--root=${root}`, "is-enabled", unit);
    expect(asked.stdout).toBe("enabled\n");
    const verified = run("systemd-analyze", "verify", join(root, "etc/systemd/system", unit));
    // Words about other units of the machine are not ours to judge.
    const ours = verified.stderr.split("\n").filter((line) => line.includes("landfall"));
    expect(ours).toEqual([]);
  }
  await landfall(["docker", "uninstall", "--root", root], behind);
  expect(run("find", root, "!", "-type", "d").stdout).toBe("");
}, 30_000);
