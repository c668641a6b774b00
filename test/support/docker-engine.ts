import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerHost, openDockerHost, runToEnd } from "./docker/host.ts";
import { IDLE, writeBusyboxTar } from "./docker/image.ts";
import type { Lan, Ran } from "./lan.ts";

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

/** Settings of daemon.json that give the engine its own bridge too, with its packet filter. */
export const ownBridge = { bridge: "docker0", iptables: true } as const;

const SOCKET = "docker.sock";

/** Starts an engine; `settings` are those of daemon.json, and replace ours. */
export async function openDockerEngine(
  kind: EngineKind,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<DockerEngine> {
  await using stack = new AsyncDisposableStack();
  const root = await findEngine(kind);
  const host = stack.use(await openDockerHost(root));
  const daemon = new EngineProcess(host, root);
  stack.defer(() => daemon.end());
  daemon.configure(settings);
  await daemon.start();
  const engine = engineOn(kind, host, daemon);
  writeBusyboxTar(join(host.directory, "run"));
  await engine.docker("import", "--change", IDLE, "/run/busybox.tar", "busybox");
  const open = stack.move();
  return { ...engine, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

function engineOn(kind: EngineKind, host: DockerHost, daemon: EngineProcess) {
  const run = (...args: readonly string[]): Promise<Ran> => daemon.run("docker", ...args);
  return {
    kind,
    lan: host.lan,
    enter: host.enter,
    inside: (...command: readonly string[]) => runToEnd([...host.enter, ...command]),
    run,
    docker: async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await run(...args);
      if (status !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}\n${daemon.log()}`);
      return stdout.trim();
    },
    api: (path: string, init?: RequestInit) => ask(join(host.directory, "run", SOCKET), path, init),
    pluginSocket: (name: string) => join(host.directory, "run/docker/plugins", `${name}.sock`),
    startEngine: () => daemon.start(),
    stopEngine: () => daemon.signal("TERM"),
    killEngine: () => daemon.signal("KILL"),
    log: () => daemon.log(),
  };
}

/** The folder with the engine's programs; says what is missing where there is none. */
async function findEngine(kind: EngineKind): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error("tests with a Docker engine need root");
  if (kind === "debian") {
    if (existsSync("/usr/sbin/dockerd")) return "/";
    throw new Error("no Docker engine on this machine; Debian: apt install docker.io iptables");
  }
  const script = join(import.meta.dirname, "../../scripts/next-engine.sh");
  const { status, stdout, stderr } = await runToEnd(["bash", script]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function ask(socket: string, path: string, init: RequestInit = {}): Promise<EngineAnswer> {
  const response = await fetch(`http://docker${path}`, { ...init, unix: socket });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/**
 * What is executed in a container of an engine that is only in a chroot would be on the machine's
 * file system: setns(2) goes to the root of the mount namespace.
 */
const rootOfItsOwn = [
  ...["unshare", "--mount", "--propagation=unchanged", "sh", "-euc"],
  'cd "$0"; mkdir -p tmp/outside; pivot_root . tmp/outside; exec "$@"',
];

/** How long an engine may take until it answers; it takes less than a second. */
const START_PATIENCE_MS = 30_000;

/** dockerd, with all that it keeps below the host's own /run. */
class EngineProcess {
  readonly #host: DockerHost;
  readonly #behind: readonly string[];
  readonly #rooted: readonly string[];
  #dockerd: Bun.Subprocess | undefined;

  constructor(host: DockerHost, root: string) {
    this.#host = host;
    this.#behind = [...host.enter, ...(root === "/" ? [] : ["chroot", root])];
    this.#rooted = [...host.enter, ...(root === "/" ? [] : [...rootOfItsOwn, root])];
  }

  configure(settings: Readonly<Record<string, unknown>>): void {
    const ours = {
      hosts: [`unix:///run/${SOCKET}`],
      pidfile: "/run/docker.pid",
      "data-root": "/run/docker-data",
      "cgroup-parent": `/${this.#host.cgroup}`,
      bridge: "none",
      iptables: false,
      dns: ["10.0.0.1"],
    };
    writeFileSync(this.#path("daemon.json"), JSON.stringify({ ...ours, ...settings }));
  }

  /** Runs one of the engine's programs, with nothing of the machine's or the user's settings. */
  run(...command: readonly string[]): Promise<Ran> {
    return runToEnd([...this.#behind, ...command], environment);
  }

  async start(): Promise<void> {
    const log = openSync(this.#path("dockerd.log"), "a");
    const dockerd = Bun.spawn([...this.#rooted, "dockerd", "--config-file=/run/daemon.json"], {
      env: environment,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#dockerd = dockerd;
    const deadline = Date.now() + START_PATIENCE_MS;
    for (;;) {
      const answer = await ask(this.#path(SOCKET), "/_ping").catch(() => undefined);
      if (answer?.status === 200) return;
      const state = this.#isAlive() ? "does not answer" : "ended";
      if (state === "ended" || Date.now() > deadline) {
        throw new Error(`the Docker engine ${state}:\n${this.log()}`);
      }
      await Bun.sleep(20);
    }
  }

  async signal(signal: "TERM" | "KILL"): Promise<void> {
    const pid = readFileSync(this.#path("docker.pid"), "utf8").trim();
    await runToEnd([...this.#host.enter, "sh", "-c", `kill -s ${signal} ${pid}`]);
    await this.#dockerd?.exited;
    await this.#containerdGone();
  }

  /** It dies a moment after its engine, and an engine that finds it dying waits for it in vain. */
  async #containerdGone(): Promise<void> {
    const file = this.#path("docker/containerd/containerd.pid");
    if (!existsSync(file)) return;
    const ended = ["tail", `--pid=${readFileSync(file, "utf8").trim()}`, "--sleep-interval=0.01"];
    await runToEnd([...this.#host.enter, "timeout", "5", ...ended, "-f", "/dev/null"]);
  }

  /** Ends it without a word. Killed together with its host, it takes a second more to die. */
  async end(): Promise<void> {
    if (this.#isAlive() && existsSync(this.#path("docker.pid"))) await this.signal("KILL");
  }

  #isAlive(): boolean {
    return this.#dockerd?.exitCode === null && this.#dockerd.signalCode === null;
  }

  log(): string {
    const path = this.#path("dockerd.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  #path(name: string): string {
    return join(this.#host.directory, "run", name);
  }
}

const environment = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/run",
  DOCKER_HOST: `unix:///run/${SOCKET}`,
};
