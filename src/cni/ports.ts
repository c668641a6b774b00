import type { InterfaceAddress, Mac } from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type { EndpointRoute, IfName, Mtu, Network, NetworkName } from "../domain/index.ts";
import type { Attachments, SandboxHandle } from "../engine/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import type { FolderFiles } from "./ipam/folder-files.ts";

/** One execution of a plugin, as a runtime starts it. */
export interface Invocation {
  /** Base name of the program: macvlan, ipvlan, vlan, landfall, host-local, static. */
  readonly plugin: string;
  /** CNI_* and PATH of the caller. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
}

/** What the plugin says, and how it ends. */
export interface Reply {
  readonly exitCode: 0 | 1;
  readonly stdout: string;
  readonly stderr?: string;
}

/** What the plugins stand on. */
export interface CniPorts {
  readonly platform: Platform & { readonly files: FolderFiles };
  /** The namespace that the plugin runs in, and the parents are in. */
  readonly hostNamespace: NetnsHandle;
  readonly attachments: Attachments & HostFacts;
  readonly execute: ExecutePlugin;
}

export interface ParentFacts {
  readonly name: IfName;
  readonly mtu: Mtu;
  readonly state: "up" | "down";
}

export interface ObservedLink {
  readonly kind: string;
  readonly mode?: string;
  readonly mac?: Mac;
  readonly mtu: Mtu;
  readonly state: "up" | "down";
  readonly parent?: IfName;
  readonly vlanId?: number;
  readonly addresses: readonly ObservedAddress[];
  readonly routes: readonly EndpointRoute[];
}

export interface ObservedAddress {
  readonly address: InterfaceAddress;
  readonly duplicate?: true;
}

export interface HostFacts {
  parent(name: IfName | undefined, sandbox?: SandboxHandle): Promise<Result<ParentFacts, Problem>>;
  observe(
    sandbox: SandboxHandle,
    ifname: IfName,
  ): Promise<Result<ObservedLink | undefined, Problem>>;
  removeUnrecorded(
    sandbox: SandboxHandle,
    ifname: IfName,
  ): Promise<Result<"removed" | "nothing", Problem>>;
  network(name: NetworkName): Promise<Result<Network, Problem>>;
}

/** Runs another plugin to its end. */
export type ExecutePlugin = (run: PluginRun) => Promise<PluginExit>;

export interface PluginRun {
  /** Path of the program. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Ends the program. */
  readonly signal: AbortSignal;
}

export interface PluginExit {
  /** As shells count: 126 for a program that cannot be run, 128 and more for a signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
