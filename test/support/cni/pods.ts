import type { Ran } from "../../../src/dockerd/index.ts";
import type { EngineKind } from "../docker-engine.ts";
import { type CniMachine, IDLE, openCniMachine } from "./cni-machine.ts";
import { type Containerd, startContainerd } from "./containerd.ts";
import { openCri } from "./cri.ts";
import { openPodman } from "./podman.ts";

/** A container runtime that has CNI plugins make the networks of its pods. */
export interface PodRuntime extends AsyncDisposable {
  readonly machine: CniMachine;
  /** Starts a pod whose network is that of the configuration. */
  start(name: string): Promise<Pod>;
}

/** A pod that runs. */
export interface Pod {
  /** Its network namespace, a path on the machine. */
  readonly netns: string;
  /** Runs one of this machine's programs in its network namespace. */
  inside(...command: readonly string[]): Promise<Ran>;
  /** Stops and removes it, as the runtime's users do. */
  remove(): Promise<void>;
}

/** What runs the plugins, and how. */
export type RuntimeKind = "ctr" | "cri 1.6" | "cri 2.1" | "podman";

export const runtimeKinds: readonly RuntimeKind[] = ["ctr", "cri 1.6", "cri 2.1", "podman"];

/** A configuration: the name inside, and the text of its file, of a list or of one plugin. */
export interface PodNetwork {
  readonly name: string;
  readonly text: string;
  readonly file: "conflist" | "conf";
}

/** Starts a runtime that finds the plugins of one folder only, and one configuration. */
export async function openPodRuntime(
  kind: RuntimeKind,
  plugins: string,
  network: PodNetwork,
): Promise<PodRuntime> {
  await using stack = new AsyncDisposableStack();
  const engine: EngineKind = kind === "cri 2.1" ? "next" : "debian";
  // Of a pod containerd 1 has the loopback plugin set up `lo`; nobody else brings one.
  const machine = stack.use(
    await openCniMachine(engine, plugins, kind === "cri 1.6" ? ["loopback"] : []),
  );
  const { file, text } = kind === "podman" ? asList(network) : network;
  machine.conf(`10-pods.${file}`, text);
  const start = await starterOf(kind, { machine, stack, network: network.name });
  const open = stack.move();
  return { machine, start, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Podman reads lists only. */
function asList({ name, text, file }: PodNetwork): PodNetwork {
  if (file === "conflist") return { name, text, file };
  const plugin: { readonly cniVersion: string } = JSON.parse(text);
  const list = { cniVersion: plugin.cniVersion, name, plugins: [plugin] };
  return { name, text: JSON.stringify(list), file: "conflist" };
}

type Starter = PodRuntime["start"];

interface Ground {
  readonly machine: CniMachine;
  readonly stack: AsyncDisposableStack;
  readonly network: string;
}

async function starterOf(kind: RuntimeKind, { machine, stack, network }: Ground): Promise<Starter> {
  if (kind === "podman") return podmanPods(machine, network);
  const containerd = await startContainerd(machine);
  return kind === "ctr" ? ctrPods(machine, containerd) : criPods(machine, containerd, stack);
}

function podIn(machine: CniMachine, netns: string, remove: Pod["remove"]): Pod {
  return { netns, inside: (...command) => machine.inNamespace(netns, ...command), remove };
}

/** An attached `ctr run --cni`; a detached one is never followed by a DEL. */
function ctrPods(machine: CniMachine, { address, ctr }: Containerd): Starter {
  return async (name) => {
    const rootfs = await machine.rootfs(name);
    const cgroup = `/${machine.machine.cgroup}/${name}`;
    const how = ["--rm", "--cni", "--cgroup", cgroup, "--rootfs", rootfs, name];
    const run = machine.start(name, "ctr", "-a", address, "run", ...how, ...IDLE);
    const pid = await taskPid(ctr, name, run);
    return podIn(machine, `/proc/${pid}/ns/net`, async () => {
      await ctr("task", "kill", name);
      await run.exited;
    });
  };
}

async function taskPid(ctr: Containerd["ctr"], name: string, run: Bun.Subprocess): Promise<string> {
  const row = new RegExp(`^${name}\\s+(\\d+)\\s+RUNNING`, "m");
  for (;;) {
    const pid = row.exec(await ctr("task", "ls"))?.[1];
    if (pid !== undefined) return pid;
    if (run.exitCode !== null) throw new Error(`ctr run ended with ${run.exitCode}`);
    await Bun.sleep(20);
  }
}

function criPods(
  machine: CniMachine,
  { socket }: Containerd,
  stack: AsyncDisposableStack,
): Starter {
  const cri = stack.use(openCri(socket));
  return async (name) => {
    const metadata = { name, uid: `uid-${name}`, namespace: "default", attempt: 0 };
    const config = { metadata, linux: { cgroup_parent: `/${machine.machine.cgroup}` } };
    const { pod_sandbox_id } = await cri.ask("RunPodSandbox", { config });
    const { info } = await cri.ask("PodSandboxStatus", { pod_sandbox_id, verbose: true });
    const { pid }: { readonly pid: number } = JSON.parse(info?.info ?? "{}");
    return podIn(machine, `/proc/${pid}/ns/net`, async () => {
      await cri.ask("StopPodSandbox", { pod_sandbox_id });
      // As kubelet, which asks until it hears of a success, and then once more to clean up.
      await cri.ask("StopPodSandbox", { pod_sandbox_id });
      await cri.ask("RemovePodSandbox", { pod_sandbox_id });
    });
  };
}

function podmanPods(machine: CniMachine, network: string): Starter {
  const { podman, runContainer } = openPodman(machine);
  return async (name) => {
    await runContainer(name, `--network=${network}`);
    const netns = await podman("inspect", name, "--format", "{{.NetworkSettings.SandboxKey}}");
    return podIn(machine, netns, async () => {
      await podman("rm", "--force", "--time=1", name);
    });
  };
}
