import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Problem, Result } from "../base/index.ts";
import type { IfName } from "../domain/index.ts";
import { type ConfList, parseConfList } from "./conf-list.ts";
import { openCniRunner } from "./runner.ts";
import { answering, openStage, refusing, result, type Stage } from "./testing.ts";
import type { Attachment, ContainerId } from "./values.ts";

let stage: Stage;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage[Symbol.dispose]());

const web: Attachment = {
  containerId: "web" as ContainerId,
  ifname: "eth0" as IfName,
  netns: "/run/netns/web",
  args: [
    ["IgnoreUnknown", "1"],
    ["IP", "10.0.0.7"],
  ],
  capabilityArgs: { ips: ["10.0.0.7/24"], mac: "02:00:00:00:00:07" },
};

const first = { type: "first", capabilities: { ips: true, mac: false, other: true }, own: 1 };
const content = { cniVersion: "1.0.0", name: "pods", plugins: [first, { type: "second" }] };

function listOf(change: object = {}): ConfList {
  return must(parseConfList("/x.conflist", JSON.stringify({ ...content, ...change })));
}

function must<T>(outcome: Result<T, Problem>): T {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.value;
}

function problemOf(outcome: Result<unknown, Problem>): Problem {
  if (outcome.ok) throw new Error("it succeeded");
  return outcome.error;
}

const second = { ...result, dns: { nameservers: ["10.0.0.1"] } };

function twoPlugins(): void {
  stage.plugin("first", answering(result));
  stage.plugin("second", answering(second));
}

const FILE = "pods-web-eth0";

