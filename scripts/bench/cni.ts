/**
 * CNI: our plugins beside the reference's, each started as a runtime starts it: one process for one
 * call, on a parent and with files of its own. What starting any process takes is subtracted.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { type EngineKind, rootOf } from "../../test/support/docker-engine.ts";
import { inside, type Lan, openLan, pathOf } from "../../test/support/lan.ts";
import { type Outcome, type Row, sample, sideBySide, time } from "./harness.ts";
import { diskDirectory, enterNamespace, memoryDirectory, untilReady } from "./site.ts";

const root = join(import.meta.dirname, "../..");
const AT_ONCE = 100;
/** A daemon runs for long: by then its code is compiled, which takes it some fifty calls. */
const DAEMONS_WARM_UP = 60;
/** And some four hundred until the compiler is done with what a crowd needs. */
const CROWDS_WARM_UP = 4;

/** Plugins of one maker, and what they find in the environment. */
interface Plugins {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Their own link on the LAN, and their own files of addresses. */
  readonly parent: string;
  readonly dataDir: string;
  /** Of the configuration; absent: "bench". */
  readonly name?: string;
}

interface Container {
  readonly id: string;
  readonly netns: string;
}

type Command = "ADD" | "DEL";

/** A host with the plugins of both makers. */
class Bench implements AsyncDisposable {
  readonly lan: Lan;
  readonly ours: Plugins;
  readonly peer: Plugins;
  /** Of the daemon, where one runs. */
  readonly #daemon: Bun.Subprocess | undefined;
  readonly #end: () => Promise<void>;
  #containers = 0;
  #sandboxes: readonly string[] | undefined;

