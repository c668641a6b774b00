/**
 * The composition root of the command line: where it meets Linux, the store, the engine and the
 * lab. Nothing is decided here.
 */
import { dirname, join } from "node:path";
import process from "node:process";
import packageFile from "../package.json" with { type: "json" };
import { findDaemon } from "./api/index.ts";
import { ExitCode, ok, type Problem, type Result } from "./base/index.ts";
import {
  type CniPort,
  type DockerPort,
  type Host,
  type HostDirectories,
  type LabPort,
  runCli,
  type ServeRequest,
  type TextSink,
} from "./cli/index.ts";
import type { RunRequest } from "./cnirun/index.ts";
import type { DockerService } from "./daemon/index.ts";
import type { LocalEngine } from "./engine/index.ts";
import { pluginNames } from "./forward/index.ts";
import type { InstallRequest } from "./install/index.ts";
import { openLocalEngine, openMachine } from "./machine.ts";
import { descriptors, writerTo } from "./output.ts";
import { isTerminal, type Platform } from "./platform/index.ts";

/** 128 + the signal's number, as shells report it. */
const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

const interrupt = new AbortController();
let endedBy: keyof typeof signalExitCodes | undefined;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  // Once: who presses Ctrl-C a second time wants it to end without cleaning up.
  process.once(name, () => {
    endedBy = name;
    interrupt.abort();
  });
}

/** A daemon's host where there is one for this run directory; otherwise this process's own. */
async function openHost(directories: HostDirectories): Promise<Result<Host, Problem>> {
  const machine = openMachine();
  if (!machine.ok) return machine;
  using opening = new DisposableStack();
  const { platform, home } = opening.use(machine.value);
  const { stateDirectory, stateOrigin, runDirectory } = directories;
  const daemon = await findDaemon({
    runDirectory,
    ...(stateOrigin === "given" ? { stateDirectory } : {}),
    namespace: String(home.cookie),
  });
  if (!daemon.ok) return daemon;
  const owner =
    daemon.value === undefined
      ? openLocalEngine(machine.value, directories)
      : ok({ engine: daemon.value.engine, [Symbol.dispose]: () => undefined });
  if (!owner.ok) return owner;
  const { engine } = opening.use(owner.value);
  const open = opening.move();
  const openNamespace = platform.namespaces.open;
  const host = { engine, openNamespace, findContainer };
  return ok({ ...host, [Symbol.dispose]: () => open.dispose() });
}

/** Docker's words are loaded only by those who name a container. */
async function findContainer(container: string): Promise<Result<string, Problem>> {
  const docker = await import("./docker/index.ts");
  const socket = docker.engineSocket(process.env.DOCKER_HOST);
  return socket.ok ? await docker.findContainer(container, socket.value) : socket;
}

async function serve(request: ServeRequest): Promise<Result<void, Problem>> {
  const { directories, interval, docker, logFormat } = request;
  const machine = openMachine();
  if (!machine.ok) return machine;
  using opened = machine.value;
  const { stateDirectory } = directories;
  const local = openLocalEngine(opened, { stateDirectory, life: "many calls" });
  if (!local.ok) return local;
  using owned = local.value;
  const { inheritedSockets, runDaemon } = await import("./daemon/index.ts");
  const { namedDataDir } = await import("./cni/index.ts");
  const { pluginRunner } = await import("./plugin-runner.ts");
  const inherited = inheritedSockets(process.env, process.pid).get("docker");
  const notifySocket = process.env.NOTIFY_SOCKET;
  const { notify } = opened.platform.process;
  const ground = { ...opened, engine: owned.engine };
  const served = await runDaemon({
    ...{ platform: opened.platform, hostNamespace: opened.home, engine: owned.engine, interval },
    stateDirectory,
    runDirectory: directories.runDirectory,
    version: packageFile.version,
    log: { format: logFormat, write: sinkOf(descriptors.stderr).write },
    ...(docker.kind === "none" ? {} : { docker: await dockerService(docker, inherited, ground) }),
    cni: { run: pluginRunner(() => Promise.resolve(ok(ground))), folderOf: namedDataDir },
    ...(notifySocket === undefined ? {} : { notify: (state) => notify(notifySocket, state) }),
    signal: interrupt.signal,
  });
  // A daemon is meant to be ended by a signal.
  if (served.ok) endedBy = undefined;
  return served;
}