describe("ADD", () => {
  test("runs the plugins in order, and tells each what the specification says", async () => {
    twoPlugins();
    const added = must(await stage.runner.add(listOf(), web));
    expect(added).toMatchObject({ event: "added", network: "pods", result: second });
    expect(stage.calls()).toEqual(["first ADD", "second ADD"]);
    const [one, two] = stage.told();
    expect(one?.env).toMatchObject({
      CNI_CONTAINERID: "web",
      CNI_NETNS: "/run/netns/web",
      CNI_IFNAME: "eth0",
      CNI_ARGS: "IgnoreUnknown=1;IP=10.0.0.7",
      CNI_PATH: stage.site.directories.join(":"),
    });
    const named = { name: "pods", cniVersion: "1.0.0" };
    const runtimeConfig = { ips: ["10.0.0.7/24"] };
    expect(one?.stdin).toEqual({ ...first, ...named, runtimeConfig });
    expect(two?.stdin).toEqual({ type: "second", ...named, prevResult: result });
  });

  test("keeps the result as libcni does, for nobody else to read", async () => {
    twoPlugins();
    const list = listOf();
    must(await stage.runner.add(list, web));
    const path = join(stage.site.cacheDirectory, "results", FILE);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      kind: "cniCacheV1",
      containerId: "web",
      config: Buffer.from(list.text).toString("base64"),
      ifName: "eth0",
      networkName: "pods",
      netns: "/run/netns/web",
      cniArgs: web.args,
      capabilityArgs: web.capabilityArgs,
      result: second,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
    expect(stage.results()).toEqual([FILE]);
  });

  test("a failure is undone by DEL of all, also of those after one that cannot", async () => {
    stage.plugin("first", answering(result));
    stage.plugin("second", `printf '{"code": 7, "msg": "no", "details": "way"}'; exit 1`);
    const problem = problemOf(await stage.runner.add(listOf(), web));
    expect(problem).toMatchObject({
      code: "LF-CNI-RUN-PLUGIN",
      detail: "second refuses ADD with code 7: no; way",
      causes: [{ code: "LF-CNI-RUN-PLUGIN", facts: { command: "DEL" } }],
    });
    expect(stage.calls()).toEqual(["first ADD", "second ADD", "second DEL", "first DEL"]);
    expect(stage.told().at(-1)?.stdin).not.toContainKey("prevResult");
    expect(stage.results()).toEqual([]);
  });

  test("a result that cannot be kept is undone", async () => {
    twoPlugins();
    writeFileSync(stage.site.cacheDirectory, "");
    const problem = problemOf(await stage.runner.add(listOf(), web));
    expect(problem.code).toBe("LF-CNI-RUN-FILE");
    mkdirSync(join(stage.folder, "other"));
    const site = { ...stage.site, cacheDirectory: join(stage.folder, "other") };
    writeFileSync(join(stage.folder, "other/results"), "");
    expect(problemOf(await openCniRunner(site).add(listOf(), web)).code).toBe("LF-CNI-RUN-FILE");
  });

  test("a second one is refused before a plugin runs, and the first one stays", async () => {
    twoPlugins();
    must(await stage.runner.add(listOf(), web));
    const problem = problemOf(await stage.runner.add(listOf(), web));
    expect(problem.code).toBe("LF-CNI-RUN-ADDED");
    expect(problem.command).toBe("landfall cni run del pods --container-id web --ifname eth0");
    expect(stage.calls()).toEqual(["first ADD", "second ADD"]);
    const other = { ...web, ifname: "net1" as IfName };
    must(await stage.runner.add(listOf(), other));
    expect(stage.results()).toEqual([FILE, "pods-web-net1"]);
  });

  test.each([
    ["it has no output", "true", "it succeeded without a result"],
    ["it writes no JSON", "echo hello", "its result is no JSON"],
    ["its version has another shape", `echo '{"cniVersion": "0.2.0"}'`, "of version 0.2.0"],
    ["it says nothing", "exit 3", "it ended with 3"],
    ["it speaks on stderr", "echo lost >&2; exit 2", "it ended with 2 and said: lost"],
    ["it is killed", "kill -9 $$", "a signal ended it"],
  ])("a plugin is broken when %s", async (_, script, words) => {
    stage.plugin("first", `[ "$CNI_COMMAND" != ADD ] || { ${script}; }`);
    const list = listOf({ plugins: [first] });
    const problem = problemOf(await stage.runner.add(list, web));
    expect(problem.code).toBe("LF-CNI-RUN-ANSWER");
    expect(problem.detail).toContain(words);
    expect(problem.causes).toBeUndefined();
    expect(stage.calls()).toEqual(["first ADD", "first DEL"]);
  });

  test("a plugin that is missing is named with the folders", async () => {
    const problem = problemOf(await stage.runner.add(listOf({ plugins: [first] }), web));
    expect(problem.code).toBe("LF-CNI-RUN-PLUGIN-MISSING");
    for (const folder of stage.site.directories) expect(problem.detail).toContain(folder);
  });

  test("called off, the plugin is told to end, and what was begun is undone", async () => {
    const controller = new AbortController();
    stage[Symbol.dispose]();
    stage = openStage({ signal: controller.signal });
    stage.plugin("first", `[ "$CNI_COMMAND" != ADD ] || exec sleep 60`);
    const added = stage.runner.add(listOf({ plugins: [first] }), web);
    while (stage.calls().length === 0) await Bun.sleep(5);
    controller.abort();
    expect(problemOf(await added).detail).toContain("a signal ended it");
    expect(stage.calls()).toEqual(["first ADD", "first DEL"]);
  });

  test("a result without a version, or of one with the same shape, is of the list's", async () => {
    stage.plugin("first", answering({ ips: [] }));
    stage.plugin("second", answering({ cniVersion: "1.1.0", ips: [] }));
    const { result: made } = must(await stage.runner.add(listOf(), web));
    expect(stage.told()[1]?.stdin.prevResult).toEqual({ cniVersion: "1.0.0", ips: [] });
    expect(made).toEqual({ cniVersion: "1.0.0", ips: [] });
  });
});

