import { err, ok, type Result, remembering } from "../../base/index.ts";
import { type IfName, parseIfName, parseNetworkName } from "../../domain/index.ts";
import { readIpOfCidr } from "../spec/address.ts";
import { type CniArgs, parseArgs } from "../spec/args.ts";
import type { AttachmentCall, NetworkConfig } from "../spec/call.ts";
import { decodeDns, decodeResult } from "../spec/decode-result.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";
import { fields, integer, listOf, member, missingKey, text, textOf, truth } from "../spec/json.ts";
import { type CniResult, noDns } from "../spec/result.ts";
import { ipvlanKeys, macvlanKeys, parseIpvlanDriver, parseMacvlanDriver } from "./driver.ts";
import type { IpamConfig } from "./ipam.ts";
import { macKeys, parseMacOf } from "./mac.ts";
import { readMtu } from "./mtu.ts";
import { parseIpam } from "./parse-ipam.ts";
import type {
  IpvlanConfig,
  LandfallConfig,
  MacvlanConfig,
  PluginConfig,
  VlanConfig,
} from "./plugin.ts";
import { decodeTags } from "./vlan-tags.ts";

/** What the configuration and the call say, for a plugin of ours; it must be one. */
export function parsePluginConfig(
  plugin: PluginConfig["kind"],
  call: AttachmentCall,
): Result<PluginConfig, CniError> {
  const args = parseArgs(call.args);
  return args.ok ? parseFor(plugin, call, args.value) : args;
}

type ParsedCall = Pick<AttachmentCall, "command" | "config">;

/** A runtime starts many containers by one configuration. */
const parseFor = remembering(keyOf, parse);

/** What a runtime says of a pod is nothing that a configuration depends on. */
function keyOf(plugin: PluginConfig["kind"], { command, config }: ParsedCall, args: CniArgs) {
  const asked = [...args].filter(([name]) => !name.startsWith("K8S_"));
  return JSON.stringify([plugin, command, asked, config.text]);
}

function parse(
  plugin: PluginConfig["kind"],
  call: ParsedCall,
  args: CniArgs,
): Result<PluginConfig, CniError> {
  switch (plugin) {
    case "macvlan":
      return parseMacvlan(call, args);
    case "ipvlan":
      return parseIpvlan(call, args);
    case "vlan":
      return parseVlan(call, args);
    case "landfall":
      return parseLandfall(call, args);
  }
}

const INT_MAX = 2 ** 31 - 1;

const parentName = textOf<IfName | undefined>((name) => {
  if (name === "") return ok(undefined);
  const parsed = parseIfName(name);
  return parsed.ok ? parsed : err(parsed.error.detail);
});

const linkFields = fields({
  master: parentName,
  mtu: integer(-INT_MAX, INT_MAX),
  linkInContainer: truth,
  dns: decodeDns,
});

type OnParent = Omit<MacvlanConfig, "kind" | "driver" | "mac" | "vlan">;

/** What macvlan, ipvlan and vlan have in common. */
function parseLink(
  { command, config }: ParsedCall,
  args: CniArgs,
  needsPrevious: "always" | "for CHECK",
): Result<OnParent, CniError> {
  const decoded = linkFields(config.object, "");
  if (!decoded.ok) return decoded;
  const { master: parent, linkInContainer: isInside = false, dns = noDns } = decoded.value;
  const mtu = readMtu(decoded.value.mtu ?? 0);
  if (!mtu.ok) return mtu;
  const ipam = parseIpam(config, args);
  if (!ipam.ok) return ipam;
  const isRead = needsPrevious === "always" || command === "CHECK";
  const previous = isRead ? parsePrevious(config) : ok(undefined);
  if (!previous.ok) return previous;
  if (command === "CHECK" && previous.value === undefined) {
    return err(cniError("invalidConfig", "Required prevResult missing"));
  }
  return ok({
    ...(parent === undefined ? {} : { parent }),
    parentPlace: isInside ? "sandbox" : "host",
    ...(mtu.value === undefined ? {} : { mtu: mtu.value }),
    ipam: ipam.value,
    dns,
    ...(previous.value === undefined ? {} : { previous: previous.value }),
  });
}

/** `prevResult`, where there is one. */
export function parsePrevious({
  object,
  version,
}: NetworkConfig): Result<CniResult | undefined, CniError> {
  const previous = member(object, "prevResult");
  if (previous === undefined || previous === null) return ok(undefined);
  const decoded = decodeResult(previous, version, "prevResult");
  if (decoded.ok) return decoded;
  return err({ ...decoded.error, msg: `could not parse prevResult: ${decoded.error.msg}` });
}

const macvlanFields = fields({ ...macvlanKeys, ...macKeys, vlan: decodeTags });

function parseMacvlan(call: ParsedCall, args: CniArgs): Result<MacvlanConfig, CniError> {
  const link = parseLink(call, args, "for CHECK");
  if (!link.ok) return link;
  const decoded = macvlanFields(call.config.object, "");
  if (!decoded.ok) return decoded;
  const driver = parseMacvlanDriver(decoded.value);
  if (!driver.ok) return driver;
  const mac = parseMacOf(decoded.value, args);
  if (!mac.ok) return mac;
  return ok({
    kind: "macvlan",
    ...link.value,
    driver: driver.value,
    vlan: decoded.value.vlan ?? [],
    ...(mac.value === undefined ? {} : { mac: mac.value }),
  });
}

