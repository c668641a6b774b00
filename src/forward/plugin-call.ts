/** One execution of a plugin, as a runtime starts it. */
export interface PluginCall {
  /** Base name of the program: "macvlan". */
  readonly plugin: string;
  /** CNI_* and PATH of the caller. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
}

/** What a plugin says, and how it ends. */
export interface PluginReply {
  readonly exitCode: 0 | 1;
  readonly stdout: string;
  readonly stderr?: string;
}

/** Does a call; `signal` fires when nobody waits for it any more. Never rejects, but for a bug. */
export type PluginRunner = (call: PluginCall, signal: AbortSignal) => Promise<PluginReply>;
