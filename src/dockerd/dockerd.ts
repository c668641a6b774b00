import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { IDLE, IMAGE, writeBusyboxTar } from "./image.ts";
import type { BootedMachine, DockerMachine } from "./machine.ts";
import { dockerdFailed } from "./problems.ts";
import type { DockerdPrograms } from "./programs.ts";
import { type Ran, runToEnd } from "./run-to-end.ts";

/** What is in daemon.json. */
export type DockerdSettings = Readonly<Record<string, unknown>>;

/** What an answer of the engine's API says. */
export interface DockerdAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** An engine on its machine: started, stopped, killed, and asked. */
export interface Dockerd {
  /** Starts it, and waits until it answers. Errors: LF-DOCKERD-FAILED, with the end of its log. */
  start(): Promise<Result<void, Problem>>;
  /** As a service manager does it (TERM), or as a crash (KILL): its containers live on then. */
  end(signal: "TERM" | "KILL"): Promise<void>;
  /** Runs the engine's own `docker` command. */
  docker(...args: readonly string[]): Promise<Ran>;
  /** Asks the engine's API, such as `/networks`. */
  ask(path: string, init?: RequestInit): Promise<DockerdAnswer>;
  /** Makes the image `busybox`, if it is not there; its containers idle until they are stopped. */
  importImage(): Promise<Result<void, Problem>>;
  /** What it wrote to its log, all starts together. */
  log(): string;
}

/** What an engine is made from. */
export interface DockerdOptions {
  readonly machine: DockerMachine;
  readonly booted: BootedMachine;
  readonly programs: DockerdPrograms;
  /** Replace ours, each by its key. */
  readonly settings: DockerdSettings;
  /** Ends what is waited for. */
  readonly signal?: AbortSignal;
}

/** Settings that give the engine bridges of its own, with its packet filter. */
export const ownBridge = { bridge: "docker0", iptables: true, "ip-forward": true } as const;

/** Seen from the engine, which has the disk where everybody on its machine has it. */
const DISK = "/run/disk";
const SOCKET = "docker.sock";
/** How long an engine may take until it answers; it takes less than a second. */
const START_PATIENCE_MS = 30_000;
const LOOK_MS = 20;
/** Of the log, when the engine ended. */
const TOLD_LINES = 12;

/** The engine of a machine that was started; it is not started yet. */
export function openDockerd(options: DockerdOptions): Dockerd {
  const { machine, booted, programs, settings, signal } = options;
  const onDisk = (name: string): string => join(machine.disk, name);
  const socket = join(booted.files, "run", SOCKET);
  const env = {
    PATH: programs.path,
    HOME: "/run",
    LC_ALL: "C.UTF-8",
    DOCKER_HOST: `unix:///run/${SOCKET}`,
  };
  const onEngine = (...command: readonly string[]): Promise<Ran> =>
    runToEnd([...booted.enterEngine, ...command], {
      env,
      ...(signal === undefined ? {} : { signal }),
    });
  const log = (): string => {
    const path = onDisk("dockerd.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const fail = (what: string): Result<never, Problem> =>
    err(dockerdFailed({ what, log: lastLines(log()) }));
  let dockerd: Bun.Subprocess | undefined;
  const isAlive = (): boolean => dockerd?.exitCode === null && dockerd.signalCode === null;
  return {
    start: async () => {
      const path = onDisk("daemon.json");
      writeFileSync(path, JSON.stringify({ ...settingsFor(machine), ...settings }));
      const output = openSync(onDisk("dockerd.log"), "a");
      const command = [...booted.enterEngine, "dockerd", `--config-file=${DISK}/daemon.json`];
      dockerd = Bun.spawn(command, { env, stdio: ["ignore", output, output] });
      closeSync(output);
      for (const deadline = Date.now() + START_PATIENCE_MS; ; await Bun.sleep(LOOK_MS)) {
        const answer = await ask(socket, "/_ping").catch(() => undefined);
        if (answer?.status === 200) return ok();
        if (signal?.aborted) return fail("The Docker engine was interrupted");
        if (!isAlive()) return fail("The Docker engine ended");
        if (Date.now() > deadline) return fail("The Docker engine does not answer");
      }
    },
    end: async (by) => {
      const pid = join(booted.files, "run/docker.pid");
      if (!isAlive() || !existsSync(pid)) return;
      const words = `kill -s ${by} ${readFileSync(pid, "utf8").trim()}`;
      await runToEnd([...booted.enter, "sh", "-c", words]);
      await dockerd?.exited;
      await containerdGone(booted);
    },
    docker: (...args) => onEngine("docker", ...args),
    ask: (path, init) => ask(socket, path, init),
    importImage: async () => {
      const isThere = async () => (await ask(socket, `/images/${IMAGE}/json`)).status === 200;
      if (await isThere()) return ok();
      const refused = await writeBusyboxTar(programs.busybox, machine.disk);
      if (refused !== undefined) return err(noImage(refused));
      const tar = onDisk("busybox.tar");
      const said = await importTar(socket, readFileSync(tar));
      for (const path of [onDisk(IMAGE), tar]) rmSync(path, { recursive: true });
      return (await isThere()) ? ok() : err(noImage(said));
    },
    log,
  };
}

/** As `docker import` does it, without starting that; what the engine said of it. */
async function importTar(socket: string, tar: Uint8Array): Promise<string> {
  const query = new URLSearchParams({ fromSrc: "-", repo: IMAGE, changes: IDLE });
  const init = { method: "POST", body: tar, unix: socket };
  // It tells of its progress, an object a line, and of an error in the last one.
  return await (await fetch(`http://docker/images/create?${query}`, init)).text();
}

/** It dies a moment after its engine, and an engine that finds it dying waits for it in vain. */
async function containerdGone({ files, enter }: BootedMachine): Promise<void> {
  const file = join(files, "run/docker/containerd/containerd.pid");
  if (!existsSync(file)) return;
  const ended = ["tail", `--pid=${readFileSync(file, "utf8").trim()}`, "--sleep-interval=0.01"];
  await runToEnd([...enter, "timeout", "5", ...ended, "-f", "/dev/null"]);
}

function noImage(words: string): Problem {
  return dockerdFailed({ what: "The image of the containers could not be made", log: words });
}

/** Nothing of the machine's is used; nothing of the network is changed that is not asked for. */
function settingsFor({ cgroup }: DockerMachine): DockerdSettings {
  return {
    hosts: [`unix:///run/${SOCKET}`],
    pidfile: "/run/docker.pid",
    "data-root": `${DISK}/data`,
    "cgroup-parent": `/${cgroup}`,
    bridge: "none",
    iptables: false,
    "ip-forward": false,
    // Of the machine's own name servers none can be reached.
    dns: ["127.0.0.1"],
  };
}

async function ask(socket: string, path: string, init: RequestInit = {}): Promise<DockerdAnswer> {
  const response = await fetch(`http://docker${path}`, { ...init, unix: socket });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

function lastLines(log: string): string {
  return log.trim().split("\n").slice(-TOLD_LINES).join("\n");
}
