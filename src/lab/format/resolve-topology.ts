import { createHash } from "node:crypto";
import {
  interfaceAddressIp,
  ipVersion,
  type Mac,
  macFromBytes,
  type Prefix,
  parsePrefix,
  prefixVersion,
} from "../../addr/index.ts";
import { assert } from "../../base/index.ts";
import { didYouMean } from "./did-you-mean.ts";
import { resolveNetwork } from "./resolve-network.ts";
import type {
  PortVlan,
  ScenarioAttachment,
  ScenarioContainer,
  ScenarioHost,
  ScenarioMachine,
  ScenarioNic,
  ScenarioPort,
  ScenarioRoute,
  ScenarioVlan,
  Topology,
} from "./scenario.ts";
import type {
  ContainerDraft,
  HostDraft,
  NicDraft,
  RouteDraft,
  ScenarioDraft,
  SwitchPortDraft,
} from "./scenario-schema.ts";
import type { Path } from "./scenario-source.ts";

/** Told of each mistake; resolving goes on, so that all are found at once. */
export type Report = (path: Path, message: string) => void;

/** A NIC or a machine, as something to plug into a switch. */
interface Plug {
  readonly owner: string;
  readonly path: Path;
  readonly nic: Pick<NicDraft, "switch" | "port">;
}

/** Port names by the owner of the plug: "h1/eth0". */
type Plugged = ReadonlyMap<string, string>;

const VLAN_MAX = 4094;
/** IFNAMSIZ, less the NUL. */
const LINK_NAME_MAX = 15;

/** The link of a machine; the file does not name it. */
const machineLink = "eth0";

/** Fills in ports, MACs and link names; reports names that repeat or lead nowhere. */
export function resolveTopology(draft: ScenarioDraft, report: Report): Topology {
  reportRepeatedNames(draft, report);
  const plugs = listPlugs(draft);
  const plugged = plugIn(draft, plugs, report);
  return {
    switches: Object.entries(draft.switches).map(([name, { ports }]) => {
      const used = plugs.filter(({ nic }) => nic.switch === name);
      const names = new Set([
        ...Object.keys(ports),
        ...used.flatMap(({ owner }) => plugged.get(owner) ?? []),
      ]);
      return {
        name,
        ports: [...names].map((port) =>
          resolvePort(port, ports[port], (message) =>
            report(["switches", name, "ports", port], message),
          ),
        ),
      };
    }),
    hosts: Object.entries(draft.hosts).map(([name, host]) =>
      resolveHost(name, host, plugged, report),
    ),
    machines: Object.entries(draft.machines).map(([name, machine]): ScenarioMachine => {
      const path = ["machines", name];
      const { dhcp, names } = machine;
      return {
        name,
        nic: resolveNic({ node: name, name: machineLink, nic: machine, path }, plugged, report),
        routes: resolveRoutes(machine.routes, path, report),
        sysctls: machine.sysctls,
        run: machine.run,
        names,
        ...(dhcp === undefined ? {} : { dhcp }),
      };
    }),
  };
}

/** A flow names a node by its bare name, so no two may share one. */
function reportRepeatedNames(draft: ScenarioDraft, report: Report): void {
  const taken = new Map<string, string>();
  const take = (name: string, what: string, path: Path) => {
    const other = taken.get(name);
    if (other !== undefined) report(path, `"${name}" is already the name of ${other}`);
    else taken.set(name, what);
  };
  for (const name of Object.keys(draft.switches)) take(name, "a switch", ["switches", name]);
  for (const [name, host] of Object.entries(draft.hosts)) {
    take(name, "a host", ["hosts", name]);
    for (const container of Object.keys(host.containers)) {
      take(container, `a container on ${name}`, ["hosts", name, "containers", container]);
    }
  }
  for (const name of Object.keys(draft.machines)) take(name, "a machine", ["machines", name]);
}

function listPlugs(draft: ScenarioDraft): readonly Plug[] {
  const nics = Object.entries(draft.hosts).flatMap(([host, { nics }]) =>
    Object.entries(nics).map(([name, nic]) => ({
      owner: `${host}/${name}`,
      path: ["hosts", host, "nics", name],
      nic,
    })),
  );
  const machines = Object.entries(draft.machines).map(([name, nic]) => ({
    owner: `${name}/${machineLink}`,
    path: ["machines", name],
    nic,
  }));
  return [...nics, ...machines];
}

/** Gives each plug its port: first those that ask for one, then p1, p2, ... as they are free. */
function plugIn(draft: ScenarioDraft, plugs: readonly Plug[], report: Report): Plugged {
  const plugged = new Map<string, string>();
  const holders = new Map<string, string>();
  const switches = Object.keys(draft.switches);
  for (const { owner, path, nic } of plugs) {
    if (!switches.includes(nic.switch)) {
      report([...path, "switch"], `no switch "${nic.switch}"${didYouMean(nic.switch, switches)}`);
    }
    if (nic.port === undefined) continue;
    const holder = holders.get(`${nic.switch}/${nic.port}`);
    if (holder !== undefined) {
      report([...path, "port"], `port ${nic.port} of ${nic.switch} already holds ${holder}`);
    }
    holders.set(`${nic.switch}/${nic.port}`, owner);
    plugged.set(owner, nic.port);
  }
  for (const { owner, nic } of plugs) {
    if (nic.port !== undefined) continue;
    const declared = draft.switches[nic.switch]?.ports ?? {};
    const isTaken = (port: string) =>
      Object.hasOwn(declared, port) || holders.has(`${nic.switch}/${port}`);
    let number = 1;
    while (isTaken(`p${number}`)) number += 1;
    holders.set(`${nic.switch}/p${number}`, owner);
    plugged.set(owner, `p${number}`);
  }
  return plugged;
}

