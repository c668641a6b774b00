/** Docker: what its plugin socket answers in a container's life, and its own driver beside ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineKind } from "../../test/support/docker-engine.ts";
import { type DockerSite, openDockerSite } from "../../test/support/docker-site.ts";
import { type Lan, openLan, pathOf } from "../../test/support/lan.ts";
import { type Outcome, type Row, sideBySide, time } from "./harness.ts";
import { diskDirectory, untilReady } from "./site.ts";

const root = join(import.meta.dirname, "../..");
const MAIN = join(root, "src/main.ts");
/** Most of a container's start and end is not a network, and takes most of a second. */
const CONTAINERS = 20;
/** A daemon is measured that has served so many: the first ones find code not yet compiled. */
const STARTS = 200;

const ourSpace = '"AddressSpace": "LandfallLocal"';

/** A call of an engine, and its body. */
interface Call {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/** As it was written down: Go writes no body where it has nothing to say. */
interface RecordedCall {
  readonly method: string;
  readonly request: Call["request"] | null;
}

interface Recording {
  readonly steps: readonly {
    readonly command?: string;
    readonly calls?: readonly RecordedCall[];
  }[];
}

/** The calls of the recorded step whose command begins with `words`. */
function recorded(kind: EngineKind, words: string): readonly Call[] {
  const path = join(root, "test/fixtures/docker", kind, "container-life.json");
  // The stand-in that was recorded called its address space so.
  const text = readFileSync(path, "utf8").replaceAll('"AddressSpace": "landfall"', ourSpace);
  const { steps } = JSON.parse(text) as Recording;
  const step = steps.find(({ command }) => command?.startsWith(words) === true);
  if (step?.calls === undefined) throw new Error(`${path} has no ${words}`);
  return step.calls.map(({ method, request }) => ({ method, request: request ?? {} }));
}

/** Docker's side of a plugin's socket. */
interface Plugin extends AsyncDisposable {
  post(method: string, request: object): Promise<Said>;
}

/** An answer, and how long the handler took, as the plugin tells, in milliseconds. */
interface Said {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly handled: number;
}

/** A daemon of its own process on the LAN's host, with its book on the disk. */
async function openPlugin(lan: Lan): Promise<Plugin> {
  const directory = diskDirectory();
  const unix = join(directory.path, "plugin.sock");
  const where = ["--state-dir", directory.path, "--run-dir", directory.path];
  const behind = ["nsenter", `--net=${pathOf(lan.host)}`, "--", process.execPath, MAIN];
  const daemon = Bun.spawn([...behind, "daemon", "--docker-socket", unix, ...where], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await untilReady(directory.path, lan.host);
  return {
    post: async (method, request) => {
      const body = JSON.stringify(request);
      const response = await fetch(`http://plugin/${method}`, { method: "POST", body, unix });
      const answer = (await response.json()) as Said["answer"];
      if (answer.Err !== undefined) throw new Error(`${method}: ${answer.Err}`);
      const timing = response.headers.get("server-timing") ?? "";
      return { answer, handled: Number(timing.replace("handler;dur=", "")) };
    },
    [Symbol.asyncDispose]: async () => {
      daemon.kill();
      await daemon.exited;
      directory[Symbol.dispose]();
    },
  };
}

/** Milliseconds: of the handlers, and until everything was answered. */
interface Spent {
  readonly handled: number;
  readonly whole: number;
}

/** What was recorded, with the texts that differ from one container to the next. */
class Container {
  readonly #plugin: Plugin;
  readonly #changed = new Map<string, unknown>();

  constructor(plugin: Plugin, pool: string, sandbox: string) {
    this.#plugin = plugin;
    const id = crypto.randomUUID().replaceAll("-", "").repeat(2);
    const fixed = { PoolID: pool, EndpointID: id, SandboxKey: sandbox };
    for (const [key, value] of Object.entries(fixed)) this.#changed.set(key, value);
  }

  /** Sends these one after the other, as the engine does. */
  async send(calls: readonly Call[]): Promise<Spent> {
    let handled = 0;
    const whole = await time(async () => {
      for (const { method, request } of calls) {
        const said = await this.#plugin.post(method, this.#adapt(method, request));
        handled += said.handled;
        if (method === "IpamDriver.RequestAddress") this.#changed.set("Given", said.answer.Address);
      }
    });
    return { handled, whole };
  }

  #adapt(method: string, request: Call["request"]): object {
    const given = this.#changed.get("Given");
    const entries = Object.entries(request).map(([key, value]) => {
      if (key === "Interface") return [key, { ...(value as object), Address: given }];
      if (method === "IpamDriver.ReleaseAddress" && key === "Address") return [key, given];
      return [key, this.#changed.get(key) ?? value];
    });
    return Object.fromEntries(entries);
  }
}

/** The recorded network, and its pool's id. */
async function createNetwork(plugin: Plugin, calls: readonly Call[]): Promise<string> {
  let pool: unknown;
  for (const { method, request } of calls) {
    const { answer } = await plugin.post(
      method,
      "PoolID" in request ? { ...request, PoolID: pool } : request,
    );
    pool = answer.PoolID ?? pool;
  }
  return String(pool);
}

/** The handlers in one step of a container's life, beside what the engine waits for them. */
async function calls(kind: EngineKind, measured: "start" | "stop"): Promise<Outcome> {
  using lan = openLan();
  await using plugin = await openPlugin(lan);
  const pool = await createNetwork(plugin, recorded(kind, "docker network create"));
  const steps = { start: recorded(kind, "docker run"), stop: recorded(kind, "docker stop") };
  const sandbox = pathOf(lan.sandbox());
  let whole = 0;
  const ours = async (): Promise<number> => {
    const container = new Container(plugin, pool, sandbox);
    const start = await container.send(steps.start);
    const stop = await container.send(steps.stop);
    const spent = measured === "start" ? start : stop;
    whole = spent.whole;
    return spent.handled;
  };
  return await sideBySide(ours, () => whole, { rounds: STARTS, warmUp: STARTS });
}

/** Docker's commands on a network of ours and on one of its own driver, less `docker --version`. */
async function beside(
  round: (site: DockerSite, network: string) => Promise<void>,
  rounds?: number,
): Promise<Outcome> {
  await using site = await openDockerSite("debian");
  await site.serve();
  const { docker } = site.engine;
  const ours = ["--driver=landfall", "--ipam-driver=landfall", "--subnet=10.0.0.0/24"];
  const peer = ["--driver=macvlan", "--subnet=10.1.0.0/24"];
  await docker("network", "create", ...ours, "--opt=parent=p0", "ours");
  await docker("network", "create", ...peer, "--opt=parent=p0", "peer");
  await docker("run", "--detach", "--name=web", "--network=none", "busybox");
  // A container that was on no network at all can be connected to any.
  await docker("network", "disconnect", "none", "web");
  const options = rounds === undefined ? {} : { rounds };
  return await sideBySide(
    () => time(() => round(site, "ours")),
    () => time(() => round(site, "peer")),
    { ...options, less: () => time(() => docker("--version")) },
  );
}

async function connect({ engine }: DockerSite, network: string): Promise<void> {
  await engine.docker("network", "connect", network, "web");
  await engine.docker("network", "disconnect", network, "web");
}

async function run({ engine }: DockerSite, network: string): Promise<void> {
  await engine.docker("run", "--detach", "--name=next", `--network=${network}`, "busybox");
  await engine.docker("rm", "--force", "next");
}

const rowsOfCalls = (["debian", "next"] as const).flatMap((kind) =>
  (["start", "stop"] as const).map((step): Row => {
    const release = kind === "debian" ? "20.10" : "next";
    return {
      name: `docker-${step}-${kind}`,
      what: `handlers in one ${step}, Docker ${release} | with the socket`,
      bar: "2 ms",
      holds: ({ ours }) => ours.p50 <= 2,
      run: () => calls(kind, step),
    };
  }),
);

export const dockerRows: readonly Row[] = [
  ...rowsOfCalls,
  {
    name: "docker-connect",
    what: "docker network connect, disconnect | Docker's macvlan",
    run: () => beside(connect),
  },
  {
    name: "docker-run",
    what: "docker run, rm | Docker's macvlan",
    run: () => beside(run, CONTAINERS),
  },
];