const ipvlanFields = fields({ ...ipvlanKeys, vlan: decodeTags });

/**
 * In a chain (an ADD with `prevResult`) the parent may be the one link that the plugins before have
 * made, and the addresses theirs. CHECK's `prevResult` has the ipvlan link itself in that place:
 * there the parent stays open, and is that of the book.
 */
function parseIpvlan(call: ParsedCall, args: CniArgs): Result<IpvlanConfig, CniError> {
  const link = parseLink(call, args, "always");
  if (!link.ok) return link;
  const decoded = ipvlanFields(call.config.object, "");
  if (!decoded.ok) return decoded;
  const driver = parseIpvlanDriver(decoded.value);
  if (!driver.ok) return driver;
  const { previous, ipam } = link.value;
  const isChained = link.value.parent === undefined && call.command === "ADD";
  const chained = isChained && previous !== undefined ? chainedParent(previous) : ok(undefined);
  if (!chained.ok) return chained;
  const parent = chained.value ?? link.value.parent;
  return ok({
    kind: "ipvlan",
    ...link.value,
    driver: driver.value,
    vlan: decoded.value.vlan ?? [],
    ...(parent === undefined ? {} : { parent }),
    ipam: chainedIpam(ipam, previous),
  });
}

function chainedParent({ interfaces }: CniResult): Result<IfName, CniError> {
  const [only] = interfaces;
  const parent = parseIfName(only?.name);
  if (interfaces.length === 1 && parent.ok) return parent;
  const msg = "chained master failure. PrevResult lacks a single named interface";
  return err(cniError("invalidConfig", msg));
}

function chainedIpam(ipam: IpamConfig, previous: CniResult | undefined): IpamConfig {
  const hasAddresses = previous !== undefined && previous.ips.length > 0;
  return ipam.kind === "none" && hasAddresses ? { kind: "previous" } : ipam;
}

const VLAN_ID_MAX = 4094;

const vlanFields = fields({ vlanId: integer(-INT_MAX, INT_MAX) });

function parseVlan(call: ParsedCall, args: CniArgs): Result<VlanConfig, CniError> {
  const link = parseLink(call, args, "for CHECK");
  if (!link.ok) return link;
  const decoded = vlanFields(call.config.object, "");
  if (!decoded.ok) return decoded;
  const { vlanId = 0 } = decoded.value;
  const { parent } = link.value;
  if (parent === undefined) {
    const what = "It specifies the host interface name to create the VLAN for.";
    return err(cniError("invalidConfig", `"master" field is required. ${what}`));
  }
  if (vlanId < 0 || vlanId > VLAN_ID_MAX) {
    // The reference's words; it, too, refuses 4095.
    const msg = `invalid VLAN ID ${vlanId} (must be between 0 and 4095 inclusive)`;
    return err(cniError("invalidConfig", msg));
  }
  return ok({ kind: "vlan", ...link.value, parent, vlanId });
}

const requestedIps = listOf(textOf(readIpOfCidr));

const landfallFields = fields({
  network: text,
  ipam: fields({ type: text }),
  dns: decodeDns,
  ...macKeys,
  runtimeConfig: fields({ mac: text, ips: requestedIps }),
  args: fields({ cni: fields({ ips: requestedIps }) }),
});

function parseLandfall(
  { command, config }: ParsedCall,
  args: CniArgs,
): Result<LandfallConfig, CniError> {
  const decoded = landfallFields(config.object, "");
  if (!decoded.ok) return decoded;
  const { network: name, ipam = {}, dns = noDns, runtimeConfig = {} } = decoded.value;
  if (name === undefined) return err(missingKey("network"));
  const network = parseNetworkName(name);
  if (!network.ok) return err(cniErrorOf(network.error));
  const { type = "" } = ipam;
  if (type !== "") {
    const field = `"ipam.type": ${JSON.stringify(type)}`;
    const msg = `unsupported field ${field}: type landfall takes addresses from its network`;
    return err(cniError("unsupportedField", msg));
  }
  const mac = parseMacOf(decoded.value, args);
  if (!mac.ok) return mac;
  const asked = args.get("IP")?.split(",") ?? [];
  const wanted = requestedIps(
    asked.map((word) => word.trim()),
    "CNI_ARGS IP",
  );
  if (!wanted.ok) return wanted;
  const previous = command === "CHECK" ? parsePrevious(config) : ok(undefined);
  if (!previous.ok) return previous;
  const given = decoded.value.args?.cni?.ips ?? [];
  return ok({
    kind: "landfall",
    network: network.value,
    requested: [...new Set([...wanted.value, ...given, ...(runtimeConfig.ips ?? [])])],
    dns,
    ...(mac.value === undefined ? {} : { mac: mac.value }),
    ...(previous.value === undefined ? {} : { previous: previous.value }),
  });
}
