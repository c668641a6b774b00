import { err, ok, type Problem, type Result } from "../base/index.ts";
import bootScript from "./boot.sh" with { type: "text" };
import diskScript from "./disk.sh" with { type: "text" };
import { dockerdFailed } from "./problems.ts";
import type { DockerdPrograms } from "./programs.ts";

/** A machine for one Docker engine: a disk, on which it may be started again and again. */
export interface DockerMachine extends AsyncDisposable {
  /** The cgroup below which its containers are. */
  readonly cgroup: string;
  /** Its disk, seen from outside. On the machine it is /run/disk. */
  readonly disk: string;
  /** Starts it in the network namespace that this is a path of. */
  boot(netns: string, programs: DockerdPrograms): Promise<Result<BootedMachine, Problem>>;
}

/** A machine that runs. All its processes and mounts end with this. */
export interface BootedMachine extends AsyncDisposable {
  /** Words that make the next command run on it, with the real machine's files and programs. */
  readonly enter: readonly string[];
  /** Words that do the same, with the engine's own files and programs. */
  readonly enterEngine: readonly string[];
  /** Its files, seen from outside: a folder with /run and /proc as they are there. */
  readonly files: string;
}

/** First word of the script's only line. */
const READY = "ready";
const OWN_MOUNTS = ["--mount", "--propagation", "private"] as const;

/** Opens a machine that has not been started yet. */
export async function openDockerMachine(): Promise<Result<DockerMachine, Problem>> {
  const cgroup = `lf-docker-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const keeper = await start(["unshare", ...OWN_MOUNTS, "sh", "-c", diskScript, "disk", cgroup]);
  if (!keeper.ok) return keeper;
  const { pid, end } = keeper.value;
  return ok({
    cgroup,
    disk: `/proc/${pid}/root/run`,
    boot: (netns, programs) => boot(pid, netns, programs),
    [Symbol.asyncDispose]: end,
  });
}

async function boot(
  disk: number,
  netns: string,
  { root, path, busybox }: DockerdPrograms,
): Promise<Result<BootedMachine, Problem>> {
  const onDisk = ["nsenter", `--target=${disk}`, "--mount", `--net=${netns}`, "--"];
  const own = ["unshare", ...OWN_MOUNTS, "--pid", "--fork", "--kill-child"];
  const init = await start([
    ...onDisk,
    ...own,
    "bash",
    "-c",
    bootScript,
    "init",
    root,
    path,
    busybox,
  ]);
  if (!init.ok) return init;
  const { told, end } = init.value;
  const [outside, inside] = told.split(" ");
  const enter = ["nsenter", `--target=${outside}`, "--net", "--pid"];
  return ok({
    enter: [...enter, "--mount", "--"],
    enterEngine: [...enter, `--mount=/proc/${outside}/root/proc/${inside}/ns/mnt`, "--"],
    files: `/proc/${outside}/root`,
    [Symbol.asyncDispose]: end,
  });
}

interface Started {
  readonly pid: number;
  /** What stands behind "ready". */
  readonly told: string;
  /** Ends it, and waits until it has ended: the kernel lets it go after all that it holds. */
  end(): Promise<void>;
}

/** Starts a script that says when it is ready, and stays until its input ends. */
async function start(command: readonly string[]): Promise<Result<Started, Problem>> {
  const child = Bun.spawn([...command], { stdio: ["pipe", "pipe", "pipe"] });
  const told = await firstLine(child.stdout);
  const end = async (): Promise<void> => {
    await child.stdin.end();
    await child.exited;
  };
  if (told.startsWith(READY)) {
    return ok({ pid: child.pid, told: told.slice(READY.length).trim(), end });
  }
  await end();
  const log = (await new Response(child.stderr).text()).trim();
  return err(dockerdFailed({ what: "No machine for a Docker engine could be made", log }));
}

async function firstLine(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let told = "";
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    told += decoder.decode(value);
    if (done || told.includes("\n")) return told;
  }
}
