import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lan, openLan, pathOf, type Ran } from "../lan.ts";

const INIT = join(import.meta.dirname, "host.sh");

/**
 * A machine for one Docker engine, in namespaces of its own: network (the host of a LAN), mounts
 * and processes. Everything on it ends with it, and it ends with the test.
 */
export interface DockerHost extends AsyncDisposable {
  readonly lan: Lan;
  /** Its directory on the real machine; `run` in it is its /run. */
  readonly directory: string;
  /** The cgroup below which its containers are. */
  readonly cgroup: string;
  /** Words that make the next command run on it, with the real machine's programs. */
  readonly enter: readonly string[];
}

/** `root` is where the engine's programs are: `/`, or a folder for chroot. */
export async function openDockerHost(root: string): Promise<DockerHost> {
  await using stack = new AsyncDisposableStack();
  const lan = stack.use(openLan());
  const directory = mkdtempSync(join(tmpdir(), `lf-docker-${process.pid}-`));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "run"));
  const cgroup = directory.slice(directory.lastIndexOf("/") + 1);
  stack.defer(() => removeCgroups(cgroup));
  const flags = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"];
  const init = Bun.spawn(
    ["nsenter", `--net=${pathOf(lan.host)}`, "unshare", ...flags, "bash", INIT, root, directory],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  stack.defer(async () => {
    await init.stdin.end();
    // The kernel lets process 1 go when all others of its namespace are gone.
    await init.exited;
  });
  const pid = await readyPid(init.stdout);
  if (pid === undefined) {
    throw new Error(`no host for an engine: ${await new Response(init.stderr).text()}`);
  }
  const open = stack.move();
  return {
    lan,
    directory,
    cgroup,
    enter: ["nsenter", `--target=${pid}`, "--net", "--mount", "--pid", "--"],
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Runs a command to its end, without blocking what else the test does meanwhile. */
export async function runToEnd(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Ran> {
  const child = Bun.spawn([...command], { env, stdio: ["ignore", "pipe", "pipe"] });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [status, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { status, stdout, stderr };
}

async function readyPid(stdout: ReadableStream<Uint8Array>): Promise<string | undefined> {
  let told = "";
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    told += decoder.decode(value);
    const ready = /^ready (\d+)\n/.exec(told);
    if (ready !== null || done) return ready?.[1];
  }
}

/** The kernel may hold a cgroup for some moments after its last process. */
const CGROUP_PATIENCE_MS = 5000;

async function removeCgroups(name: string): Promise<void> {
  const deadline = Date.now() + CGROUP_PATIENCE_MS;
  for (;;) {
    const left: string[] = [];
    for (const hierarchy of cgroupHierarchies()) left.push(...(await removeTree(hierarchy, name)));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`cgroups stay: ${left.join(" ")}`);
    await Bun.sleep(20);
  }
}

/** Where the machine's cgroups are mounted: one place with version 2, many with version 1. */
export function cgroupHierarchies(): readonly string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return mounts.flatMap((line) => {
    const [, , , , point] = line.split(" ");
    return / - cgroup2? /.test(line) && point !== undefined ? [point] : [];
  });
}

/** Removes a cgroup from the bottom up; returns what would not go. */
async function removeTree(parent: string, name: string): Promise<readonly string[]> {
  const path = join(parent, name);
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory());
  const left: string[] = [];
  for (const { name: child } of below) left.push(...(await removeTree(path, child)));
  try {
    rmdirSync(path);
    return left;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? left : [...left, path];
  }
}