function resolvePort(
  name: string,
  port: SwitchPortDraft | undefined,
  report: (message: string) => void,
): ScenarioPort {
  if (port === undefined) {
    return { name, vlan: { kind: "plain" }, hairpin: false, isolated: false };
  }
  const { access, trunk, native, lock, hairpin, isolated } = port;
  if (access !== undefined && (trunk ?? native) !== undefined) {
    report("a port is either access, or trunk with native");
  } else if (native !== undefined && trunk === undefined) {
    report("native goes with trunk");
  }
  return { name, vlan: portVlan(port), hairpin, isolated, ...(lock === undefined ? {} : { lock }) };
}

function portVlan({ access, trunk, native }: SwitchPortDraft): PortVlan {
  if (access !== undefined) return { kind: "access", vlan: access };
  if (trunk === undefined) return { kind: "plain" };
  return { kind: "trunk", vlans: trunk, ...(native === undefined ? {} : { native }) };
}

function resolveHost(
  name: string,
  host: HostDraft,
  plugged: Plugged,
  report: Report,
): ScenarioHost {
  const path = ["hosts", name];
  return {
    name,
    nics: Object.entries(host.nics).map(([link, nic]) =>
      resolveNic({ node: name, name: link, nic, path: [...path, "nics", link] }, plugged, report),
    ),
    routes: resolveRoutes(host.routes, path, report),
    sysctls: host.sysctls,
    run: host.run,
    nameservers: host.nameservers,
    networks: Object.entries(host.networks).map(([network, draft]) =>
      resolveNetwork(network, draft, host, (keys, message) =>
        report([...path, "networks", network, ...keys], message),
      ),
    ),
    containers: Object.entries(host.containers).map(([container, draft]) =>
      resolveContainer(container, draft, host, (keys, message) =>
        report([...path, "containers", container, ...keys], message),
      ),
    ),
  };
}

function resolveNic(
  at: { node: string; name: string; nic: NicDraft; path: Path },
  plugged: Plugged,
  report: Report,
): ScenarioNic {
  const { node, name, nic, path } = at;
  const port = plugged.get(`${node}/${name}`);
  assert(port !== undefined, `${node}/${name} is plugged in`);
  const ips = nic.addresses.map(interfaceAddressIp);
  for (const [index, ip] of ips.entries()) {
    if (ips.indexOf(ip) < index) report([...path, "addresses", index], `${ip} stands here twice`);
  }
  const { addresses, mtu, up } = nic;
  const mac = nic.mac ?? derivedMac(node, name);
  const vlans = resolveVlans(at, report);
  return { name, switch: nic.switch, port, mac, addresses, mtu, up, vlans };
}

function resolveVlans(
  { name: parent, nic, path }: { name: string; nic: NicDraft; path: Path },
  report: Report,
): readonly ScenarioVlan[] {
  return Object.entries(nic.vlans).map(([key, { addresses }]) => {
    const id = Number(key);
    const name = `${parent}.${key}`;
    const place = [...path, "vlans", key];
    if (id > VLAN_MAX) report(place, `a VLAN is a number from 1 to ${VLAN_MAX}`);
    if (name.length > LINK_NAME_MAX) {
      report(place, `its link would be ${name}, and a name has up to ${LINK_NAME_MAX} letters`);
    }
    return { id, name, addresses };
  });
}

/** The same MAC in every run for a link that the file gives none: locally administered, unicast. */
function derivedMac(node: string, link: string): Mac {
  const digest = createHash("sha256").update(`${node}/${link}`).digest();
  return macFromBytes(Uint8Array.of(0x02, ...digest.subarray(0, 5)));
}

function resolveRoutes(
  routes: readonly RouteDraft[],
  path: Path,
  report: Report,
): readonly ScenarioRoute[] {
  return routes.map((route, index) => {
    const to = route.to === "default" ? defaultRoute(route) : route.to;
    const place = [...path, "routes", index];
    if (route.via === undefined && route.dev === undefined) {
      report(place, "a route needs via or dev");
    } else if (route.via !== undefined && ipVersion(route.via) !== prefixVersion(to)) {
      report(place, `${to} cannot go via ${route.via}: IPv4 and IPv6 do not mix`);
    }
    return { ...route, to };
  });
}

function defaultRoute({ via }: RouteDraft): Prefix {
  const everything = parsePrefix(via === undefined || ipVersion(via) === 4 ? "0.0.0.0/0" : "::/0");
  assert(everything.ok, "the default route is a prefix");
  return everything.value;
}

function resolveContainer(
  name: string,
  draft: ContainerDraft,
  host: HostDraft,
  report: Report,
): ScenarioContainer {
  const known = Object.keys(host.networks);
  const links = new Map<string, string>();
  const networks = Object.entries(draft.networks).map(([network, options], index) => {
    const path = ["networks", network];
    if (!known.includes(network)) {
      report(path, `no network "${network}" on this host${didYouMean(network, known)}`);
    }
    if (host.networks[network]?.create === "later") {
      report(path, `network "${network}" is created later; attach to it with an action`);
    }
    const ifname = options.ifname ?? `eth${index}`;
    const holder = links.get(ifname);
    if (holder !== undefined) report(path, `${ifname} is already the link to ${holder}`);
    links.set(ifname, network);
    const { mac, defaultRoute, tap } = options;
    return {
      network,
      ips: options.ip ?? [],
      ...(mac === undefined ? {} : { mac }),
      ifname,
      tap,
      ...(defaultRoute === undefined ? {} : { defaultRoute }),
    } satisfies ScenarioAttachment;
  });
  const { sysctls, run, publish } = draft;
  return { name, networks, sysctls, run, publish };
}
