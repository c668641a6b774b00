import { z } from "@hono/zod-openapi";
import {
  type InterfaceAddress,
  type Ip,
  type IpRange,
  type Mac,
  type Prefix,
  parseInterfaceAddress,
  parseIp,
  parseMac,
  parsePrefix,
  parseRange,
} from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import {
  type EndpointId,
  type IfName,
  type Mtu,
  type NetworkId,
  type NetworkName,
  parseIfName,
  parseMtu,
  parseNetworkName,
  parseVlanTag,
  parseWorkloadName,
  type SegmentName,
  type VlanTag,
  type WorkloadName,
} from "../domain/index.ts";

/**
 * Text that one of the parsers of addr or domain reads. The parser's Problem travels in the issue,
 * so that whoever asked is told the same as on the command line.
 */
function text<T>(
  name: string,
  parse: (text: string) => Result<T, Problem>,
  [description, example]: readonly [description: string, example: string],
): z.ZodType<T, string> {
  const schema = z.string().transform((value, context): T => read(parse(value), context));
  return schema.openapi(name, { type: "string", description, example });
}

/** The value, or an issue that carries the Problem. */
export function read<T>(
  parsed: Result<T, Problem>,
  context: z.RefinementCtx,
): T | z.core.$ZodNever["_zod"]["output"] {
  if (parsed.ok) return parsed.value;
  const { detail: message } = parsed.error;
  context.addIssue({ code: "custom", message, params: { problem: parsed.error } });
  return z.NEVER;
}

/** A word that the other side made, and that is only compared. */
function opaque<T extends string>(name: string, description: string): z.ZodType<T, string> {
  const schema = z.string().min(1) as unknown as z.ZodType<T, string>;
  return schema.openapi(name, { type: "string", description });
}

export const vlanTag = text<VlanTag>("VlanTag", parseVlanTag, [
  "A VLAN's number, with its protocol where that is not 802.1Q.",
  "802.1ad:100",
]);
export const address = text<Ip>("Address", parseIp, ["An IPv4 or IPv6 address.", "192.168.1.10"]);
export const interfaceAddress = text<InterfaceAddress>("InterfaceAddress", parseInterfaceAddress, [
  "An address with the length of its prefix.",
  "192.168.1.10/24",
]);
export const prefix = text<Prefix>("Prefix", parsePrefix, [
  "An IPv4 or IPv6 prefix.",
  "192.168.1.0/24",
]);
export const range = text<IpRange>("Range", parseRange, [
  "An address, a prefix, or FIRST-LAST.",
  "192.168.1.100-192.168.1.200",
]);
export const mac = text<Mac>("Mac", parseMac, ["A MAC address.", "02:00:00:00:00:01"]);
export const ifname = text<IfName>("IfName", parseIfName, ["A link's name.", "eth0"]);
export const networkName = text<NetworkName>("NetworkName", parseNetworkName, [
  "A network's name.",
  "lan",
]);
export const workloadName = text<WorkloadName>("WorkloadName", parseWorkloadName, [
  "The name of a container, pod or machine.",
  "web",
]);

export const endpointId = opaque<EndpointId>("EndpointId", "An endpoint's id.");
export const networkId = opaque<NetworkId>("NetworkId", "A network's id.");
export const segmentName = opaque<SegmentName>("SegmentName", "A segment's name.");

export const mtu: z.ZodType<Mtu, number> = z
  .number()
  .transform((value, context): Mtu => read(parseMtu(value), context))
  .openapi("Mtu", { type: "integer", description: "Bytes of payload of a frame.", example: 1500 });
