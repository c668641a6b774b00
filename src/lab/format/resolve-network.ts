import { didYouMean } from "./did-you-mean.ts";
import type { DockerBridge, ScenarioNetwork } from "./scenario.ts";
import type { HostDraft, NetworkDraft } from "./scenario-schema.ts";
import type { Path } from "./scenario-source.ts";

const flags: Readonly<Record<string, readonly string[]>> = {
  ipvlan: ["bridge", "private", "vepa"],
  passthru: ["nopromisc"],
  source: ["nodst"],
};

const modes = {
  macvlan: ["bridge", "private", "vepa", "passthru", "source"],
  ipvlan: ["l2", "l3", "l3s"],
} as const;

/** Checks that a network's options go together and that its parent can exist. */
export function resolveNetwork(
  name: string,
  draft: NetworkDraft,
  host: HostDraft,
  report: (path: Path, message: string) => void,
): ScenarioNetwork {
  const { gateway, driver, mode, flag, source, parent = "" } = draft;
  if (driver === "docker-bridge") return resolveBridge(name, draft, report);
  const known: readonly string[] = modes[driver];
  if (mode !== undefined && !known.includes(mode)) {
    report(["mode"], `${driver} has no mode ${mode}; it has ${known.join(", ")}`);
  }
  const what = driver === "ipvlan" ? driver : (mode ?? "bridge");
  if (flag !== undefined && !flags[what]?.includes(flag)) {
    report(["flag"], `${what} has no flag ${flag}; only ipvlan, passthru and source have flags`);
  }
  if (source.length > 0 && mode !== "source") {
    report(["source"], "only macvlan mode source has a list of source MACs");
  }
  if (draft.addressing === "pool" && draft.subnets.length === 0) {
    report(["subnets"], "a pool needs subnets; write addressing: dhcp or none without them");
  }
  const nics = Object.keys(host.nics);
  if (draft.parent === undefined) {
    report(["parent"], 'key "parent" is missing: the link that containers hang on');
  }
  // A link that `run` makes may be a parent too, and only the kernel knows its name.
  else if (!nics.includes(parent.replace(/\.[0-9]+$/, "")) && host.run.length === 0) {
    report(["parent"], `no link "${parent}" on this host${didYouMean(parent, nics)}`);
  }
  const { gateway: _, ...rest } = draft;
  return { ...rest, name, driver, parent, gateways: gateway ?? [] };
}

/** What Docker's own bridge has no notion of. */
const notOfBridges = [
  ...["mode", "flag", "parent", "vlan", "conflictCheck", "hostAccess", "bcqueuelen", "cni"],
  ...["reservations", "routes", "source"],
] as const;

function resolveBridge(
  name: string,
  draft: NetworkDraft,
  report: (path: Path, message: string) => void,
): DockerBridge {
  for (const key of notOfBridges) {
    const value = draft[key as keyof NetworkDraft];
    const isGiven = typeof value === "object" ? Object.keys(value).length > 0 : value !== undefined;
    if (isGiven) report([key], `a docker-bridge has no ${key}`);
  }
  if (draft.addressing !== "pool") report(["addressing"], "Docker gives its bridge addresses");
  const { subnets, ranges, exclude, mtu, internal, create, gateway = [] } = draft;
  const own = { subnets, ranges, exclude, internal, create, gateways: gateway };
  return { ...own, name, driver: "docker-bridge", ...(mtu === undefined ? {} : { mtu }) };
}

/** The kernel features that a network cannot do without. */
export function featuresOf(network: ScenarioNetwork): readonly ("macvlan" | "ipvlan" | "vlan")[] {
  if (network.driver === "docker-bridge") return [];
  const tagged = network.vlan !== undefined || network.parent.includes(".");
  return tagged ? [network.driver, "vlan"] : [network.driver];
}
