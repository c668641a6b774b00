import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CniMachine, DISK, IDLE } from "./cni-machine.ts";

/** Podman 4 with its CNI backend, on a machine. */
export interface Podman {
  podman(...args: readonly string[]): Promise<string>;
  /** Starts a container of busybox that idles, on a CNI network. */
  runContainer(name: string, ...options: readonly string[]): Promise<void>;
}

/** Puts podman's settings on the machine; it has no daemon. */
export function openPodman(machine: CniMachine): Podman {
  writeFileSync(join(machine.machine.disk, "containers.conf"), SETTINGS);
  const set = ["/run/bin/busybox", "env", `CONTAINERS_CONF=${DISK}/containers.conf`];
  const where = ["root", "runroot", "tmpdir"].map((name) => `--${name}=${DISK}/podman/${name}`);
  const podman = (...args: readonly string[]): Promise<string> =>
    machine.succeed(...set, "podman", ...where, "--storage-driver=vfs", ...args);
  return {
    podman,
    runContainer: async (name, ...options) => {
      const rootfs = await machine.rootfs(`podman-${name}`);
      const groups = ["--cgroups=no-conmon", `--cgroup-parent=/${machine.machine.cgroup}`];
      // The default limits are above what lacks CAP_SYS_RESOURCE may set.
      const limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
      const how = ["--detach", "--stop-timeout=1", `--name=${name}`, ...groups, ...limits];
      await podman("run", ...how, ...options, "--rootfs", rootfs, ...IDLE);
    },
  };
}

const SETTINGS = `[containers]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[network]
network_backend = "cni"
network_config_dir = "/etc/cni/net.d"
cni_plugin_dirs = ["/usr/lib/cni"]
`;