describe("DEL", () => {
  test("runs in reverse with the kept result, and forgets it", async () => {
    twoPlugins();
    must(await stage.runner.add(listOf(), web));
    must(await stage.runner.del(listOf(), web));
    expect(stage.calls().slice(2)).toEqual(["second DEL", "first DEL"]);
    expect(
      stage
        .told()
        .slice(2)
        .map(({ stdin }) => stdin.prevResult),
    ).toEqual([second, second]);
    expect(stage.results()).toEqual([]);
    must(await stage.runner.del(listOf(), { ...web, netns: "" }));
    const last = stage.told().at(-1);
    expect(last?.stdin).not.toContainKey("prevResult");
    expect(last?.env.CNI_NETNS).toBe("");
  });

  test("ends at the first that fails, and keeps the result for the next time", async () => {
    stage.plugin("first", answering(result));
    stage.plugin("second", refusing("DEL", { code: 11, msg: "busy" }));
    must(await stage.runner.add(listOf(), web));
    const problem = problemOf(await stage.runner.del(listOf(), web));
    expect(problem.detail).toBe("second refuses DEL with code 11: busy");
    expect(stage.calls().slice(2)).toEqual(["second DEL"]);
    expect(stage.results()).toEqual([FILE]);
  });

  test("is by the configuration of the ADD, whatever it says by now", async () => {
    twoPlugins();
    must(await stage.runner.add(listOf(), web));
    must(await stage.runner.del(listOf({ plugins: [{ type: "third" }] }), web));
    expect(stage.calls().slice(2)).toEqual(["second DEL", "first DEL"]);
  });

  test("before 0.4.0 there is no prevResult", async () => {
    stage.plugin("first", answering({ ...result, cniVersion: "0.3.1" }));
    const list = listOf({ cniVersion: "0.3.1", plugins: [first] });
    must(await stage.runner.add(list, web));
    must(await stage.runner.del(list, web));
    expect(stage.told()[1]?.stdin).not.toContainKey("prevResult");
  });
});

describe("CHECK", () => {
  test("runs in order, each with the result of all", async () => {
    twoPlugins();
    must(await stage.runner.add(listOf(), web));
    must(await stage.runner.check(listOf(), web));
    expect(stage.calls().slice(2)).toEqual(["first CHECK", "second CHECK"]);
    expect(
      stage
        .told()
        .slice(2)
        .map(({ stdin }) => stdin.prevResult),
    ).toEqual([second, second]);
  });

  test("is not for 0.3.1, nor for what was never added", async () => {
    const old = problemOf(await stage.runner.check(listOf({ cniVersion: "0.3.1" }), web));
    expect(old.code).toBe("LF-CNI-RUN-VERSION");
    const unknown = problemOf(await stage.runner.check(listOf(), web));
    expect(unknown.code).toBe("LF-CNI-RUN-NOT-ADDED");
  });

  test.each([true, "True"])("is not made where disableCheck is %p", async (disableCheck) => {
    const checked = must(await stage.runner.check(listOf({ disableCheck }), web));
    expect(checked).toMatchObject({ skipped: "disableCheck is set" });
    expect(stage.calls()).toEqual([]);
  });
});

