import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "../../base/index.ts";
import { pluginExecutor } from "../../cnirun/index.ts";
import type { NetworkCall } from "../spec/call.ts";
import { delegate } from "./delegate.ts";

let directory = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lf-delegate-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function plugin(name: string, script: string): void {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function call(text: string): NetworkCall {
  const config = { version: "1.1.0", name: "net", object: {}, text } as const;
  return { command: "STATUS", config, path: ["/nowhere", directory] };
}

const never = new AbortController().signal;
const ask = (type: string, text = "{}", env: Readonly<Record<string, string>> = {}) =>
  delegate({ execute: pluginExecutor(), call: call(text), env, type }, "DEL", never);

test("another plugin gets the configuration as it came, and the environment but for the command", async () => {
  plugin("echoing", 'cat; echo "$CNI_COMMAND $CNI_IFNAME $HOME|"');
  const env = { CNI_COMMAND: "ADD", CNI_IFNAME: "eth0", PATH: "/bin:/usr/bin" };
  const answer = await ask("echoing", '{"name": "net",  "x":1}', env);
  expect(answer).toEqual({ ok: true, value: '{"name": "net",  "x":1}DEL eth0 |\n' });
});

test("its error keeps code, message and details", async () => {
  plugin("refusing", `echo '{"code": 107, "msg": "no", "details": "at all"}'; exit 1`);
  expect(await ask("refusing")).toEqual({
    ok: false,
    error: { code: 107, msg: "no", details: "at all" },
  });
});

test("an error on stderr only is told in the reference's code", async () => {
  plugin("crying", "echo oh dear >&2; exit 3");
  plugin("silent", "exit 3");
  expect(await ask("crying")).toEqual({ ok: false, error: { code: 999, msg: "crying: oh dear" } });
  expect(await ask("silent")).toEqual({
    ok: false,
    error: { code: 999, msg: "IPAM plugin silent failed with status 3 and no error of its own" },
  });
});

test("a file that is no program says so", async () => {
  writeFileSync(join(directory, "text"), "no program");
  const answer = await ask("text");
  expect(answer).toMatchObject({ ok: false, error: { code: 999 } });
});

test("a plugin is looked for in the directories of CNI_PATH, and nowhere else", async () => {
  const missing = await ask("sh");
  expect(missing).toEqual({
    ok: false,
    error: { code: 7, msg: `failed to find plugin "sh" in path [/nowhere:${directory}]` },
  });
  expect(await ask("../bin/sh")).toMatchObject({ ok: false, error: { code: 7 } });
});

test("a plugin that is called off is ended", async () => {
  plugin("sleeping", "exec sleep 60");
  const calledOff = AbortSignal.timeout(50);
  const env = { PATH: "/bin:/usr/bin" };
  const delegation = { execute: pluginExecutor(), call: call("{}"), env, type: "sleeping" };
  expect(await delegate(delegation, "ADD", calledOff)).toMatchObject({ ok: false });
});

test("a plugin that does not end when it is told to is killed", async () => {
  const ready = join(directory, "ready");
  plugin("stubborn", `trap '' TERM; : > ${ready}; while :; do :; done`);
  const caller = new AbortController();
  const program = join(directory, "stubborn");
  const run = { program, env: {}, stdin: "", signal: caller.signal };
  const execution = pluginExecutor([], millis(50))(run);
  while (!existsSync(ready)) await Bun.sleep(5);
  caller.abort();
  expect(await execution).toMatchObject({ ok: true, value: { status: null } });
});
