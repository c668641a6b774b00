import { join } from "node:path";
import { type DockerEngine, type EngineKind, openDockerEngine } from "./docker-engine.ts";
import { type Ending, type Running, start } from "./program.ts";

/** A Docker engine, and Landfall's daemon on the same host as its network driver. */
export interface DockerSite extends AsyncDisposable {
  readonly engine: DockerEngine;
  /** Starts a daemon and waits until Docker can find it. */
  serve(): Promise<Running>;
  /** Runs the program on the host, with JSON output. */
  landfall(...args: readonly string[]): Promise<Ending>;
  /** What `landfall … ls` shows under this key. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into JSON
  list(noun: "net" | "endpoint" | "lease", key: string): Promise<any[]>;
}

const where = ["--state-dir", "/run/landfall-state", "--run-dir", "/run/landfall"];
const PLUGIN = "/run/docker/plugins/landfall.sock";

export async function openDockerSite(
  kind: EngineKind,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<DockerSite> {
  const engine = await openDockerEngine(kind, settings);
  const daemons: Running[] = [];
  const landfall = (...args: readonly string[]): Promise<Ending> =>
    start([...args, ...where, "--format", "json"], engine.enter).ended;
  return {
    engine,
    landfall,
    list: async (noun, key) => JSON.parse((await landfall(noun, "ls")).stdout)[key],
    serve: async () => {
      const args = ["daemon", "--docker-socket", PLUGIN, "--interval", "2", ...where];
      const daemon = start(args, engine.enter);
      daemons.push(daemon);
      await answering(engine.pluginSocket("landfall"), daemon);
      return daemon;
    },
    [Symbol.asyncDispose]: async () => {
      for (const daemon of daemons) daemon.kill("SIGKILL");
      await Promise.all(daemons.map(({ ended }) => ended));
      await engine[Symbol.asyncDispose]();
    },
  };
}

async function answering(socket: string, daemon: Running): Promise<void> {
  for (let look = 0; look < 1000; look++) {
    const asked = { method: "POST", unix: socket } as RequestInit;
    const answer = await fetch("http://plugin/Plugin.Activate", asked).catch(() => undefined);
    if (answer?.ok) return;
    await Bun.sleep(10);
  }
  daemon.kill("SIGTERM");
  throw new Error(`the daemon does not answer Docker: ${(await daemon.ended).stderr}`);
}

/** Where the files of a test on the host are, as the real machine sees them. */
export function stateOf({ engine }: DockerSite): string {
  return join(engine.pluginSocket("landfall"), "../../../landfall-state");
}
