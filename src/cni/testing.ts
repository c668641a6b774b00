import { ok } from "../base/index.ts";
import type { PluginRun, RunPlugin } from "../cnirun/index.ts";
import { fakePlatform, type NetnsHandle } from "../platform/index.ts";
import type { Reply } from "./ports.ts";
import { runPlugin } from "./run-plugin.ts";
import { FakeAttachments } from "./testing-attachments.ts";
import { MemoryFiles } from "./testing-files.ts";

/** Helpers of this folder's tests; product code must not import them. */

/** A host in memory that runtimes start the plugins on. */
export class Site {
  readonly attachments = new FakeAttachments();
  readonly files = new MemoryFiles();
  /** What other plugins were started with, and what each says. */
  readonly runs: PluginRun[] = [];
  execute: RunPlugin = async () => ok({ status: 0, stdout: "{}", stderr: "" });

  readonly platform = (() => {
    const platform = fakePlatform({
      network: {
        addNamespace: () => {},
        removeNamespace: () => {},
        open: () => {
          throw new Error("the plugins open no sockets");
        },
      },
    });
    return { ...platform, files: Object.assign(this.files, platform.files, own(this.files)) };
  })();
  readonly #home = must(this.platform.namespaces.home());
  readonly pod: NetnsHandle = must(this.platform.namespaces.create());

  get netns(): string {
    return `/proc/self/fd/${this.pod.fd}`;
  }

  get ownNetns(): string {
    return `/proc/self/fd/${this.#home.fd}`;
  }

  /** One execution of a plugin; `env` replaces variables, undefined takes one away. */
  run(
    plugin: string,
    command: string,
    config: object | string,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Reply> {
    const variables = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: "pod1",
      CNI_NETNS: this.netns,
      CNI_IFNAME: "eth0",
      CNI_PATH: "/opt/cni/bin",
      ...env,
    };
    const known = Object.entries(variables).filter(([, value]) => value !== undefined);
    const text = typeof config === "string" ? config : JSON.stringify(config);
    const ports = {
      platform: this.platform,
      hostNamespace: this.#home,
      attachments: this.attachments,
      facts: this.attachments,
      execute: (run: PluginRun) => {
        this.runs.push(run);
        return this.execute(run);
      },
    };
    const invocation = {
      plugin,
      env: Object.fromEntries(known) as Record<string, string>,
      stdin: new TextEncoder().encode(text),
    };
    return runPlugin(async () => ok(ports), invocation, new AbortController().signal);
  }
}

/** The methods of the files in memory, which an object's own copy does not have. */
function own(files: MemoryFiles) {
  return {
    list: files.list.bind(files),
    readText: files.readText.bind(files),
    createText: files.createText.bind(files),
    writeText: files.writeText.bind(files),
    removeFile: files.removeFile.bind(files),
    makeDirectory: files.makeDirectory.bind(files),
    tryLock: files.tryLock.bind(files),
  };
}

function must<T>(result: { readonly ok: boolean; readonly value?: T }): T {
  if (result.value === undefined) throw new Error(JSON.stringify(result));
  return result.value;
}
