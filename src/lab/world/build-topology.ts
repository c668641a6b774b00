import { assert, defined, err, ok, type Problem, type Result } from "../../base/index.ts";
import {
  addAddress,
  addBridgeVlan,
  addFdb,
  addLink,
  addRoute,
  type LinkRef,
  type Request,
  setLink,
  setPort,
} from "../../netlink/index.ts";
import type { Platform } from "../../platform/index.ts";
import type {
  NodeSetup,
  ScenarioNic,
  ScenarioPort,
  ScenarioSwitch,
  ScenarioVlan,
} from "../format/scenario.ts";
import type { Lab, RunningNode } from "./lab.ts";
import { looksAtTags, portVlans } from "./port-vlans.ts";
import { findLink, refusedOn, send } from "./requests.ts";

/** A switch: a namespace with one bridge, which has no voice of its own on the LAN. */
export function buildSwitch(lab: Lab, spec: ScenarioSwitch): Result<void, Problem> {
  const ifindex = lab.nextIfindex();
  const role = { kind: "switch", bridge: ifindex, ports: spec.ports } as const;
  const node = lab.open(spec.name, () => role);
  if (!node.ok) return node;
  const link = { ifindex, name: spec.name };
  // Without a default VLAN a port is a member of what the file says, and nothing else.
  const tags = looksAtTags(spec.ports) ? { vlanFiltering: true, defaultPvid: 0 } : {};
  return send(node.value, [
    addLink({ kind: "bridge", name: spec.name, ifindex, mcastSnooping: false, ...tags }),
    setLink({ link, addrGenMode: "none" }),
    setLink({ link, state: "up" }),
  ]);
}

/** A wire from a node's NIC to the port of the switch that it names. */
export function plugIn(lab: Lab, node: RunningNode, nic: ScenarioNic): Result<void, Problem> {
  const { bridge, port, memberships, node: socket } = findSocket(lab, nic);
  const link = { ifindex: lab.nextIfindex(), name: nic.name };
  const portLink = { ifindex: lab.nextIfindex(), name: port.name };
  const wire = send(node, [
    addLink({
      kind: "veth",
      ...link,
      mac: nic.mac,
      mtu: nic.mtu,
      peer: { ...portLink, mtu: nic.mtu, netns: { fd: socket.netns.fd } },
    }),
  ]);
  if (!wire.ok) return wire;
  const ported = send(socket, [
    setLink({ link: portLink, addrGenMode: "none" }),
    setLink({ link: portLink, upper: { ifindex: bridge } }),
    // Before the MACs of a lock, which the bridge keeps for each VLAN that the port has.
    ...memberships.map((vlans) => addBridgeVlan({ link: portLink, table: "bridge", ...vlans })),
    ...portRequests(port, portLink),
    setLink({ link: portLink, state: "up" }),
  ]);
  if (!ported.ok) return ported;
  return send(node, [
    ...(nic.up ? [setLink({ link, state: "up" })] : []),
    ...addressRequests(link, nic.addresses),
    ...nic.vlans.flatMap((vlan) => vlanRequests(lab, nic, link, vlan)),
  ]);
}

function addressRequests(link: LinkRef, addresses: ScenarioNic["addresses"]): Request[] {
  // The lab's own addresses are known to be unique, so they need not wait to find that out.
  return addresses.map((address) =>
    addAddress({ link, address, ...(address.includes(":") ? { flags: ["nodad"] } : {}) }),
  );
}

function vlanRequests(
  lab: Lab,
  nic: ScenarioNic,
  parent: LinkRef,
  { id, name, addresses }: ScenarioVlan,
): Request[] {
  const link = { ifindex: lab.nextIfindex(), name };
  return [
    addLink({ kind: "vlan", ...link, parent, id }),
    // A parent that is down would refuse; set up later, it takes its VLANs along.
    ...(nic.up ? [setLink({ link, state: "up" })] : []),
    ...addressRequests(link, addresses),
  ];
}

function findSocket(lab: Lab, nic: ScenarioNic) {
  const node = lab.node(nic.switch);
  const { role } = node;
  assert(role.kind === "switch", `${nic.switch} is a switch`);
  const port = role.ports.find(({ name }) => name === nic.port);
  const known = defined(port, `port ${nic.port}`);
  const memberships = looksAtTags(role.ports) ? portVlans(known.vlan) : [];
  return { node, bridge: role.bridge, port: known, memberships };
}

function portRequests(
  { hairpin, isolated, lock }: ScenarioPort,
  link: { readonly ifindex: number; readonly name: string },
): Request[] {
  const locked = lock === undefined ? {} : { learning: false, locked: true };
  return [
    setPort({ link, hairpin, isolated, ...locked }),
    ...(lock ?? []).map((mac) => addFdb({ link, mac, table: "bridge", lifetime: "static" })),
  ];
}

/** Sysctls and routes of a node, then its own commands; its links must be there. */
export async function setUpNode(
  platform: Platform,
  node: RunningNode,
  { routes, sysctls, run }: NodeSetup,
): Promise<Result<void, Problem>> {
  const written = writeSysctls(platform, node, sysctls);
  if (!written.ok) return written;
  const requests: Request[] = [];
  for (const { to, via, dev, metric } of routes) {
    const link = dev === undefined ? undefined : findLink(node, dev);
    if (link !== undefined && !link.ok) return link;
    requests.push(
      addRoute({
        to,
        ...(via === undefined ? {} : { gateway: via }),
        ...(link === undefined ? {} : { link: link.value }),
        ...(metric === undefined ? {} : { metric }),
      }),
    );
  }
  const routed = send(node, requests);
  return routed.ok ? runAll(node, run) : routed;
}

export function writeSysctls(
  platform: Platform,
  node: RunningNode,
  sysctls: NodeSetup["sysctls"],
): Result<void, Problem> {
  for (const [key, value] of Object.entries(sysctls)) {
    const written = platform.files.writeSysctl(node.netns, sysctlPath(key), value);
    if (written.ok) continue;
    const { errno, call } = written.error;
    const command = `sysctl -w ${key}=${value}`;
    return err(refusedOn(node.name, { errno, message: call, command, retryable: false }));
  }
  return ok();
}

/** sysctl(8) separates by dots, and then writes eth0/100 for a link named eth0.100. */
function sysctlPath(key: string): string {
  return key.replaceAll(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}

/** The scenario's commands for a node, one after the other. */
export async function runAll(
  node: RunningNode,
  commands: readonly string[],
): Promise<Result<void, Problem>> {
  for (const command of commands) {
    const ran = await node.keeper.run(command);
    if (!ran.ok) return ran;
  }
  return ok();
}
