import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { IfName } from "../domain/index.ts";
import { openPlatform } from "../platform/index.ts";
import { loadConfList } from "./load-conf-list.ts";
import { type RunRequest, runRequest } from "./run-request.ts";
import { answering, openStage, result, type Stage } from "./testing.ts";
import type { CniNetworkName, ContainerId } from "./values.ts";

let stage: Stage;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage[Symbol.dispose]());

const pods = "pods" as CniNetworkName;
const name = { containerId: "web" as ContainerId, ifname: "eth0" as IfName };
const web = { ...name, netns: "/proc/self/ns/net", args: [], capabilityArgs: {} };

function listFile(type: string, called = "pods"): object {
  return { cniVersion: "1.0.0", name: called, plugins: [{ type }] };
}

describe("the configuration of a name", () => {
  const typesOf = (): readonly string[] | string => {
    const loaded = loadConfList(stage.confDirectory, pods);
    return loaded.ok ? loaded.value.plugins.map(({ type }) => type) : loaded.error.code;
  };

  test("is the first list of that name, then the first plugin's file", () => {
    stage.conf("00.conf", { cniVersion: "1.0.0", name: "pods", type: "single" });
    stage.conf("05.json", { cniVersion: "1.0.0", name: "pods", type: "json" });
    expect(typesOf()).toEqual(["single"]);
    stage.conf("20.conflist", listFile("later"));
    stage.conf("10.conflist", listFile("sooner"));
    stage.conf("01.conflist", listFile("other", "other"));
    stage.conf("00.txt", listFile("text"));
    expect(typesOf()).toEqual(["sooner"]);
  });

  test("is found behind a broken file, which is told where nothing is found", () => {
    stage.conf("00.conflist", "{");
    stage.conf("10.conflist", listFile("good"));
    expect(typesOf()).toEqual(["good"]);
    const missing = loadConfList(stage.confDirectory, "pod" as CniNetworkName);
    const problem = missing.ok ? undefined : missing.error;
    expect(problem?.code).toBe("LF-CNI-RUN-CONF-MISSING");
    expect(problem?.detail).toContain("there is pods");
    expect(problem?.remedy).toBe("Did you mean pods?");
    expect(problem?.causes?.map(({ detail }) => detail)).toEqual([
      expect.stringContaining("00.conflist: it is no JSON"),
    ]);
  });

  test("has the plugins of its folder, too, unless it says otherwise", () => {
    mkdirSync(join(stage.confDirectory, "pods"));
    stage.conf("pods/20.conf", { type: "third" });
    stage.conf("pods/10.conf", { type: "second" });
    stage.conf("pods/10.txt", { type: "none" });
    stage.conf("pods.conflist", listFile("first"));
    expect(typesOf()).toEqual(["first", "second", "third"]);
    stage.conf("pods.conflist", { ...listFile("first"), loadOnlyInlinedPlugins: true });
    expect(typesOf()).toEqual(["first"]);
    stage.conf("pods.conflist", { cniVersion: "1.1.0", name: "pods" });
    expect(typesOf()).toEqual(["second", "third"]);
    stage.conf("pods/30.conf", "[]");
    expect(typesOf()).toBe("LF-CNI-RUN-CONF");
    rmSync(join(stage.confDirectory, "pods"), { recursive: true });
    expect(typesOf()).toBe("LF-CNI-RUN-CONF");
  });

  test("is missing where the directory is", () => {
    const loaded = loadConfList(join(stage.folder, "nowhere"), pods);
    expect(loaded.ok ? "" : loaded.error.detail).toContain("there is none at all");
  });
});

describe("del", () => {
  const run = (request: object) => {
    const { confDirectory, site } = stage;
    const { directories: pluginDirectories, cacheDirectory, env, signal } = site;
    const places = { network: pods, confDirectory, pluginDirectories, cacheDirectory };
    const platform = openPlatform();
    if (!platform.ok) throw new Error(platform.error.call);
    const { tryLock } = platform.value.files;
    return runRequest({ ...places, ...request } as RunRequest, { env, signal, tryLock });
  };

  test("tells the plugins what the ADD was told, unless it is told otherwise", async () => {
    stage.plugin("bridge", answering(result));
    stage.conf("pods.conflist", listFile("bridge"));
    const args = [["IP", "10.0.0.7"]];
    expect((await run({ operation: "add", attachment: { ...web, args } })).ok).toBe(true);
    expect((await run({ operation: "del", attachment: name })).ok).toBe(true);
    const { env } = stage.told().at(-1) ?? {};
    expect(env).toMatchObject({ CNI_NETNS: "/proc/self/ns/net", CNI_ARGS: "IP=10.0.0.7" });
    expect((await run({ operation: "add", attachment: web })).ok).toBe(true);
    expect((await run({ operation: "del", attachment: { ...name, netns: "" } })).ok).toBe(true);
    expect(stage.told().at(-1)?.env.CNI_NETNS).toBe("");
    await run({ operation: "add", attachment: { ...web, netns: "/etc/passwd" } });
    expect((await run({ operation: "del", attachment: name })).ok).toBe(true);
    expect(stage.told().at(-1)?.env.CNI_NETNS).toBe("");
  });

  test("does without the configuration as long as there is the result", async () => {
    stage.plugin("bridge", answering(result));
    stage.conf("pods.conflist", listFile("bridge"));
    await run({ operation: "add", attachment: web });
    rmSync(join(stage.confDirectory, "pods.conflist"));
    expect((await run({ operation: "del", attachment: name })).ok).toBe(true);
    expect(stage.calls()).toEqual(["bridge ADD", "bridge DEL"]);
    const again = await run({ operation: "del", attachment: name });
    expect(again.ok ? "" : again.error.code).toBe("LF-CNI-RUN-CONF-MISSING");
  });
});
