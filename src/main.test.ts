import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../package.json" with { type: "json" };

const main = join(import.meta.dirname, "main.ts");

function landfall(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the program says its version", () => {
  expect(landfall("--version")).toEqual({
    status: 0,
    stdout: `${packageFile.version}\n`,
    stderr: "",
  });
});

test("a wrong command line ends with 2", () => {
  expect(landfall("frobnicate").status).toBe(2);
});

test("a state directory that cannot be is a problem, in JSON for programs", () => {
  const { status, stdout } = landfall("net", "ls", "--format", "json", "--state-dir", "/dev/null");
  expect(status).toBe(4);
  expect(JSON.parse(stdout).problem.code).toBe("LF-STATE-UNUSABLE");
});

test("a slow reader of a small pipe that does not block gets all of it", () => {
  // F_SETPIPE_SZ and F_SETFL with O_NONBLOCK, on what will be the program's stdout.
  const perl = "fcntl(STDOUT, 1031, 4096); fcntl(STDOUT, 4, 2048); exec @ARGV";
  const script = `perl -e '${perl}' "$0" "$1" completion bash | { sleep 0.6; cat; }`;
  const options = { encoding: "utf8" } as const;
  const slow = spawnSync("sh", ["-c", script, process.execPath, main], options);
  expect(slow.stderr).toBe("");
  expect(slow.stdout.length).toBeGreaterThan(4096);
  expect(slow.stdout).toBe(landfall("completion", "bash").stdout);
});

test("a reader that goes away does not make it fail", () => {
  // `true` has ended long before the help is written; the exit status goes where it can be read.
  const script = '{ "$0" "$1" --help; echo $? >&2; } | true';
  const { stderr } = spawnSync("sh", ["-c", script, process.execPath, main], { encoding: "utf8" });
  expect(stderr).toBe("0\n");
});

test("a plugin waits for what comes slowly through a pipe that does not block", () => {
  // F_SETFL with O_NONBLOCK, on what will be the program's stdin.
  const perl = "fcntl(STDIN, 4, 2048); exec @ARGV";
  const script =
    `{ sleep 0.4; printf '{"name":"lan","cniVersion":'; sleep 0.2; printf '"7.8.9"}'; } | ` +
    `CNI_COMMAND=STATUS CNI_PATH=/ perl -e '${perl}' "$0" "$1" cni-plugin-alone macvlan`;
  const slow = spawnSync("sh", ["-c", script, process.execPath, main], { encoding: "utf8" });
  expect(slow.stderr).toBe("");
  expect(JSON.parse(slow.stdout).details).toContain("7.8.9");
});

test("a plugin does not ask the daemon that its shim asked already", async () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-main-"));
  let asked = 0;
  using _server = Bun.listen({
    unix: join(directory, "cni.sock"),
    socket: {
      open: (socket) => {
        asked += 1;
        socket.end();
      },
      data: () => {},
    },
  });
  for (const [word, times] of [
    ["cni-plugin-alone", 0],
    ["cni-plugin", 1],
  ] as const) {
    const plugin = Bun.spawn([process.execPath, main, word, "static"], {
      stdin: new Blob(['{"name":"lan","cniVersion":"1.1.0","ipam":{"type":"static"}}']),
      env: { ...process.env, CNI_COMMAND: "STATUS", CNI_PATH: "/", LANDFALL_RUN_DIR: directory },
      stdout: "ignore",
    });
    await plugin.exited;
    expect([word, asked]).toEqual([word, times]);
  }
  rmSync(directory, { recursive: true });
});
