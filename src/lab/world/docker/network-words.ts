import {
  formatRange,
  type IpRange,
  type Prefix,
  prefixRange,
  prefixVersion,
} from "../../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../../base/index.ts";
import { formatVlanTag } from "../../../domain/index.ts";
import type { DockerBridge, LanNetwork, ScenarioNetwork } from "../../format/scenario.ts";
import { labUnsupported } from "../../lab-problems.ts";
import { checkDriven } from "../attach-containers.ts";

/** From this version of Docker's API on a network may be without IPv4, and the gateway chosen. */
export const API_OF_28 = 48;

/**
 * The words of `docker network create` for a network of a scenario; `api` is the minor version of
 * the engine's API. What Docker has no words for is refused.
 */
export function networkWords(
  network: ScenarioNetwork,
  api: number,
): Result<readonly string[], Problem> {
  const own = network.driver === "docker-bridge" ? bridgeWords(network) : lanWords(network);
  if (!own.ok) return own;
  const families = familyWords(network, api);
  if (!families.ok) return families;
  const common = [
    ...network.subnets.flatMap((subnet) => ["--subnet", subnet]),
    ...network.gateways.flatMap((gateway) => ["--gateway", gateway]),
    ...network.exclude.filter(isSingle).flatMap(auxAddress),
    ...(network.internal ? ["--internal"] : []),
  ];
  const name = network.name;
  return ok(["network", "create", ...own.value, ...families.value, ...common, name]);
}

function lanWords(network: LanNetwork): Result<readonly string[], Problem> {
  const driven = checkDriven(network);
  if (!driven.ok) return driven;
  const { name, parent, vlan = [], mode, flag, bcqueuelen, mtu, source, routes } = network;
  const reserved = Object.entries(network.reservations).flatMap(([workload, ips]) =>
    ips.map((ip) => `${workload}=${ip}`),
  );
  const { ranges, dockers } = sortRanges(network);
  const options: Readonly<Record<string, string | number | undefined>> = {
    ...{ name, parent, vlan: listed(vlan.map(formatVlanTag)), mode, flag, bcqueuelen, mtu },
    driver: network.driver === "macvlan" ? undefined : network.driver,
    source: listed(source),
    range: listed(ranges.map(formatRange)),
    exclude: listed(network.exclude.filter((range) => !isSingle(range)).map(formatRange)),
    reserve: listed(reserved),
    route: listed(routes.map(({ to, via }) => (via === undefined ? to : `${to} via ${via}`))),
  };
  const given = Object.entries(options).flatMap(([key, value]) =>
    value === undefined ? [] : ["--opt", `${key}=${value}`],
  );
  return ok(["--driver", "landfall", "--ipam-driver", "landfall", ...given, ...dockers]);
}

function bridgeWords(network: DockerBridge): Result<readonly string[], Problem> {
  const { ranges, dockers } = sortRanges(network);
  const [odd] = ranges;
  if (odd !== undefined) return refuse(`range ${formatRange(odd)}, which is no prefix,`, network);
  const wide = network.exclude.find((range) => !isSingle(range));
  if (wide !== undefined)
    return refuse(`exclude ${formatRange(wide)}, more than one address,`, network);
  const { mtu } = network;
  const size = mtu === undefined ? [] : ["--opt", `com.docker.network.driver.mtu=${mtu}`];
  return ok(["--driver", "bridge", ...size, ...dockers]);
}

/** Docker takes one range a subnet, and only prefixes; all others are an option of ours. */
function sortRanges({ subnets, ranges }: ScenarioNetwork) {
  const prefixes = ranges.map(asPrefix);
  const whole = prefixes.filter((prefix) => prefix !== undefined);
  const dockersOwn = whole.length === ranges.length && whole.length <= 1 && subnets.length <= 1;
  return dockersOwn
    ? { ranges: [], dockers: whole.flatMap((prefix) => ["--ip-range", prefix]) }
    : { ranges, dockers: [] };
}

function asPrefix(range: IpRange): Prefix | undefined {
  const size = range.last - range.first + 1n;
  const bits = size.toString(2).length - 1;
  const length = (range.version === 4 ? 32 : 128) - bits;
  const text = `${formatRange({ ...range, last: range.first })}/${length}` as Prefix;
  if (size !== 1n << BigInt(bits) || range.first % size !== 0n) return undefined;
  return prefixRange(text).last === range.last ? text : undefined;
}

function familyWords(network: ScenarioNetwork, api: number): Result<readonly string[], Problem> {
  const versions = network.subnets.map(prefixVersion);
  const six = versions.includes(6) ? ["--ipv6"] : [];
  if (versions.length === 0 || versions.includes(4)) return ok(six);
  if (api >= API_OF_28) return ok([...six, "--ipv4=false"]);
  return refuse("a network without IPv4", network);
}

const isSingle = ({ first, last }: IpRange): boolean => first === last;

function auxAddress(range: IpRange, index: number): readonly string[] {
  return ["--aux-address", `exclude${index}=${formatRange(range)}`];
}

function listed(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(",");
}

function refuse(what: string, { name }: ScenarioNetwork): Result<never, Problem> {
  return err(labUnsupported({ what: `${what} through this Docker (network ${name})` }));
}