describe("GC", () => {
  const db = { ...web, containerId: "db" as ContainerId };
  const modern = { cniVersion: "1.1.0", plugins: [{ type: "first" }, { type: "second" }] };

  async function addBoth(list: ConfList): Promise<void> {
    twoPlugins();
    must(await stage.runner.add(list, web));
    must(await stage.runner.add(list, db));
  }

  test("takes away what is not to stay, and tells the plugins what is", async () => {
    const list = listOf(modern);
    await addBoth(list);
    const { removed } = must(
      await stage.runner.collect(list, { kind: "these", attachments: [web] }),
    );
    expect(removed).toEqual([{ containerId: db.containerId, ifname: db.ifname }]);
    const asked = ["second DEL", "first DEL", "first GC", "second GC"];
    expect(stage.calls().slice(4)).toEqual(asked);
    const { env, stdin } = stage.told().at(-1) ?? {};
    const valid = [{ containerID: "web", ifname: "eth0" }];
    expect(stdin?.["cni.dev/valid-attachments"]).toEqual(valid);
    expect(stdin?.["cni.dev/attachments"]).toEqual(valid);
    expect(env).toMatchObject({ CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" });
    expect(stage.results()).toEqual([FILE]);
  });

  test("without plugins that know it, the kept results are taken away all the same", async () => {
    await addBoth(listOf());
    const none = { kind: "these", attachments: [] } as const;
    const { removed, skipped } = must(await stage.runner.collect(listOf(), none));
    expect([removed.length, skipped]).toEqual([2, "version 1.0.0 has no GC"]);
    expect(stage.calls().filter((call) => call.endsWith("GC"))).toEqual([]);
    const off = must(await stage.runner.collect(listOf({ ...modern, disableGC: "true" }), none));
    expect(off.skipped).toBe("disableGC is set");
  });

  test("keeps what lives: namespaces that are there, and those never written down", async () => {
    const list = listOf(modern);
    await addBoth(list);
    const there = { ...web, containerId: "there" as ContainerId, netns: "/proc/self/ns/net" };
    must(await stage.runner.add(list, there));
    const file = { ...web, containerId: "file" as ContainerId, netns: "/etc/passwd" };
    must(await stage.runner.add(list, file));
    const path = join(stage.site.cacheDirectory, "results/pods-db-eth0");
    const { netns: _, ...older } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify(older));
    const { removed, kept } = must(await stage.runner.collect(list, { kind: "living" }));
    expect(removed.map(({ containerId }) => containerId as string)).toEqual(["file", "web"]);
    expect(kept.map(({ containerId }) => containerId as string)).toEqual(["db", "there"]);
  });

  test("leaves alone a network whose name begins alike", async () => {
    await addBoth(listOf({ name: "pods-web" }));
    const none = { kind: "these", attachments: [] } as const;
    expect(must(await stage.runner.collect(listOf(), none)).removed).toEqual([]);
    expect(stage.results()).toHaveLength(2);
  });

  test("goes on after a failure, and tells all of them", async () => {
    const list = listOf(modern);
    await addBoth(list);
    stage.plugin("first", refusing("GC", { code: 101, msg: "gc" }));
    stage.plugin("second", refusing("DEL", { code: 100, msg: "del" }));
    const none = { kind: "these", attachments: [] } as const;
    const problem = problemOf(await stage.runner.collect(list, none));
    expect([problem, ...(problem.causes ?? [])].map(({ facts }) => facts.code)).toEqual([
      100, 100, 101,
    ]);
    expect(stage.calls().slice(-2)).toEqual(["first GC", "second GC"]);
  });
});

describe("STATUS and VERSION", () => {
  test("STATUS ends at the first that is not ready, with its code", async () => {
    stage.plugin("first", answering(result));
    stage.plugin("second", refusing("STATUS", { code: 50, msg: "no daemon" }));
    const problem = problemOf(await stage.runner.status(listOf({ cniVersion: "1.1.0" })));
    expect(problem.detail).toBe("second refuses STATUS with code 50: no daemon");
    expect(stage.calls()).toEqual(["first STATUS", "second STATUS"]);
    expect(must(await stage.runner.status(listOf())).skipped).toContain("1.0.0");
  });

  test("VERSION compares with the configuration's", async () => {
    const knows = (...supportedVersions: readonly string[]): string =>
      `printf '%s' '${JSON.stringify({ cniVersion: "1.0.0", supportedVersions })}'`;
    stage.plugin("first", knows("0.4.0", "1.0.0"));
    stage.plugin("second", knows("0.4.0"));
    const problem = problemOf(await stage.runner.versions(listOf()));
    expect(problem.detail).toBe("pods: its version is 1.0.0, and second knows 0.4.0.");
    const told = must(await stage.runner.versions(listOf({ cniVersion: "0.4.0" })));
    expect(told.plugins.map(({ type }) => type)).toEqual(["first", "second"]);
    expect(stage.told()[0]?.env).toMatchObject({ CNI_NETNS: "dummy", CNI_IFNAME: "dummy" });
  });
});
