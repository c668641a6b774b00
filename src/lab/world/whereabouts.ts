import { type Ip, type IpVersion, interfaceAddressIp, type Mac } from "../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { type Link, listAddresses, listLinks } from "../../netlink/index.ts";
import type { FlowTarget, NodeRef } from "../format/scenario.ts";
import { nodeHasNo } from "../lab-problems.ts";
import type { Lab, RunningNode } from "./lab.ts";
import { refusedOn } from "./requests.ts";

/** The address that a flow goes to. */
export async function targetAddress(
  lab: Lab,
  target: FlowTarget,
  version: IpVersion,
): Promise<Result<Ip, Problem>> {
  return target.kind === "address" ? ok(target.address) : addressOf(lab, target, version);
}

/**
 * The address of a node that a reference means: the first one of its version, where it has several.
 */
export async function addressOf(
  lab: Lab,
  ref: NodeRef,
  version: IpVersion,
): Promise<Result<Ip, Problem>> {
  if (ref.address !== undefined) return ok(ref.address);
  const node = lab.node(ref.node.name);
  const links = await linksOf(lab, node, ref);
  if (!links.ok) return links;
  const addresses = node.link.dump(listAddresses(version));
  if (!addresses.ok) return err(refusedOn(node.name, addresses.error));
  for (const { ifindex } of links.value) {
    const own = addresses.value.find((row) => row.ifindex === ifindex && row.scope === "global");
    if (own !== undefined) return ok(interfaceAddressIp(own.address));
  }
  return err(nodeHasNo({ node: node.name, what: `IPv${version} address`, on: ref.on?.name }));
}

/** The MAC of the link that a reference means. */
export async function macOf(lab: Lab, ref: NodeRef): Promise<Result<Mac, Problem>> {
  const node = lab.node(ref.node.name);
  const links = await linksOf(lab, node, ref);
  if (!links.ok) return links;
  const mac = links.value.find((link) => link.mac !== undefined)?.mac;
  if (mac !== undefined) return ok(mac);
  return err(nodeHasNo({ node: node.name, what: "link with a MAC address", on: ref.on?.name }));
}

/** The links that a reference may mean, in the order in which they were made for it. */
async function linksOf(
  lab: Lab,
  node: RunningNode,
  { on }: NodeRef,
): Promise<Result<readonly Link[], Problem>> {
  const links = node.link.dump(listLinks());
  if (!links.ok) return err(refusedOn(node.name, links.error));
  const real = links.value.filter((link) => link.name !== "lo");
  // Links are listed by ifindex, and those of endpoints are drawn at random.
  const ordered = real.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (on === undefined) return ok(ordered);
  const name = on.kind === "link" ? on.name : await linkOnNetwork(lab, node, on.name);
  return ok(ordered.filter((link) => link.name === name));
}

/** The link of a container on a network. */
async function linkOnNetwork(
  lab: Lab,
  node: RunningNode,
  network: string,
): Promise<string | undefined> {
  if (node.role.kind !== "container") return undefined;
  const host = lab.node(node.role.host);
  if (host.role.kind !== "host") return undefined;
  return await host.role.door.linkOn(node.name, network);
}