async function dockerService(
  { kind, path }: Exclude<ServeRequest["docker"], { readonly kind: "none" }>,
  inherited: number | undefined,
  { platform, engine }: { readonly platform: Platform; readonly engine: LocalEngine },
): Promise<DockerService> {
  const { dockerCollector, dockerPlugin, engineApi } = await import("./docker/index.ts");
  const { clock, random } = platform;
  const { dockerListener } = await import("./daemon/index.ts");
  const plugin = { engine, handover: engine.handover, clock, random, listener: dockerListener() };
  const door = { socket: path, demand: kind, fetch: dockerPlugin(plugin).fetch };
  return {
    door: inherited === undefined ? door : { ...door, inherited },
    collector: dockerCollector({ handover: engine.handover, clock, api: engineApi() }),
  };
}

function sinkOf(descriptor: number): TextSink {
  return { isTty: isTerminal(descriptor), write: writerTo(descriptor) };
}

/** Where the built program keeps its own files; from a checkout the launcher starts it. */
const EMBEDDED = "/$bunfs/";
// Not import.meta: Bun compiles what says that to no bytecode.
const isBuilt = Bun.main.startsWith(EMBEDDED);
/** The words that start this program. */
const program = isBuilt ? [process.execPath] : [process.execPath, Bun.main];

/** The first word of a lab in a user-mode kernel, which no person types. */
const GUEST = "lab-guest";
const guest = [...program, GUEST];

/** Only labs read scenarios, and what reads them takes longer to load than all the rest. */
const lab: LabPort = {
  run: async (files, wish) => (await import("./lab/index.ts")).runLab(files, { ...wish, guest }),
  demo: async (wish) => (await import("./lab/index.ts")).runDemo({ ...wish, guest }),
};

/** What starts this program. */
const ownPath = isBuilt ? process.execPath : join(dirname(Bun.main), "../landfall");

async function openInstaller() {
  const { openInstallPorts, ...installer } = await import("./install/index.ts");
  return { ...installer, ports: openInstallPorts(ownPath) };
}

const docker: DockerPort = {
  install: async (request: InstallRequest) => {
    const { installDocker, ports } = await openInstaller();
    return await installDocker(request, ports);
  },
  uninstall: async (request: InstallRequest) => {
    const { uninstallDocker, ports } = await openInstaller();
    return await uninstallDocker(request, ports);
  },
};

const cni: CniPort = {
  install: async (request) => {
    const { installCni, ...ports } = await openCniInstaller();
    return installCni(request, ports);
  },
  uninstall: async (request) => {
    const { uninstallCni, ...ports } = await openCniInstaller();
    return uninstallCni(request, ports);
  },
};

async function openCniInstaller() {
  const { installCni, pluginFiles: files, uninstallCni } = await import("./install/index.ts");
  return { installCni, uninstallCni, files, program: ownPath, known: pluginNames };
}

async function runCni(request: RunRequest) {
  const machine = openMachine();
  if (!machine.ok) return machine;
  using opened = machine.value;
  const { tryLock } = opened.platform.files;
  const { runRequest } = await import("./cnirun/index.ts");
  const surroundings = { tryLock, env: process.env, signal: interrupt.signal };
  return await runRequest(request, surroundings);
}

/** The lab of a user-mode kernel, which this program was started in. */
async function runAsGuest(task: string): Promise<number> {
  const { runGuest } = await import("./lab/index.ts");
  const { write } = sinkOf(descriptors.stdout);
  const done = await runGuest(task, { signal: interrupt.signal, write });
  if (done.ok) return ExitCode.yes;
  sinkOf(descriptors.stderr).write(`${done.error.code}: ${done.error.detail}\n`);
  return done.error.exitCode;
}

/** The program as people type it; the exit status. */
export async function runCommandLine(): Promise<number> {
  const [role, task] = process.argv.slice(2);
  try {
    if (role === GUEST && task !== undefined) return await runAsGuest(task);
    const exitCode = await runCli(process.argv.slice(2), {
      stdout: sinkOf(descriptors.stdout),
      stderr: sinkOf(descriptors.stderr),
      env: process.env,
      version: packageFile.version,
      openHost,
      serve,
      lab,
      docker,
      cni,
      runCni,
      signal: interrupt.signal,
    });
    return endedBy === undefined ? exitCode : signalExitCodes[endedBy];
  } catch (bug) {
    const words = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    sinkOf(descriptors.stderr).write(
      `This is a bug in Landfall ${packageFile.version}:\n${words}\n`,
    );
    return ExitCode.failed;
  }
}
