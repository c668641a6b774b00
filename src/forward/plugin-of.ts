/** Names that this program answers to as a CNI plugin. */
export const pluginNames = [
  "macvlan",
  "ipvlan",
  "vlan",
  "landfall",
  "host-local",
  "static",
] as const;

export type PluginName = (typeof pluginNames)[number];

/** How a process was started. */
export interface Start {
  /** argv[0] as the caller gave it. */
  readonly argv0: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The first argument by which native/cni-shim.c says which plugin it was started as. */
const SHIM_WORD = "cni-plugin";

/**
 * The plugin that this program was started as, by the name in argv[0]; undefined: it is the command
 * line's turn. `landfall` is both, and a runtime says what it wants by CNI_COMMAND.
 */
export function pluginOf({ argv0, args, env }: Start): PluginName | undefined {
  const [word, given] = args;
  if (word === SHIM_WORD) return known(given ?? "");
  if (word !== undefined) return undefined;
  const name = known(argv0.slice(argv0.lastIndexOf("/") + 1));
  return name === "landfall" && env.CNI_COMMAND === undefined ? undefined : name;
}

function known(name: string): PluginName | undefined {
  return pluginNames.find((each) => each === name);
}
