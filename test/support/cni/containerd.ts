import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CniMachine, DISK, IDLE } from "./cni-machine.ts";

/** A containerd on a machine; it ends with the machine. */
export interface Containerd {
  /** Its socket, seen from outside, and from the machine. */
  readonly socket: string;
  readonly address: string;
  /** Runs its client. */
  ctr(...args: readonly string[]): Promise<string>;
  log(): string;
}

const SOCKET = "/run/containerd/containerd.sock";
/** The name of the image of pods; there is no registry that it could come from. */
const PAUSE = "docker.io/library/pause:local";
const PATIENCE_MS = 60_000;

/** Starts containerd, and gives it the image that pods need. */
export async function startContainerd(machine: CniMachine): Promise<Containerd> {
  const version = await machine.succeed("containerd", "--version");
  const isFirst = / v?1\.\d+/.test(version);
  writeFileSync(join(machine.machine.disk, "containerd.toml"), isFirst ? FIRST : SECOND);
  const process = machine.start("containerd", "containerd", "-c", `${DISK}/containerd.toml`);
  const log = (): string => readFileSync(join(machine.machine.disk, "containerd.log"), "utf8");
  const ctr = (...args: readonly string[]): Promise<string> =>
    machine.succeed("ctr", "-a", SOCKET, ...args);
  const socket = join(machine.booted.files, SOCKET);
  for (const deadline = Date.now() + PATIENCE_MS; ; await Bun.sleep(20)) {
    const asked = existsSync(socket)
      ? await machine.run("ctr", "-a", SOCKET, "version")
      : undefined;
    if (asked?.status === 0) break;
    if (process.exitCode !== null || Date.now() > deadline) {
      throw new Error(`containerd does not answer:\n${log().slice(-3000)}`);
    }
  }
  // The transfer service of containerd 2 unpacks for its own snapshotter only.
  await importPause(machine, isFirst ? [] : ["--local"], ctr);
  return { socket, address: SOCKET, ctr, log };
}

/** An archive as `docker save` makes it, of one layer with busybox, whose process idles. */
async function importPause(
  machine: CniMachine,
  where: readonly string[],
  ctr: Containerd["ctr"],
): Promise<void> {
  await machine.rootfs("pause");
  const folder = join(machine.machine.disk, "pause");
  const layer = readFileSync(join(folder, "busybox.tar"));
  const digest = new Bun.CryptoHasher("sha256").update(layer).digest("hex");
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Cmd: IDLE },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: "config.json", RepoTags: [PAUSE], Layers: ["busybox.tar"] }];
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const names = ["manifest.json", "config.json", "busybox.tar"];
  const tar = ["/run/bin/busybox", "tar", "-C", `${DISK}/pause`, "-cf", `${DISK}/pause.tar`];
  await machine.succeed(...tar, ...names);
  const how = [...where, "--snapshotter", "native", `${DISK}/pause.tar`];
  await ctr("-n", "k8s.io", "images", "import", ...how);
}

const COMMON = `root = "${DISK}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = "${SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "${DISK}/containerd-opt"
`;

/** containerd 1: what lacks CAP_SYS_RESOURCE may not lower a process's oom_score_adj. */
const FIRST = `version = 2
${COMMON}
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "${PAUSE}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "/etc/cni/net.d"
`;

/** containerd 2 has the loopback plugin in itself. */
const SECOND = `version = 3
${COMMON}
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "/etc/cni/net.d"
use_internal_loopback = true
`;