  constructor(parts: Pick<Bench, "lan" | "ours" | "peer">, daemon?: Bun.Subprocess) {
    this.lan = parts.lan;
    this.ours = parts.ours;
    this.peer = parts.peer;
    this.#daemon = daemon;
    this.#end = async () => {
      daemon?.kill();
      await daemon?.exited;
    };
  }

  container(netns = pathOf(this.lan.sandbox())): Container {
    this.#containers += 1;
    return { id: `c${this.#containers}`, netns };
  }

  /** In the same namespaces each time: thousands that nobody is in slow the kernel down. */
  #crowd(): readonly Container[] {
    this.#sandboxes ??= Array.from({ length: AT_ONCE }, () => pathOf(this.lan.sandbox()));
    return this.#sandboxes.map((netns) => this.container(netns));
  }

  words(plugins: Plugins): string[] {
    return [join(plugins.directory, "macvlan")];
  }

  settings(plugins: Plugins, command: Command, { id, netns }: Container) {
    const variables = {
      ...{ CNI_COMMAND: command, CNI_CONTAINERID: id, CNI_NETNS: netns, CNI_IFNAME: "eth0" },
      CNI_PATH: plugins.directory,
    };
    return { env: { PATH: process.env.PATH ?? "", ...plugins.env, ...variables } };
  }

  config({ parent, dataDir, name = "bench" }: Plugins): Buffer {
    const ipam = { type: "host-local", dataDir, ranges: [[{ subnet: "10.8.0.0/14" }]] };
    const network = { cniVersion: "1.0.0", name, type: "macvlan", master: parent, ipam };
    return Buffer.from(JSON.stringify(network));
  }

  /** One call, to its end. */
  call(plugins: Plugins, command: Command, container: Container): number {
    using _inside = enterNamespace(this.lan.host);
    const begin = performance.now();
    const { exitCode, stdout } = Bun.spawnSync(this.words(plugins), {
      ...this.settings(plugins, command, container),
      stdin: this.config(plugins),
      stderr: "inherit",
    });
    const spent = performance.now() - begin;
    if (exitCode !== 0) throw new Error(`${plugins.directory} ${command}: ${stdout}`);
    return spent;
  }

  /** ADD and DEL of a new container; the milliseconds of the one that is measured. */
  life(plugins: Plugins, measured: Command): number {
    const container = this.container();
    const spent = { ADD: this.call(plugins, "ADD", container), DEL: 0 };
    spent.DEL = this.call(plugins, "DEL", container);
    return spent[measured];
  }

  /** So many ADDs at once, until the last has ended; DELs after it do not count. */
  async crowd(plugins: Plugins): Promise<number> {
    const containers = this.#crowd();
    using _inside = enterNamespace(this.lan.host);
    const spent = await time(() =>
      Promise.all(
        containers.map(async (container) => {
          const child = Bun.spawn(this.words(plugins), {
            ...this.settings(plugins, "ADD", container),
            stdin: this.config(plugins),
            stdout: "pipe",
            stderr: "inherit",
          });
          const said = await child.stdout.text();
          if ((await child.exited) !== 0) throw new Error(`${plugins.directory} ADD: ${said}`);
        }),
      ),
    );
    for (const container of containers) this.call(plugins, "DEL", container);
    return spent;
  }

  /** The next call finds none, and the one that there is ends within a second. */
  forgetStandIn(): void {
    rmSync(join(this.ours.env.LANDFALL_STATE_DIR ?? "", "stand-in.sock"), { force: true });
  }

  /** Starting a process that does nothing. */
  idle(): number {
    using _inside = enterNamespace(this.lan.host);
    const begin = performance.now();
    Bun.spawnSync(["/bin/true"], { stdin: this.config(this.peer) });
    return performance.now() - begin;
  }

  /** Milliseconds of processor time for one ADD, the daemon's part included. */
  processorTime(plugins: Plugins): number {
    const container = this.container();
    using _inside = enterNamespace(this.lan.host);
    const before = this.#daemonTime();
    const { resourceUsage } = Bun.spawnSync(this.words(plugins), {
      ...this.settings(plugins, "ADD", container),
      stdin: this.config(plugins),
    });
    const spent = Number(resourceUsage.cpuTime.total) / 1000;
    const after = this.#daemonTime();
    this.call(plugins, "DEL", container);
    return spent + (plugins === this.ours ? after - before : 0);
  }

  /**
   * MiB that one ADD has at its peak, without the daemon's. To the kernel a process has had all
   * that its parent had, and the parent is busybox, not Bun. Busybox takes the kernel's kibibytes
   * for pages, and says four times as many.
   */
  peak(plugins: Plugins): number {
    const container = this.container();
    using _inside = enterNamespace(this.lan.host);
    const words = ["busybox", "time", "-v", ...this.words(plugins)];
    const { stderr } = Bun.spawnSync(words, {
      ...this.settings(plugins, "ADD", container),
      stdin: this.config(plugins),
      stderr: "pipe",
    });
    this.call(plugins, "DEL", container);
    const [, said] = /Maximum resident set size[^:]*: (\d+)/.exec(`${stderr}`) ?? [];
    return Number(said) / 4 / 1024;
  }

  #daemonTime(): number {
    if (this.#daemon === undefined) return 0;
    // proc_pid_schedstat: nanoseconds on a processor, of its main thread.
    const stat = readFileSync(`/proc/${this.#daemon.pid}/schedstat`, "utf8");
    return Number(stat.split(" ")[0]) / 1e6;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

interface Setting {
  /**
   * "idle": away, and so long without a call that nothing stands in for it. "alone": away, and
   * nothing may stand in for it.
   */
  readonly daemon: "running" | "away" | "idle" | "alone";
  /** Whose reference plugins: those of the machine's Debian, or of its next release. */
  readonly kind?: EngineKind;
  /** How many addresses are taken before. */
  readonly taken?: number;
  /** The reference's plugins, with as many taken, or ours in an empty pool. */
  readonly beside?: "reference" | "ours";
}

/** Files as host-local keeps them: each maker's plugins find as many. */
function fill(dataDir: string, count: number): void {
  const folder = join(dataDir, "bench");
  mkdirSync(folder, { recursive: true });
  for (let n = 2; n < count + 2; n++) {
    const address = `10.${8 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
    writeFileSync(join(folder, address), `taken-${n}\r\neth0`);
  }
}

function build(directory: string): void {
  const words = ["bash", join(root, "scripts/build.sh"), join(directory, "landfall")];
  const { exitCode, stderr } = Bun.spawnSync(words, { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

function startDaemon(directory: string, host: NetnsHandle): Bun.Subprocess {
  using _inside = enterNamespace(host);
  const options = ["--state-dir", directory, "--run-dir", directory];
  const words = [join(directory, "landfall"), "daemon", ...options];
  return Bun.spawn(words, { stdio: ["ignore", "ignore", "inherit"] });
}

async function within(
  { daemon, kind = "debian", taken = 0, beside = "reference" }: Setting,
  measure: (bench: Bench) => Promise<Outcome>,
): Promise<Outcome> {
  using lan = openLan();
  using directory = diskDirectory();
  using files = memoryDirectory();
  inside(lan.host, "ip", "link", "add", "q0", "type", "veth", "peer", "name", "q1");
  for (const name of ["q0", "q1"]) inside(lan.host, "ip", "link", "set", "dev", name, "up");
  build(directory.path);
  const where = {
    ...{ LANDFALL_RUN_DIR: directory.path, LANDFALL_STATE_DIR: directory.path },
    ...(daemon === "alone" ? { LANDFALL_STAND_IN: "no" } : {}),
  };
  const ours: Plugins = {
    directory: join(directory.path, "cni"),
    env: where,
    parent: "p0",
    dataDir: join(files.path, "ours"),
  };
  const elsewhere = { parent: "q0", dataDir: join(files.path, "peer") };
  const peer: Plugins =
    beside === "ours"
      ? { ...ours, ...elsewhere, name: "empty" }
      : { directory: join(await rootOf(kind), "usr/lib/cni"), env: {}, ...elsewhere };
  for (const { dataDir } of beside === "ours" ? [ours] : [ours, peer]) fill(dataDir, taken);
  const server = daemon === "running" ? startDaemon(directory.path, lan.host) : undefined;
  await using bench = new Bench({ lan, ours, peer }, server);
  if (server !== undefined) await untilReady(directory.path, lan.host);
  return await measure(bench);
}

interface LifeOptions {
  readonly rounds?: number;
  readonly inARow?: number;
}

const life = (setting: Setting, measured: Command, options: LifeOptions = {}) =>
  within(setting, (bench) =>
    sideBySide(
      () => {
        if (setting.daemon === "idle") bench.forgetStandIn();
        return bench.life(bench.ours, measured);
      },
      () => bench.life(bench.peer, measured),
      {
        ...options,
        ...(setting.daemon === "running" ? { warmUp: DAEMONS_WARM_UP } : {}),
        less: () => bench.idle(),
      },
    ),
  );

const crowd = (daemon: Setting["daemon"]) =>
  within({ daemon }, (bench) =>
    sideBySide(
      () => {
        if (daemon === "idle") bench.forgetStandIn();
        return bench.crowd(bench.ours);
      },
      () => bench.crowd(bench.peer),
      { rounds: 9, warmUp: daemon === "running" ? CROWDS_WARM_UP : 1 },
    ),
  );

/** What is used, in `unit`, by both makers' ADDs in turn. */
function used(
  setting: Setting,
  unit: Outcome["unit"],
  measure: (bench: Bench, plugins: Plugins) => number,
): Promise<Outcome> {
  return within(setting, async (bench) => {
    const ours: number[] = [];
    const peer: number[] = [];
    for (let round = 0; round < 30; round++) {
      ours.push(measure(bench, bench.ours));
      peer.push(measure(bench, bench.peer));
    }
    const both = { ours: sample(ours), peer: sample(peer) };
    return { unit, ...both, ratio: both.ours.p50 / both.peer.p50 };
  });
}

const atMost = (limit: number) => ({
  bar: `≤ ${limit} ×`,
  holds: ({ ratio = Number.POSITIVE_INFINITY }: Outcome) => ratio <= limit,
});

/** Of the slow ones as well. */
const atMostWithTail = (limit: number) => ({
  bar: `≤ ${limit} ×, also of p90`,
  holds: ({ ours, peer }: Outcome) =>
    peer !== undefined && ours.p50 <= limit * peer.p50 && ours.p90 <= limit * peer.p90,
});

export const cniRows: readonly Row[] = [
  ...(["debian", "next"] as const).flatMap((kind): readonly Row[] => [
    {
      name: `cni-add-${kind}`,
      what: `CNI ADD with the daemon, beside ${kind}'s Go plugins`,
      ...atMostWithTail(0.2),
      run: () => life({ daemon: "running", kind }, "ADD"),
    },
    {
      name: `cni-add-row-${kind}`,
      what: "the same, ten of each maker in a row",
      run: () => life({ daemon: "running", kind }, "ADD", { inARow: 10 }),
    },
    {
      name: `cni-add-away-${kind}`,
      what: `CNI ADD without the daemon, beside ${kind}'s Go plugins`,
      ...atMostWithTail(1.5),
      run: () => life({ daemon: "away", kind }, "ADD"),
    },
    {
      name: `cni-add-idle-${kind}`,
      what: `the first for a while, beside ${kind}'s Go plugins`,
      run: () => life({ daemon: "idle", kind }, "ADD"),
    },
    {
      name: `cni-del-${kind}`,
      what: `CNI DEL with the daemon, beside ${kind}'s Go plugins`,
      ...atMost(0.3),
      run: () => life({ daemon: "running", kind }, "DEL"),
    },
  ]),
  {
    name: "cni-crowd",
    what: `${AT_ONCE} CNI ADDs at once, beside the Go plugins`,
    ...atMost(0.3),
    run: () => crowd("running"),
  },
  {
    name: "cni-crowd-idle",
    what: "the same without the daemon, the first for a while",
    run: () => crowd("idle"),
  },
  {
    name: "cni-crowd-alone",
    what: "the same where nothing may stand in for it",
    run: () => crowd("alone"),
  },
  ...[20_000, 50_000].flatMap((taken): readonly Row[] => [
    {
      name: `cni-add-${taken}`,
      what: `CNI ADD with ${taken} addresses taken, beside Go's`,
      run: () => life({ daemon: "running", taken }, "ADD", { rounds: 20 }),
    },
    {
      name: `cni-full-${taken}`,
      what: `CNI ADD with ${taken} addresses taken, beside none`,
      ...atMost(1.2),
      run: () => life({ daemon: "running", taken, beside: "ours" }, "ADD"),
    },
  ]),
  {
    name: "cni-processor",
    what: "processor time of a CNI ADD, the daemon's included",
    run: () => used({ daemon: "running" }, "ms", (bench, side) => bench.processorTime(side)),
  },
  {
    name: "cni-memory",
    what: "peak memory of a CNI ADD, beside the Go plugins",
    run: () => used({ daemon: "running" }, "MiB", (bench, side) => bench.peak(side)),
  },
  {
    name: "cni-memory-alone",
    what: "the same without the daemon, where nothing may stand in for it",
    run: () => used({ daemon: "alone" }, "MiB", (bench, side) => bench.peak(side)),
  },
];
