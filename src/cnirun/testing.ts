/** Plugins of bash that write down what they are told; for tests. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pluginExecutor } from "./execute-plugin.ts";
import type { JsonObject } from "./json.ts";
import { type CniRunner, openCniRunner } from "./runner.ts";
import type { RunnerSite } from "./site.ts";

/** What one run of a plugin was told. */
export interface Told {
  readonly plugin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: JsonObject;
}

/** Folders of a runtime, and what its plugins were told. */
export interface Stage extends Disposable {
  readonly site: RunnerSite;
  readonly runner: CniRunner;
  readonly folder: string;
  readonly confDirectory: string;
  /** Adds a plugin; `script` is what it does after it wrote down what it was told. */
  plugin(name: string, script: string): void;
  conf(file: string, content: object | string): void;
  told(): readonly Told[];
  /** "plugin COMMAND" of each run, in order. */
  calls(): readonly string[];
  /** The names of the kept results. */
  results(): readonly string[];
}

export const result = {
  cniVersion: "1.0.0",
  interfaces: [{ name: "eth0", mac: "02:00:00:00:00:07", sandbox: "/run/netns/web" }],
  ips: [{ address: "10.0.0.7/24", interface: 0 }],
};

/** Answers an ADD with `answer`, and nothing else. */
export function answering(answer: object): string {
  return `[ "$CNI_COMMAND" != ADD ] || printf '%s' '${JSON.stringify(answer)}'`;
}

/** Fails one command as the specification says. */
export function refusing(command: string, error: object): string {
  const told = `{ printf '%s' '${JSON.stringify(error)}'; exit 1; }`;
  return `[ "$CNI_COMMAND" != ${command} ] || ${told}\n${answering(result)}`;
}

export function openStage(change: Partial<RunnerSite> = {}): Stage {
  const folder = mkdtempSync(join(tmpdir(), "landfall-cni-"));
  const [bin, confDirectory, log] = ["bin", "net.d", "log"].map((name) => join(folder, name));
  for (const path of [bin, confDirectory, log]) mkdirSync(path ?? "");
  const site: RunnerSite = {
    directories: [join(folder, "elsewhere"), bin ?? ""],
    cacheDirectory: join(folder, "cache"),
    env: { PATH: process.env.PATH, STAGE_LOG: log },
    run: pluginExecutor(),
    signal: new AbortController().signal,
    ...change,
  };
  const told = (): readonly Told[] =>
    readNames(log ?? "").flatMap((name) => readTold(join(log ?? "", name)) ?? []);
  return {
    site,
    runner: openCniRunner(site),
    folder,
    confDirectory: confDirectory ?? "",
    plugin: (name, script) =>
      writeFileSync(join(bin ?? "", name), `${PROLOGUE}\n${script}\n`, { mode: 0o755 }),
    conf: (file, content) =>
      writeFileSync(
        join(confDirectory ?? "", file),
        typeof content === "string" ? content : JSON.stringify(content),
      ),
    told,
    calls: () => told().map(({ plugin, env }) => `${plugin} ${env.CNI_COMMAND}`),
    results: () => readNames(join(site.cacheDirectory, "results")),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Names sort by when they were written. Builtins alone: programs would take most of the time. */
const PROLOGUE = `#!/bin/bash
shopt -s nullglob
count=("$STAGE_LOG"/*)
IFS= read -r -d '' stdin
told=
for name in "\${!CNI_@}"; do told+="$name=\${!name}"$'\\n'; done
printf -v file '%s/%04d-%s' "$STAGE_LOG" "\${#count[@]}" "\${0##*/}"
printf '%s\\n%s' "$told" "$stdin" >"$file"`;

/** Undefined while it is being written. */
function readTold(path: string): Told | undefined {
  const text = readFileSync(path, "utf8");
  if (text === "") return undefined;
  const [head = "", ...body] = text.split("\n\n");
  const pairs = head.split("\n").map((line) => {
    const [key = "", ...value] = line.split("=");
    return [key, value.join("=")] as const;
  });
  return {
    plugin: basename(path).replace(/^\d+-/, ""),
    env: Object.fromEntries(pairs),
    stdin: JSON.parse(body.join("\n\n")),
  };
}

function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path).toSorted();
  } catch {
    return [];
  }
}
