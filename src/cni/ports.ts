import type { Attachments, HostFacts } from "../engine/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";

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
  readonly platform: Platform;
  /** The namespace that the plugin runs in, and the parents are in. */
  readonly hostNamespace: NetnsHandle;
  readonly attachments: Attachments;
  readonly facts: HostFacts;
  readonly execute: ExecutePlugin;
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
