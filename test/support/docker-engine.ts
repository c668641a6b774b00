import { join } from "node:path";
import {
  type Dockerd,
  type DockerdSettings,
  findDockerd,
  openDockerd,
  openDockerMachine,
  type Ran,
  runToEnd,
} from "../../src/dockerd/index.ts";
import { type Lan, openLan, pathOf } from "./lan.ts";
import { must } from "./must.ts";

/**
 * Which engine: `debian` is that of the machine's own packages (20.10 in Debian 12), `next` that of
 * Debian's next release, from a folder that scripts/next-engine.sh makes.
 */
export type EngineKind = "debian" | "next";

export const engineKinds: readonly EngineKind[] = ["debian", "next"];

/** What an answer of the engine's API says. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A real Docker engine for one test, on a host of its own with the LAN of `openLan`, and with the
 * image `busybox`, whose containers idle until they are stopped.
 */
export interface DockerEngine extends AsyncDisposable {
  readonly kind: EngineKind;
  /** `lan.host` is the engine's host; containers on its parent p0 meet `lan.machine`. */
  readonly lan: Lan;
  /** Words that make the next command run on the host, where sandboxes have their paths. */
  readonly enter: readonly string[];
  /** Runs a command there. */
  inside(...command: readonly string[]): Promise<Ran>;
  /** Runs the engine's own `docker` command. */
  run(...args: readonly string[]): Promise<Ran>;
  /** As `run`; a failure fails the test. Returns what was printed. */
  docker(...args: readonly string[]): Promise<string>;
  /** Asks the engine's API, such as `/networks`. */
  api(path: string, init?: RequestInit): Promise<EngineAnswer>;
  /** Where, on the real machine, the socket of a plugin is found by the engine. */
  pluginSocket(name: string): string;
  startEngine(): Promise<void>;
  /** As a service manager does it. */
  stopEngine(): Promise<void>;
  /** As a crash: the engine alone dies, its containers live on. */
  killEngine(): Promise<void>;
  /** What the engine wrote to its log, all starts together. */
  log(): string;
}

/** Starts an engine; `settings` are those of daemon.json, and replace ours. */
export async function openDockerEngine(
  kind: EngineKind,
  settings: DockerdSettings = {},
): Promise<DockerEngine> {
  await using stack = new AsyncDisposableStack();
  const programs = must(findDockerd(await rootOf(kind)));
  const lan = stack.use(openLan());
  const machine = stack.use(must(await openDockerMachine()));
  const booted = stack.use(must(await machine.boot(pathOf(lan.host), programs)));
  const dockerd = openDockerd({
    ...{ machine, booted, programs },
    settings: { dns: ["10.0.0.1"], ...settings },
  });
  // Killed together with its host, it takes a second more to die.
  stack.defer(() => dockerd.end("KILL"));
  must(await dockerd.start());
  must(await dockerd.importImage());
  const open = stack.move();
  return {
    kind,
    lan,
    enter: booted.enter,
    inside: (...command) => runToEnd([...booted.enter, ...command]),
    run: dockerd.docker,
    docker: (...args) => succeed(dockerd, args),
    api: dockerd.ask,
    pluginSocket: (name) => join(booted.files, "run/docker/plugins", `${name}.sock`),
    startEngine: async () => must(await dockerd.start()),
    stopEngine: () => dockerd.end("TERM"),
    killEngine: () => dockerd.end("KILL"),
    log: dockerd.log,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function succeed(dockerd: Dockerd, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await dockerd.docker(...args);
  if (status !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}\n${dockerd.log()}`);
  return stdout.trim();
}

/** The folder with the engine's programs. */
export async function rootOf(kind: EngineKind): Promise<string> {
  if (kind === "debian") return "/";
  const script = join(import.meta.dirname, "../../scripts/next-engine.sh");
  const { status, stdout, stderr } = await runToEnd(["bash", script]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
