import { type Ip, ipVersion, type Mac } from "../../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../../base/index.ts";
import { IMAGE } from "../../../dockerd/index.ts";
import type { ScenarioContainer, ScenarioNetwork } from "../../format/scenario.ts";
import { labUnsupported } from "../../lab-problems.ts";
import { API_OF_28 } from "./network-words.ts";

/** One network of a container, as far as Docker has words for it. */
export interface DockerAttachment {
  readonly network: ScenarioNetwork;
  readonly ips: readonly Ip[];
  readonly mac?: Mac;
  /** Higher is more wanted; only engines from 28 on hear it. */
  readonly gatewayPriority?: number;
}

/** The words of `docker run` for a container; it idles until it is stopped. */
export function runWords(
  { name, sysctls, publish }: ScenarioContainer,
  attachment: DockerAttachment,
): Result<readonly string[], Problem> {
  const addresses = addressesOf(name, attachment);
  if (!addresses.ok) return addresses;
  const { network, mac, gatewayPriority: priority } = attachment;
  const odd = Object.keys(sysctls).find((key) => key.includes("/"));
  if (odd !== undefined) return refuse(`sysctl ${odd}, which Docker writes with dots,`, name);
  const { ip, ip6 } = addresses.value;
  const place = [
    `name=${network.name}`,
    ...(network.driver === "docker-bridge" ? [] : [`driver-opt=workload=${name}`]),
    ...(ip === undefined ? [] : [`ip=${ip}`]),
    ...(ip6 === undefined ? [] : [`ip6=${ip6}`]),
    ...(priority === undefined ? [] : [`gw-priority=${priority}`]),
  ];
  return ok([
    ...["run", "--detach", "--name", name, "--hostname", name, "--network", place.join(",")],
    ...(mac === undefined ? [] : ["--mac-address", mac]),
    ...Object.entries(sysctls).flatMap(([key, value]) => ["--sysctl", `${key}=${value}`]),
    ...publish.flatMap((ports) => ["--publish", ports]),
    IMAGE,
  ]);
}

/** The words of `docker network connect` for a container that is there. */
export function connectWords(
  name: string,
  attachment: DockerAttachment,
): Result<readonly string[], Problem> {
  const addresses = addressesOf(name, attachment);
  if (!addresses.ok) return addresses;
  const { network, mac, gatewayPriority: priority } = attachment;
  if (mac !== undefined)
    return refuse(`a MAC on network ${network.name}, not the first one,`, name);
  const { ip, ip6 } = addresses.value;
  return ok([
    ...["network", "connect"],
    ...(network.driver === "docker-bridge" ? [] : ["--driver-opt", `workload=${name}`]),
    ...(ip === undefined ? [] : ["--ip", ip]),
    ...(ip6 === undefined ? [] : ["--ip6", ip6]),
    ...(priority === undefined ? [] : ["--gw-priority", String(priority)]),
    ...[network.name, name],
  ]);
}

function addressesOf(
  name: string,
  { ips, network }: DockerAttachment,
): Result<{ readonly ip?: Ip; readonly ip6?: Ip }, Problem> {
  const [four = [], six = []] = ([4, 6] as const).map((version) =>
    ips.filter((ip) => ipVersion(ip) === version),
  );
  if (four.length > 1 || six.length > 1) {
    return refuse(`two addresses of one version on network ${network.name}`, name);
  }
  const [ip] = four;
  const [ip6] = six;
  return ok({ ...(ip === undefined ? {} : { ip }), ...(ip6 === undefined ? {} : { ip6 }) });
}

/** What a container of the file asks of its networks, each with its network. */
export interface Asked {
  readonly network: ScenarioNetwork;
  readonly ips: readonly Ip[];
  readonly mac?: Mac;
  readonly ifname: string;
  readonly tap: boolean;
  readonly defaultRoute?: boolean;
}

/** Docker's version of what a container asks; what it has no words for is refused. */
export function attachmentsOf(
  { name }: ScenarioContainer,
  asked: readonly Asked[],
  api: number,
): Result<readonly DockerAttachment[], Problem> {
  const named = asked.find(({ ifname }, index) => ifname !== `eth${index}`);
  if (named !== undefined) return refuse(`a link called ${named.ifname}`, name);
  if (asked.some(({ tap }) => tap)) return refuse("a macvtap link", name);
  const chosen = asked.filter(({ defaultRoute }) => defaultRoute !== undefined);
  if (api < API_OF_28 && chosen.length > 0) {
    const fits = checkOrder(name, asked);
    if (!fits.ok) return fits;
  }
  return ok(
    asked.map(({ network, ips, mac, defaultRoute }) => ({
      ...{ network, ips },
      ...(mac === undefined ? {} : { mac }),
      ...(api < API_OF_28 || defaultRoute === undefined
        ? {}
        : { gatewayPriority: defaultRoute ? 1 : -1 }),
    })),
  );
}

/** Before 28 the default route is that of the network whose name sorts first. */
function checkOrder(name: string, asked: readonly Asked[]): Result<void, Problem> {
  const routed = asked.filter(({ network }) => !network.internal);
  const [first] = routed.toSorted((a, b) => (a.network.name < b.network.name ? -1 : 1));
  const wanted = asked.find(({ defaultRoute }) => defaultRoute === true) ?? first;
  if (first === undefined || (wanted === first && first.defaultRoute !== false)) return ok();
  const why = `where ${first.network.name} sorts before it`;
  return refuse(`another default route than that of ${first.network.name}, ${why}`, name);
}

function refuse(what: string, container: string): Result<never, Problem> {
  return err(labUnsupported({ what: `${what} through this Docker (container ${container})` }));
}
