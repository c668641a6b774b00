import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BootedMachine,
  type DockerMachine,
  findDockerd,
  openDockerMachine,
  type Ran,
  runToEnd,
  writeBusyboxTar,
} from "../../../src/dockerd/index.ts";
import { type EngineKind, rootOf } from "../docker-engine.ts";
import { type Lan, openLan, pathOf } from "../lan.ts";
import { must } from "../must.ts";

/** Debian's reference plugins (package containernetworking-plugins). */
export const REFERENCE_PLUGINS = "/usr/lib/cni";

/**
 * A host for container runtimes: the LAN of `openLan`, on whose host the runtime runs, and a folder
 * of plugins that is the only one it finds, wherever it looks.
 */
export interface CniMachine extends AsyncDisposable {
  readonly lan: Lan;
  readonly machine: DockerMachine;
  readonly booted: BootedMachine;
  /** Replaces the plugins that are found; their folder on the machine. */
  usePlugins(folder: string): string;
  /** Puts a configuration where runtimes look (/etc/cni/net.d). */
  conf(file: string, text: string): void;
  /** Runs a program of the runtime's own root, such as `ctr`. */
  run(...command: readonly string[]): Promise<Ran>;
  /** As `run`; a failure fails the test. Returns what was printed. */
  succeed(...command: readonly string[]): Promise<string>;
  /** Starts a program of the runtime's own root; its output goes to a log on the disk. */
  start(name: string, ...command: readonly string[]): Bun.Subprocess;
  /** Makes a root file system of busybox on the disk; its path on the machine. */
  rootfs(name: string): Promise<string>;
  /** The files in a directory of the machine's /var/lib, sorted; none where there is none. */
  stateFiles(path: string): readonly string[];
  /** Runs one of this machine's programs in a namespace of the machine: ip, ping. */
  inNamespace(netns: string, ...command: readonly string[]): Promise<Ran>;
}

const SHELL = "/run/bin/busybox";
/** Seen from the machine. */
export const DISK = "/run/disk";
/** What a container runs that is there until it is stopped. */
export const IDLE = ["/bin/sh", "-c", "trap exit TERM; sleep 1000000 & wait"] as const;

/**
 * Where runtimes look for plugins and configurations, and where they and host-local keep state. A
 * folder that a root lacks cannot be made in it, and nobody looks there.
 */
const MOUNTS = `set -eu
b=${SHELL}
d=${DISK}
$b mkdir -p $d/opt/cni/bin $d/net.d $d/var-lib $d/plugins
$b mount --bind $d/var-lib /var/lib
if [ -d /opt ]; then $b mount --bind $d/opt /opt; fi
if [ ! -d /etc/cni ]; then
  $b cp -a /etc $d/etc
  $b mkdir $d/etc/cni
  : >>$d/etc/hosts
  $b mount --bind $d/etc /etc
fi
$b mount -t tmpfs tmpfs /etc/cni
$b mkdir /etc/cni/net.d
$b mount --bind $d/net.d /etc/cni/net.d
for found in /opt/cni/bin /usr/lib/cni; do
  if [ -d $found ]; then $b mount --bind $d/plugins $found; fi
done`;

/** Boots a machine of that kind, with plugins; `more` are names to take of Debian's besides. */
export async function openCniMachine(
  kind: EngineKind,
  plugins: string,
  more: readonly string[] = [],
): Promise<CniMachine> {
  await using stack = new AsyncDisposableStack();
  const programs = must(findDockerd(await rootOf(kind)));
  const lan = stack.use(openLan());
  const machine = stack.use(must(await openDockerMachine()));
  const booted = stack.use(must(await machine.boot(pathOf(lan.host), programs)));
  const env = { PATH: programs.path, HOME: "/run", LC_ALL: "C.UTF-8" };
  const run = (...command: readonly string[]): Promise<Ran> =>
    runToEnd([...booted.enterEngine, ...command], { env });
  const succeed = async (...command: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...command);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr || stdout}`);
    return stdout.trim();
  };
  await succeed(SHELL, "sh", "-c", MOUNTS);
  const usePlugins = (from: string): string => {
    const folder = join(machine.disk, "plugins");
    // The folder itself is mounted elsewhere, too.
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    cpSync(from, folder, { recursive: true });
    for (const name of more) cpSync(join(REFERENCE_PLUGINS, name), join(folder, name));
    return join(DISK, "plugins");
  };
  usePlugins(plugins);
  const open = stack.move();
  return {
    lan,
    machine,
    booted,
    usePlugins,
    conf: (file, text) => writeFileSync(join(machine.disk, "net.d", file), text),
    run,
    succeed,
    start: (name, ...command) => {
      const log = Bun.file(join(machine.disk, `${name}.log`));
      return Bun.spawn([...booted.enterEngine, ...command], { env, stdout: log, stderr: log });
    },
    rootfs: async (name) => {
      const path = join(machine.disk, name);
      mkdirSync(path);
      const refused = await writeBusyboxTar(programs.busybox, path);
      if (refused !== undefined) throw new Error(refused);
      return join(DISK, name, "busybox");
    },
    stateFiles: (path) => {
      const found = join(machine.disk, "var-lib", path);
      return existsSync(found) ? readdirSync(found).toSorted() : [];
    },
    inNamespace: (netns, ...command) =>
      runToEnd([...booted.enter, "nsenter", `--net=${netns}`, "--", ...command]),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
