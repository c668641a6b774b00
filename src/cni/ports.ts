import type { RunPlugin } from "../cnirun/index.ts";
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
  /** Another plugin, to which this one is the runtime. */
  readonly execute: RunPlugin;
}
