import type { RunPlugin } from "./execute-plugin.ts";

/** Where plugins are, and how they are run. */
export interface PluginSite {
  /** Looked through in their order. */
  readonly directories: readonly string[];
  /** Plugins get all of it, with the variables of CNI. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunPlugin;
  readonly signal: AbortSignal;
}

/** Where plugins are, and where results are kept. */
export interface RunnerSite extends PluginSite {
  /** libcni's is /var/lib/cni; results are in its folder `results`. */
  readonly cacheDirectory: string;
}
