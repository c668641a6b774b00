import { assert, defined, err, ok, type Problem, type Result } from "../../base/index.ts";
import {
  addAddress,
  addFdb,
  addLink,
  addRoute,
  type Request,
  setLink,
  setPort,
} from "../../netlink/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { NodeSetup, ScenarioNic, ScenarioPort, ScenarioSwitch } from "../format/scenario.ts";
import { labUnsupported } from "../lab-problems.ts";
import type { Lab, RunningNode } from "./lab.ts";
import { findLink, refusedOn, send } from "./requests.ts";

/** A switch: a namespace with one bridge, which has no voice of its own on the LAN. */
export function buildSwitch(lab: Lab, spec: ScenarioSwitch): Result<void, Problem> {
  const tagged = spec.ports.find((port) => port.vlan.kind !== "plain");
  if (tagged !== undefined) {
    return err(labUnsupported({ what: `VLAN ports of a switch (${spec.name}/${tagged.name})` }));
  }
  const ifindex = lab.nextIfindex();
  const role = { kind: "switch", bridge: ifindex, ports: spec.ports } as const;
  const node = lab.open(spec.name, () => role);
  if (!node.ok) return node;
  const link = { ifindex, name: spec.name };
  return send(node.value, [
    addLink({ kind: "bridge", name: spec.name, ifindex, mcastSnooping: false }),
    setLink({ link, addrGenMode: "none" }),
    setLink({ link, state: "up" }),
  ]);
}

/** A wire from a node's NIC to the port of the switch that it names. */
export function plugIn(lab: Lab, node: RunningNode, nic: ScenarioNic): Result<void, Problem> {
  const { bridge, port, node: socket } = findSocket(lab, nic);
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
    ...portRequests(port, portLink),
    setLink({ link: portLink, state: "up" }),
  ]);
  if (!ported.ok) return ported;
  return send(node, [
    ...(nic.up ? [setLink({ link, state: "up" })] : []),
    // The lab's own addresses are known to be unique, so they need not wait to find that out.
    ...nic.addresses.map((address) =>
      addAddress({ link, address, ...(address.includes(":") ? { flags: ["nodad"] } : {}) }),
    ),
  ]);
}

function findSocket(lab: Lab, nic: ScenarioNic) {
  const node = lab.node(nic.switch);
  const { role } = node;
  assert(role.kind === "switch", `${nic.switch} is a switch`);
  const port = role.ports.find(({ name }) => name === nic.port);
  return { node, bridge: role.bridge, port: defined(port, `port ${nic.port}`) };
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
