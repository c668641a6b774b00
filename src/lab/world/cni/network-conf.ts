import {
  type IpRange,
  ipFromBigint,
  type Prefix,
  prefixContains,
  prefixRange,
  prefixVersion,
} from "../../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../../base/index.ts";
import type { LanNetwork, ScenarioNetwork } from "../../format/scenario.ts";
import { labUnsupported } from "../../lab-problems.ts";
import { checkDriven } from "../attach-containers.ts";

/**
 * The CNI configuration of a network, as text: that of the file, as it stands there, or one for the
 * plugins macvlan or ipvlan with host-local that says the same as the file's other keys. What CNI
 * has no words for is refused.
 */
export function networkConf(network: ScenarioNetwork): Result<string, Problem> {
  if (network.driver === "docker-bridge") return refuse("a docker-bridge", network);
  if (network.cni !== undefined) return ok(network.cni);
  const driven = checkDriven(network);
  if (!driven.ok) return driven;
  const odd = wordless(network);
  if (odd !== undefined) return refuse(`${odd} through CNI`, network);
  const { name, driver, parent, mode, mtu, bcqueuelen } = network;
  const settings = { mode, mtu, bcqueuelen };
  const capabilities = { ips: true, ...(driver === "macvlan" ? { mac: true } : {}) };
  const plugin = { type: driver, master: parent, ...settings, capabilities, ipam: ipam(network) };
  return ok(JSON.stringify({ cniVersion: "1.0.0", name, plugins: [plugin] }));
}

/** What has to be left out, and so must not be asked for. */
function wordless(network: LanNetwork): string | undefined {
  const { flag, source, vlan, exclude, reservations, routes, subnets } = network;
  const families = new Set(subnets.map(prefixVersion));
  const asked: readonly (readonly [string, boolean])[] = [
    [`flag ${flag}`, flag !== undefined],
    ["source", source.length > 0],
    ["vlan", vlan !== undefined],
    ["exclude", exclude.length > 0],
    ["reservations", Object.keys(reservations).length > 0],
    // Every container would get all of them, also those via a router of another subnet.
    ["routes of several subnets", routes.length > 0 && subnets.length > families.size],
  ];
  return asked.find(([, isAsked]) => isAsked)?.[0];
}

/** One set for each family, because a container gets one address from each set. */
function ipam({ subnets, gateways, ranges, routes, internal }: LanNetwork): object {
  const pools = subnets.flatMap((subnet) => poolsOf(subnet, gateways, ranges));
  const sets = ([4, 6] as const).map((version) =>
    pools.filter(({ subnet }) => prefixVersion(subnet) === version),
  );
  const defaults = ([4, 6] as const).flatMap((version) => {
    const isRouted = sets.flat().some((it) => it.gateway && prefixVersion(it.subnet) === version);
    return isRouted && !internal ? [{ dst: version === 4 ? "0.0.0.0/0" : "::/0" }] : [];
  });
  const others = routes.map(({ to, via }) => ({ dst: to, gw: via }));
  const used = sets.filter((set) => set.length > 0);
  return { type: "host-local", ranges: used, routes: [...defaults, ...others] };
}

function poolsOf(subnet: Prefix, gateways: LanNetwork["gateways"], ranges: readonly IpRange[]) {
  const gateway = gateways.find((address) => prefixContains(subnet, address));
  const whole = prefixRange(subnet);
  const own = ranges.filter(
    ({ version, first, last }) =>
      version === whole.version && first >= whole.first && last <= whole.last,
  );
  if (own.length === 0) return [{ subnet, gateway }];
  return own.map(({ version, first, last }) => ({
    subnet,
    gateway,
    rangeStart: ipFromBigint(version, first),
    rangeEnd: ipFromBigint(version, last),
  }));
}

function refuse(what: string, { name }: ScenarioNetwork): Result<never, Problem> {
  return err(labUnsupported({ what: `${what} (network ${name})` }));
}
