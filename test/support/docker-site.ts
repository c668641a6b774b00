import { join } from "node:path";
import { type DockerEngine, type EngineKind, openDockerEngine } from "./docker-engine.ts";
import { type Ending, type Running, start, startScript } from "./program.ts";

/** A Docker engine, and Landfall's daemon on the same host as its network driver. */
export interface DockerSite extends AsyncDisposable {
  readonly engine: DockerEngine;
  /** Starts a daemon and waits until Docker can find it. */
  serve(): Promise<ServedDocker>;
  /** As `serve`; what Docker lost is collected after so long instead of a minute. */
  serveWithGrace(graceMs: number): Promise<ServedDocker>;
  /** Runs the program on the host, with JSON output. */
  landfall(...args: readonly string[]): Promise<Ending>;
  /** What the daemon's API answers to GET, such as `/v1/endpoints`; sooner than a command. */
  ask(path: string): Promise<unknown>;
  /** What `landfall … ls` shows under this key. */
  list(noun: "net" | "endpoint" | "lease", key: string): Promise<readonly Listed[]>;
}

/** A row of `landfall net ls`, `endpoint ls` or `lease ls`, as far as tests look into it. */
export interface Listed {
  readonly id?: string;
  readonly addresses?: readonly string[];
  readonly mac?: string;
  readonly address?: string;
  readonly origin?: string;
  readonly state?: string;
}

/** A daemon that serves Docker. */
export interface ServedDocker {
  /** Ends it, and waits until it has ended. */
  end(signal: "TERM" | "KILL"): Promise<Ending>;
}

const STATE = "/run/landfall-state";
const RUN = "/run/landfall";
const where = ["--state-dir", STATE, "--run-dir", RUN];
const PLUGIN = "/run/docker/plugins/landfall.sock";

export async function openDockerSite(
  kind: EngineKind,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<DockerSite> {
  const engine = await openDockerEngine(kind, settings);
  const api = join(engine.pluginSocket("landfall"), "../../../landfall/landfall.sock");
  const landfall = (...args: readonly string[]): Promise<Ending> =>
    start([...args, ...where, "--format", "json"], engine.enter).ended;
  const served = async ({ ended }: Running): Promise<ServedDocker> => {
    const pid = await answering(api, engine.pluginSocket("landfall"));
    return {
      end: async (signal) => {
        // It is process `pid` of the host's own process namespace.
        await engine.inside("sh", "-c", `kill -s ${signal} ${pid}`);
        return await ended;
      },
    };
  };
  return {
    engine,
    landfall,
    ask: async (path) => {
      const answer = await fetch(`http://landfall${path}`, { unix: api, keepalive: false });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      return await answer.json();
    },
    list: async (noun, key) => JSON.parse((await landfall(noun, "ls")).stdout)[key],
    serve: () => {
      const args = ["daemon", "--docker-socket", PLUGIN, "--interval", "2", ...where];
      return served(start(args, engine.enter));
    },
    serveWithGrace: (graceMs) => {
      const script = join(import.meta.dirname, "docker-daemon.ts");
      const words = [script, `${graceMs}`, PLUGIN, STATE, RUN];
      return served(startScript(words, engine.enter));
    },
    // The host takes all its processes with it.
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The daemon's process, when API and plugin answer. */
async function answering(api: string, plugin: string): Promise<number> {
  for (let look = 0; look < 1000; look++) {
    const hello = await ask("http://landfall/v1/daemon", { unix: api });
    const active = await ask("http://plugin/Plugin.Activate", { method: "POST", unix: plugin });
    if (active !== undefined && hello?.daemon !== undefined) return hello.daemon.pid;
    await Bun.sleep(10);
  }
  throw new Error("the daemon does not answer Docker");
}

interface Hello {
  readonly daemon?: { readonly pid: number };
}

async function ask(
  url: string,
  init: RequestInit & { readonly unix: string },
): Promise<Hello | undefined> {
  try {
    const answer = await fetch(url, init);
    return answer.ok ? ((await answer.json()) as Hello) : undefined;
  } catch {
    return undefined;
  }
}
