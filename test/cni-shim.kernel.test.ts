import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis, ok, seconds } from "../src/base/index.ts";
import { openCniDoor } from "../src/door/index.ts";
import {
  encodeFrame,
  lostReply,
  type PluginCall,
  type PluginReply,
  type PluginRunner,
} from "../src/forward/index.ts";
import { shimFor } from "../src/install/index.ts";
import { must } from "./support/must.ts";

const STAND_IN = join(import.meta.dirname, "support/stand-in.pl");

let directory = "";
let socket = "";
let calls: PluginCall[] = [];
let closing: (() => unknown)[] = [];

/** What the shim becomes: it says how it was started, and what it reads. */
const whole = `#!/bin/sh
echo "$*"
env | sort
cat
exit 1
`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-shim-"));
  socket = join(directory, "run/cni.sock");
  calls = [];
  closing = [];
  mkdirSync(join(directory, "run"));
  mkdirSync(join(directory, "bin"));
  putProgram("bin/macvlan", shim(join(directory, "whole")));
  putProgram("whole", whole);
});
afterEach(async () => {
  for (const close of closing) await close();
  rmSync(directory, { recursive: true });
});

function shim(program: string): Uint8Array {
  const runDirectory = join(directory, "run");
  return must(shimFor({ program, runDirectory, stateDirectory: join(directory, "state") }));
}

function putProgram(name: string, content: string | Uint8Array): void {
  writeFileSync(join(directory, name), content);
  chmodSync(join(directory, name), 0o755);
}

function serve(run: PluginRunner): void {
  const door = {
    run: (call: PluginCall, signal: AbortSignal) => {
      calls.push(call);
      return run(call, signal);
    },
    folderOf: () => undefined,
    peerOf: () => ok({ pid: 1, uid: 0 }),
    uid: 0,
    timing: { transfer: seconds(5), call: seconds(5), undo: millis(100) },
    listener: { bug: () => undefined, turnedAway: () => undefined },
  };
  const opened = must(openCniDoor(door, socket, new AbortController().signal));
  closing.push(() => opened.stop());
}

/** What is done to whoever connected, instead of a door: it counts requests that are whole. */
function serveRaw(onData: (line: Bun.Socket<undefined>, bytes: Uint8Array) => void): void {
  const server = Bun.listen<undefined>({ unix: socket, socket: { data: onData } });
  closing.push(() => server.stop(true));
}

