import type { Ip } from "../../addr/index.ts";
import { assert, err, ok, type Problem, type Result } from "../../base/index.ts";
import {
  type Driver,
  type IfName,
  kernelRefused,
  type NetworkName,
  type NetworkSpec,
  parseNetworkName,
  type VlanId,
  vlanLinkName,
} from "../../domain/index.ts";
import type { Hold, HostFacts, SandboxHandle } from "../../engine/index.ts";
import type { IpamConfig } from "../conf/ipam.ts";
import type { LandfallConfig, PluginConfig } from "../conf/plugin.ts";
import { readAllocations } from "../ipam/allocation-folder.ts";
import { type Folder, folderAt } from "../ipam/folder-files.ts";
import type { CniError } from "../spec/error.ts";
import { type Context, inCniWords } from "./context.ts";

type OnParent = Exclude<PluginConfig, LandfallConfig>;

/** Longest name that leaves room for what tells two configurations of one name apart. */
const NAME_MAX = 50;

/** The engine's network that a configuration means, made when it is missing. */
export async function networkOf(
  { ports }: Context,
  name: string,
  config: PluginConfig,
  sandbox: SandboxHandle,
): Promise<Result<NetworkName, CniError>> {
  if (config.kind === "landfall") return ok(config.network);
  const parent = await parentOf(ports.facts, config, sandbox);
  if (!parent.ok) return parent;
  const { ipam } = config;
  const holds =
    ipam.kind === "host-local"
      ? { holds: () => holdsOf(folderAt(ports.platform, ipam.directory)) }
      : {};
  const spec = specOf(name, config, parent.value);
  const network = await ports.attachments.ensureNetwork(spec, holds);
  return network.ok ? ok(network.value.name) : inCniWords(network);
}

async function parentOf(
  facts: HostFacts,
  { parent, parentPlace }: OnParent,
  sandbox: SandboxHandle,
): Promise<Result<IfName, CniError>> {
  if (parent !== undefined) return ok(parent);
  const where = parentPlace === "sandbox" ? sandbox : undefined;
  const found = await facts.parent(undefined, where);
  return found.ok ? ok(found.value.name) : inCniWords(found);
}

/** The network that a configuration means, on a parent of this name. */
export function specOf(configuration: string, config: OnParent, on: IfName): NetworkSpec {
  const known = lastSpecs.get(config);
  if (known?.on === on && known.configuration === configuration) return known.spec;
  const spec = makeSpec(configuration, config, on);
  lastSpecs.set(config, { configuration, on, spec });
  return spec;
}

/** Configurations are remembered, and with each one what was made of it. */
const lastSpecs = new WeakMap<
  OnParent,
  { readonly configuration: string; readonly on: IfName; readonly spec: NetworkSpec }
>();

function makeSpec(configuration: string, config: OnParent, on: IfName): NetworkSpec {
  const { mtu, parentPlace } = config;
  const tags = config.kind === "vlan" ? [] : config.vlan;
  const vlan = { on, tags };
  const routers = routersOf(config.ipam);
  const spec = {
    parent: tags.length === 0 ? on : vlanLinkName(vlan),
    driver: driverOf(config),
    subnets: [],
    routes: [],
    reach: "routed",
    addressing: "none",
    ...(mtu === undefined ? {} : { mtu }),
    ...(routers.length === 0 ? {} : { routers }),
    ...(parentPlace === "sandbox" ? { parentPlace } : {}),
    ...(tags.length === 0 ? {} : { vlan }),
  } as const;
  const directory = config.ipam.kind === "host-local" ? config.ipam.directory : undefined;
  const digest = digestOf({ ...spec, directory });
  const name = networkName(configuration, digest);
  return { ...spec, name, origin: { kind: "cni", name: configuration, digest } };
}

function driverOf(config: OnParent): Driver {
  if (config.kind !== "vlan") return config.driver;
  return { kind: "vlan", mode: "802.1Q", id: config.vlanId as VlanId };
}

/** Of a value that has the same members in the same order each time. */
function digestOf(value: object): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(value)).digest("hex");
}

function networkName(configuration: string, digest: string): NetworkName {
  const isShort = configuration.length <= NAME_MAX;
  const rest = isShort
    ? configuration
    : `${configuration.slice(0, NAME_MAX)}-${digest.slice(0, 8)}`;
  const name = parseNetworkName(`cni-${rest}`);
  assert(name.ok, "a configuration's name is made of the same characters as ours");
  return name.value;
}

function routersOf(ipam: IpamConfig): readonly Ip[] {
  switch (ipam.kind) {
    case "host-local":
      return [...new Set(ipam.sets.flat().map(({ gateway }) => gateway))];
    case "static":
      return [...new Set(ipam.addresses.flatMap(({ gateway }) => gateway ?? []))];
    default:
      return [];
  }
}

/** What other programs gave away in a folder of `host-local`, before we first looked. */
function holdsOf(folder: Folder): Result<readonly Hold[], Problem> {
  const all = readAllocations(folder);
  if (all.ok) {
    return ok(
      all.value.flatMap(({ address, path, holder }) =>
        holder === undefined ? [] : [{ address, file: path, holder }],
      ),
    );
  }
  const { errno, call } = all.error;
  const action = `read ${folder.directory}`;
  return err(
    kernelRefused({ action, errno, message: call, attribute: undefined, command: undefined }),
  );
}
