import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../../../base/index.ts";
import {
  type CniNetworkName,
  type CniRunner,
  type ConfList,
  loadConfList,
  openCniRunner,
  pluginExecutor,
} from "../../../cnirun/index.ts";
import type { NetnsHandle } from "../../../platform/index.ts";
import { labCommandFailed } from "../../lab-problems.ts";

/** What a container runtime has on a host: configurations, results, and plugins to run. */
export interface RuntimeSite extends AsyncDisposable {
  /** Words that make the next command run with the files that plugins see. */
  readonly enter: readonly string[];
  /** Where plugins that are ours have their book. */
  readonly stateDirectory: string;
  writeConf(network: string, text: string): void;
  removeConf(network: string): void;
  loadConf(network: CniNetworkName): Result<ConfList, Problem>;
  /** Runs plugins in the host's namespace, which a reboot replaces. */
  runnerIn(netns: NetnsHandle, signal: AbortSignal): CniRunner;
}

/**
 * Plugins keep state in /var/lib and sockets in /run: what they write must not be the real
 * machine's, and where they would find its daemon is nobody.
 */
const MOUNTS = `set -e
mount -t tmpfs -o mode=755 tmpfs /var/lib
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /var/lib/cni /run/cni/net.d
echo ready
exec cat`;

/** Starts what holds the host's own /var/lib and /run; it ends with this process. */
export async function openRuntimeSite(
  host: string,
  pluginDirectories: readonly string[],
): Promise<Result<RuntimeSite, Problem>> {
  const command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTS];
  const holder = Bun.spawn(command, { stdio: ["pipe", "pipe", "pipe"] });
  const { value } = await holder.stdout.getReader().read();
  if (!new TextDecoder().decode(value).startsWith("ready")) {
    const output = await new Response(holder.stderr).text();
    const facts = { command: "mount -t tmpfs tmpfs /var/lib", node: host, output };
    return err(labCommandFailed({ ...facts, status: `status ${await holder.exited}` }));
  }
  const root = `/proc/${holder.pid}/root`;
  const confDirectory = join(root, "run/cni/net.d");
  const pathOf = (network: string): string => join(confDirectory, `10-${network}${CONF}`);
  const enter = ["nsenter", `--target=${holder.pid}`, "--mount"];
  return ok({
    enter: [...enter, "--"],
    stateDirectory: join(root, "var/lib/landfall"),
    writeConf: (network, text) => {
      mkdirSync(confDirectory, { recursive: true });
      const isList = "plugins" in parseLoosely(text);
      writeFileSync(`${pathOf(network)}${isList ? LIST : ""}`, text);
    },
    removeConf: (network) => {
      for (const end of ["", LIST]) rmSync(`${pathOf(network)}${end}`, { force: true });
    },
    loadConf: (network) => loadConfList(confDirectory, network),
    runnerIn: (netns, signal) =>
      openCniRunner({
        directories: pluginDirectories,
        cacheDirectory: join(root, "var/lib/cni"),
        env: withoutPlaces(process.env),
        run: pluginExecutor([...enter, `--net=/proc/${process.pid}/fd/${netns.fd}`, "--"]),
        signal,
      }),
    [Symbol.asyncDispose]: async () => {
      await holder.stdin.end();
      await holder.exited;
    },
  });
}

/** Where our own plugins would find the book and the daemon of the real machine. */
function withoutPlaces(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { LANDFALL_STATE_DIR: _state, LANDFALL_RUN_DIR: _run, ...rest } = env;
  return rest;
}

const CONF = ".conf";
const LIST = "list";

/** What is no JSON is for who loads it to tell. */
function parseLoosely(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