const usual = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", PATH: process.env.PATH ?? "" };

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function plugin(
  stdin: string,
  env: Readonly<Record<string, string>> = usual,
  name = "macvlan",
): Promise<Ended> {
  const child = Bun.spawn([join(directory, "bin", name)], {
    ...{ env, stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe" },
  });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { exitCode, stdout, stderr };
}

test("a call goes to the daemon, and its answer comes out", async () => {
  serve(async () => ({ exitCode: 1, stdout: '{"code":7}\n', stderr: "words\n" }));
  const other = { HOME: "/root", CNI_IFNAME: "eth0", LANDFALL_X: "y" };
  const config = '{"name":"lan"}';
  const ended = await plugin(config, { ...usual, ...other });
  expect(ended).toEqual({ exitCode: 1, stdout: '{"code":7}\n', stderr: "words\n" });
  const own = { LANDFALL_HOME: expect.any(String), LANDFALL_MOUNTS: expect.any(String) };
  expect(
    calls.map(({ plugin: name, env, stdin }) => ({ name, env, stdin: String(stdin) })),
  ).toEqual([{ name: "macvlan", env: { ...usual, CNI_IFNAME: "eth0", ...own }, stdin: config }]);
});

test("without stdin, and with as much of it as a configuration never has", async () => {
  serve(async ({ stdin }) => ({ exitCode: 0, stdout: `${stdin.length} ${"x".repeat(3_000_000)}` }));
  expect((await plugin("")).stdout).toMatch(/^0 x{3000000}$/);
  const large = await plugin("y".repeat(3_000_000));
  expect(large.stdout.slice(0, 9)).toBe("3000000 x");
  const tooLarge = await plugin("y".repeat(5_000_000));
  expect(tooLarge.exitCode).toBe(1);
  expect(JSON.parse(tooLarge.stdout)).toMatchObject({ code: 5 });
  expect(calls).toHaveLength(2);
});

test("a hundred at once all get their own answer", async () => {
  serve(async ({ env }) => {
    await Bun.sleep(20);
    return { exitCode: 0, stdout: env.CNI_CONTAINERID ?? "" };
  });
  const ids = Array.from({ length: 100 }, (_, at) => `c${at}`);
  const ended = await Promise.all(ids.map((id) => plugin("{}", { ...usual, CNI_CONTAINERID: id })));
  expect(ended.map(({ stdout }) => stdout)).toEqual(ids);
  expect(calls).toHaveLength(100);
}, 20_000);

test("says which namespace it means by the path", async () => {
  serve(async () => ({ exitCode: 0, stdout: "" }));
  const path = "/proc/self/ns/net";
  const { ino } = statSync(path, { bigint: true });
  for (const CNI_NETNS of [path, "/nowhere", ""]) await plugin("{}", { ...usual, CNI_NETNS });
  const said = calls.map(({ env }) => env.LANDFALL_NETNS);
  expect(said).toEqual([String(ino), "0", "0"]);
  const own = calls.map(({ env }) => [env.LANDFALL_HOME, env.LANDFALL_MOUNTS]);
  const mounts = String(statSync("/proc/self/ns/mnt", { bigint: true }).ino);
  expect(own).toEqual(Array(3).fill([String(ino), mounts]));
});

test("a slow daemon is waited for", async () => {
  serve(async () => {
    await Bun.sleep(1500);
    return { exitCode: 0, stdout: "late" };
  });
  expect(await plugin("{}")).toMatchObject({ exitCode: 0, stdout: "late" });
});

/** How the whole program was started: its words, its environment, its stdin. */
const startedWhole = async (env: Readonly<Record<string, string>> = usual) => {
  const { exitCode, stdout } = await plugin('{"a":1}', env);
  expect(exitCode).toBe(1);
  return stdout.split("\n");
};

test("where no daemon is, it becomes the whole program", async () => {
  const bun = {
    BUN_OPTIONS: "--preload=/x",
    BUN_BE_BUN: "1",
    NODE_OPTIONS: "-r x",
    NODE_PATH: "/y",
  };
  const lines = await startedWhole({ ...usual, ...bun, HOME: "/home/a" });
  expect(lines[0]).toBe("cni-plugin-alone macvlan");
  expect(lines.at(-1)).toBe('{"a":1}');
  expect(lines.filter((line) => /^(?:BUN|NODE|LANDFALL|CNI|HOME)/.test(line))).toEqual([
    "BUN_ENABLE_CRASH_REPORTING=0",
    "BUN_JSC_useBaselineJIT=0",
    "CNI_COMMAND=ADD",
    "CNI_CONTAINERID=c1",
    "HOME=/home/a",
    `LANDFALL_RUN_DIR=${directory}/run`,
    `LANDFALL_STATE_DIR=${directory}/state`,
  ]);
});

test("a socket that nobody listens at, and a path that no socket can have, are no daemon", async () => {
  writeFileSync(socket, "");
  expect((await startedWhole())[0]).toBe("cni-plugin-alone macvlan");
  const long = { ...usual, LANDFALL_RUN_DIR: `/${"x".repeat(200)}` };
  expect(await startedWhole(long)).toContain(`LANDFALL_RUN_DIR=/${"x".repeat(200)}`);
});

test("the caller's variables come before what was installed", async () => {
  serve(async () => ({ exitCode: 0, stdout: "the daemon" }));
  const elsewhere = { ...usual, LANDFALL_RUN_DIR: "/nowhere", LANDFALL_BIN: join(directory, "b") };
  putProgram("b", "#!/bin/sh\necho another\nexit 1\n");
  expect(await startedWhole(elsewhere)).toEqual(["another", ""]);
  expect(calls).toEqual([]);
});

test("argv[0] stays what it was for a program that is no script", async () => {
  const source = join(directory, "name.c");
  writeFileSync(source, "#include <stdio.h>\nint main(int c, char **v) { puts(v[0]); return 1; }");
  expect(Bun.spawnSync(["gcc", "-o", join(directory, "whole"), source]).exitCode).toBe(0);
  expect((await startedWhole())[0]).toBe(join(directory, "bin/macvlan"));
});

test("a program beside it serves where none was installed, and none at all is code 11", async () => {
  putProgram("bin/macvlan", shim(join(directory, "missing")));
  const none = await plugin("{}");
  expect([none.exitCode, JSON.parse(none.stdout).code]).toEqual([1, 11]);
  putProgram("bin/landfall-full", "#!/bin/sh\necho beside\nexit 1\n");
  expect(await startedWhole()).toEqual(["beside", ""]);
});

test("without CNI_COMMAND it is the whole program's turn, and stdin is left to it", async () => {
  serve(async () => ({ exitCode: 0, stdout: "the daemon" }));
  expect((await startedWhole({ PATH: usual.PATH })).at(-1)).toBe('{"a":1}');
  expect(calls).toEqual([]);
});

test("who is declined does it himself", async () => {
  serveRaw((line) => {
    line.end(encodeFrame({ kind: "declined", reason: "another version" }));
  });
  expect((await startedWhole())[0]).toBe("cni-plugin-alone macvlan");
});

/** Somebody to stand in for the daemon, in a state directory that is there. */
function putStandIn(): void {
  mkdirSync(join(directory, "state"));
  putProgram("whole", `#!/bin/sh\nexec perl ${STAND_IN} "$@"\n`);
}
const standsIn = { ...usual, STAND_IN: "serves" };
const started = (): string[] => readFileSync(join(directory, "state/started"), "utf8").split("\n");

test("where no daemon is, a stand-in is started, with nothing of the caller's", async () => {
  putStandIn();
  const begin = performance.now();
  const ended = await plugin('{"a":1}', { ...standsIn, BUN_OPTIONS: "--preload=/x" });
  expect(ended).toEqual({ exitCode: 0, stdout: "by the stand-in", stderr: "" });
  // Whoever reads to the end of the plugin's output does not wait for the stand-in's end.
  expect(performance.now() - begin).toBeLessThan(4000);
  const nowhere = "/dev/null /dev/null /dev/null";
  const bun = "BUN_ENABLE_CRASH_REPORTING";
  expect(started()).toEqual([`cni-stand-in 3 / leads ${nowhere} ${bun}`, ""]);
});

test("of those who come at once one starts it, and it serves them all", async () => {
  putStandIn();
  const ended = await Promise.all(Array.from({ length: 30 }, () => plugin("{}", standsIn)));
  expect(ended.map(({ stdout }) => stdout)).toEqual(Array(30).fill("by the stand-in"));
  expect(started()).toHaveLength(2);
});

test("the daemon comes before a stand-in, and a socket that nobody listens at is none", async () => {
  putStandIn();
  writeFileSync(join(directory, "state/stand-in.sock"), "");
  expect((await plugin("{}", standsIn)).stdout).toBe("by the stand-in");
  serve(async () => ({ exitCode: 0, stdout: "by the daemon" }));
  expect((await plugin("{}", standsIn)).stdout).toBe("by the daemon");
});

test("where the stand-in ends before it listens, the call is done without one", async () => {
  putStandIn();
  const { stdout } = await plugin("{}", { ...usual, STAND_IN: "ends" });
  expect(stdout).toBe("alone cni-plugin-alone macvlan\n");
  expect(started()).toHaveLength(2);
});

test("a stand-in that takes too long to begin is not waited for", async () => {
  putStandIn();
  const { stdout } = await plugin("{}", { ...usual, STAND_IN: "sleeps" });
  expect(stdout).toBe("alone cni-plugin-alone macvlan\n");
}, 20_000);

test.each([
  ["who wants no stand-in", { LANDFALL_STAND_IN: "no" }],
  ["who asks for versions", { CNI_COMMAND: "VERSION" }],
])("%s gets none", async (_, more) => {
  putStandIn();
  const { stdout } = await plugin("{}", { ...standsIn, ...more });
  expect(stdout).toBe("alone cni-plugin-alone macvlan\n");
  expect(started).toThrow("ENOENT");
});

const answers = (reply: PluginReply): Uint8Array => encodeFrame({ kind: "answer", reply });
const answer = answers({ exitCode: 0, stdout: "{}" });
const later = Uint8Array.from(answer);
later[5] = 2;
const beyond = Uint8Array.from(answer);
beyond[19] = 200;

const lost: readonly (readonly [what: string, said: Uint8Array])[] = [
  ["nothing", new Uint8Array()],
  ["half an answer", answer.subarray(0, answer.length - 1)],
  ["half a header", answer.subarray(0, 7)],
  ["what is no frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["an answer of another version", later],
  ["lengths beyond the end", beyond],
];

test.each(lost)(
  "after %s and an end, nobody knows: code 11, and nothing runs twice",
  async (_, said) => {
    putProgram("whole", `#!/bin/sh\ntouch ${directory}/twice\n`);
    let requests = 0;
    serveRaw((line) => {
      requests += 1;
      line.end(said);
    });
    const { exitCode, stdout } = await plugin("{}");
    expect([exitCode, stdout]).toEqual([1, lostReply().stdout]);
    expect(JSON.parse(stdout)).toEqual({ code: 11, msg: expect.stringContaining("not known") });
    expect(requests).toBe(1);
    expect(() => readFileSync(join(directory, "twice"))).toThrow("ENOENT");
  },
);

test("a daemon that is killed at its work is code 11", async () => {
  putProgram("whole", `#!/bin/sh\ntouch ${directory}/twice\n`);
  const script = `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0);
    bind($s, pack_sockaddr_un($ARGV[0])); listen($s, 5); $| = 1; print "ready";
    accept(my $c, $s); sysread($c, my $got, 100000); kill 9, $$;`;
  const child = Bun.spawn(["perl", "-e", script, socket], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(JSON.parse((await plugin("{}")).stdout)).toMatchObject({ code: 11 });
  expect(() => readFileSync(join(directory, "twice"))).toThrow("ENOENT");
});

/** Ends without having read what was sent: while it waits to be accepted, or in the middle of it. */
const unread = [
  ["in the queue", "sleep 1"],
  ["in the middle", "accept(my $c, $s); sysread($c, my $got, 20); sleep 1"],
] as const;

test.each(unread)("a daemon that ended with the request %s did nothing", async (_, words) => {
  const script = `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0);
    bind($s, pack_sockaddr_un($ARGV[0])); listen($s, 5); $| = 1; print "ready"; ${words};
    kill 9, $$;`;
  const child = Bun.spawn(["perl", "-e", script, socket], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect((await startedWhole())[0]).toBe("cni-plugin-alone macvlan");
});
