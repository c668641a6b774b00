import type { Ip, Mac } from "../addr/index.ts";
import type { Millis } from "../base/index.ts";
import type { RunRequest } from "../cnirun/index.ts";
import type {
  EndpointId,
  IfName,
  NetworkName,
  NetworkSpec,
  WorkloadName,
} from "../domain/index.ts";
import type { LeaseSelector, NetworkChange } from "../engine/index.ts";
import type { CniInstallRequest, InstallEffect } from "../install/index.ts";
import type { Door, KernelChoice } from "../lab/index.ts";

/** Which scenarios to run, and how. */
export interface LabRun {
  readonly files: readonly string[];
  readonly kernel: KernelChoice;
  /** In place of what the files say. */
  readonly door?: Door;
  /** A folder with a Docker engine's programs; absent: the machine's own engine. */
  readonly dockerRoot?: string;
  /** A folder with CNI plugins; absent: the usual ones. */
  readonly cniPlugins?: string;
}

/** What the user asked for, with every value parsed; the grammar makes it, a handler does it. */
export type Command =
  | { readonly kind: "demo" }
  | ({ readonly kind: "lab-run" } & LabRun)
  | { readonly kind: "net-create"; readonly spec: NetworkSpec }
  | { readonly kind: "net-ls" }
  | { readonly kind: "net-inspect"; readonly name: NetworkName }
  | ({ readonly kind: "net-set" } & NetworkChange)
  | { readonly kind: "net-rm"; readonly name: NetworkName }
  | AttachCommand
  | { readonly kind: "detach"; readonly target: DetachTarget }
  | { readonly kind: "lease-ls" }
  | (LeaseSelector & { readonly kind: "lease-release" })
  | { readonly kind: "endpoint-ls" }
  | { readonly kind: "endpoint-inspect"; readonly id: EndpointId }
  | { readonly kind: "daemon"; readonly interval: Millis; readonly docker: DockerSocket }
  | DockerInstallCommand
  | CniInstallCommand
  | { readonly kind: "cni-run"; readonly request: RunRequest }
  | { readonly kind: "status" }
  | { readonly kind: "reconcile"; readonly effect: "all" | "none" };

export interface AttachCommand {
  readonly kind: "attach";
  readonly network: NetworkName;
  readonly sandbox: SandboxWish;
  readonly ifname: IfName;
  readonly addresses: readonly Ip[];
  readonly mac?: Mac;
  readonly workload?: WorkloadName;
  readonly linkKind?: "tap";
}

export interface DockerInstallCommand {
  readonly kind: "docker-install" | "docker-uninstall";
  readonly effect: InstallEffect;
  readonly root?: string;
}

/** Paths are absolute, and `plugins` are file names. */
export interface CniInstallCommand extends Omit<CniInstallRequest, "directories"> {
  readonly kind: "cni-install" | "cni-uninstall";
}

/** Where the daemon serves Docker; "wanted" is the default path, which a daemon can do without. */
export type DockerSocket =
  | { readonly kind: "none" }
  | { readonly kind: "required" | "wanted"; readonly path: string };

/** Where a network namespace is found: /run/netns/NAME, /proc/PID/ns/net, or another path. */
export type SandboxPath = string;

/** How a sandbox is named: by where it is, or by the container that runs in it. */
export type SandboxWish =
  | { readonly kind: "path"; readonly path: SandboxPath }
  | { readonly kind: "container"; readonly container: string };

/** Which endpoint to detach: its id, or the link it is from the sandbox's side. */
export type DetachTarget =
  | { readonly kind: "id"; readonly id: EndpointId }
  | { readonly kind: "owner"; readonly sandbox: SandboxWish; readonly ifname: IfName };

export const formats = ["table", "json", "jsonl"] as const;
export type Format = (typeof formats)[number];

/** The options that every command takes; defaults and environment filled in. */
export interface Globals {
  readonly stateDirectory: string;
  /** Whether somebody named the state directory; a daemon of this run directory then must agree. */
  readonly stateOrigin: "given" | "default";
  readonly runDirectory: string;
  readonly format: Format;
  readonly verbosity: "normal" | "quiet";
  readonly color: "auto" | "never";
}
