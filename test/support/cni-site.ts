import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok } from "../../src/base/index.ts";
import { type Reply, runPlugin } from "../../src/cni/index.ts";
import { pluginExecutor } from "../../src/cnirun/index.ts";
import type { StoreSalt, StoreUuid } from "../../src/domain/index.ts";
import { type LocalEngine, openEngine } from "../../src/engine/index.ts";
import type { PluginRunner } from "../../src/forward/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import { memoryStore } from "../../src/store/index.ts";
import { pathOf } from "./lan.ts";

/** A host that runtimes start the plugins on: a namespace, an engine, and a folder for files. */
export interface CniSite extends Disposable {
  readonly engine: LocalEngine;
  /** `dataDir` for configurations. */
  readonly dataDir: string;
  /** What does the plugins' work, for whoever starts them as programs. */
  readonly runner: PluginRunner;
  /** One execution of a plugin for a pod; variables of `env` win. */
  run(
    plugin: string,
    command: string,
    config: object,
    env?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  /** Variables of a call about a pod's namespace. */
  pod(id: string, netns: NetnsHandle): Readonly<Record<string, string>>;
  /** The same host with an empty book. */
  forget(): void;
}

export function openCniSite(platform: Platform, host: NetnsHandle): CniSite {
  const dataDir = mkdtempSync(join(tmpdir(), "lf-cni-"));
  const openBook = (): LocalEngine => {
    const store = memoryStore({ uuid: "u" as StoreUuid, salt: "00" as StoreSalt });
    return openEngine({ platform, hostNamespace: host, store });
  };
  let engine = openBook();
  const runner: PluginRunner = (call, signal) => {
    const { attachments, facts } = engine;
    const execute = pluginExecutor();
    const ports = { platform, hostNamespace: host, attachments, facts, execute };
    return runPlugin(async () => ok(ports), call, signal);
  };
  return {
    get engine() {
      return engine;
    },
    dataDir,
    pod: (id, netns) => ({ CNI_CONTAINERID: id, CNI_NETNS: pathOf(netns), CNI_IFNAME: "eth0" }),
    forget: () => {
      engine = openBook();
    },
    runner,
    run: (plugin, command, config, env = {}) => {
      const invocation = {
        plugin,
        env: { CNI_COMMAND: command, CNI_PATH: "/nowhere", ...env },
        stdin: new TextEncoder().encode(JSON.stringify(config)),
      };
      return runner(invocation, new AbortController().signal);
    },
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }),
  };
}
