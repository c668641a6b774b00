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

/** A plugin that this program was started as. */
export interface StartedPlugin {
  readonly name: PluginName;
  /** "asked": none took the call, as native/cni-shim.c found out. */
  readonly daemon: "asked" | "to ask";
}

/** The first argument by which native/cni-shim.c starts a stand-in of the daemon. */
export const STAND_IN = "cni-stand-in";

/** The first arguments by which native/cni-shim.c says that it was started as a plugin. */
const shimWords: ReadonlyMap<string, StartedPlugin["daemon"]> = new Map([
  ["cni-plugin", "to ask"],
  ["cni-plugin-alone", "asked"],
]);

/**
 * The plugin that this program was started as, by the name in argv[0]; undefined: it is the command
 * line's turn. `landfall` is both, and a runtime says what it wants by CNI_COMMAND.
 */
export function pluginOf({ argv0, args, env }: Start): StartedPlugin | undefined {
  const [word, given] = args;
  const told = word && shimWords.get(word);
  if (told) return known(given ?? "", told);
  if (word !== undefined) return undefined;
  const plugin = known(argv0.slice(argv0.lastIndexOf("/") + 1), "to ask");
  return plugin?.name === "landfall" && env.CNI_COMMAND === undefined ? undefined : plugin;
}

function known(name: string, daemon: StartedPlugin["daemon"]): StartedPlugin | undefined {
  const found = pluginNames.find((each) => each === name);
  return found && { name: found, daemon };
}
