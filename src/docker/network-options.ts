import {
  type IpRange,
  type Mac,
  type Prefix,
  parseIp,
  parseMac,
  parsePrefix,
  parseRange,
} from "../addr/index.ts";
import { collect, err, mapResult, nearest, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Driver,
  driverModes,
  type ExtraRoute,
  type IfName,
  type Mtu,
  type NetworkName,
  parseDriver,
  parseIfName,
  parseMtu,
  parseNetworkName,
  parseVlanTag,
  parseWorkloadName,
  type Reservation,
  type VlanTag,
} from "../domain/index.ts";
import { optionLater, optionUnknown, optionWrong } from "./problems.ts";

/** What `docker network create -o …` said. */
export interface NetworkOptions {
  readonly name?: NetworkName;
  readonly parent?: IfName;
  /** Tags on the parent, outermost first. */
  readonly vlan?: readonly VlanTag[];
  readonly driver: Driver;
  readonly mtu?: Mtu;
  /** Beside Docker's own --ip-range, which takes a prefix. */
  readonly ranges: readonly IpRange[];
  readonly exclusions: readonly IpRange[];
  readonly reservations: readonly Reservation[];
  readonly routes: readonly ExtraRoute[];
}

/** The options of `docker network create -o`; those of one row mean the same. */
export const networkOptionNames = {
  name: ["name"],
  parent: ["parent"],
  driver: ["driver"],
  mode: ["mode", "macvlan_mode"],
  ipvlanMode: ["ipvlan_mode"],
  flag: ["flag", "ipvlan_flag"],
  vlan: ["vlan"],
  source: ["source"],
  bcqueuelen: ["bcqueuelen"],
  mtu: ["mtu", "com.docker.network.driver.mtu"],
  range: ["range"],
  exclude: ["exclude"],
  reserve: ["reserve"],
  route: ["route"],
} as const;

/** Planned; silence would be taken for consent. */
export const laterNetworkOptions: readonly string[] = ["host_access", "conflict_check"];

/** Docker does itself what these say. */
const dockersOwn: readonly string[] = [
  "com.docker.network.advertise_addr_nmsgs",
  "com.docker.network.advertise_addr_ms",
  "com.docker.network.enable_ipv4",
  "com.docker.network.enable_ipv6",
  "com.docker.network.internal",
];

const known: readonly string[] = Object.values(networkOptionNames).flat();

/** The options as typed, each by its first name. */
type Words = { readonly [name in keyof typeof networkOptionNames]?: string };

/** Reads the driver options of a network; each must be known and have a meaning. */
export function parseNetworkOptions(given: unknown): Result<NetworkOptions, Problem> {
  const words = sortWords(given ?? {});
  if (!words.ok) return words;
  const driver = driverOf(words.value);
  if (!driver.ok) return driver;
  const { name, parent, vlan, mtu, range, exclude, reserve, route } = words.value;
  const named = perhaps(name, parseNetworkName);
  if (!named.ok) return named;
  const link = perhaps(parent, parseIfName);
  if (!link.ok) return link;
  const tags = listOf(vlan, parseVlanTag);
  if (!tags.ok) return tags;
  if (vlan !== undefined && parent === undefined) {
    const reason = "a VLAN is one of a parent, and there is none";
    return err(optionWrong({ option: "vlan", value: vlan, reason }));
  }
  const size = perhaps(mtu, parseMtu);
  if (!size.ok) return size;
  const ranges = listOf(range, parseRange);
  if (!ranges.ok) return ranges;
  const exclusions = listOf(exclude, parseRange);
  if (!exclusions.ok) return exclusions;
  const reservations = listOf(reserve, parseReservation);
  if (!reservations.ok) return reservations;
  const routes = listOf(route, parseRoute);
  if (!routes.ok) return routes;
  return ok({
    driver: driver.value,
    ranges: ranges.value,
    exclusions: exclusions.value,
    reservations: reservations.value,
    routes: routes.value,
    ...(named.value === undefined ? {} : { name: named.value }),
    ...(link.value === undefined ? {} : { parent: link.value }),
    ...(tags.value.length === 0 ? {} : { vlan: tags.value }),
    ...(size.value === undefined ? {} : { mtu: size.value }),
  });
}

function sortWords(given: object): Result<Words, Problem> {
  const words: Record<string, string> = {};
  for (const [option, value] of Object.entries(given)) {
    if (dockersOwn.includes(option)) continue;
    if (laterNetworkOptions.includes(option)) return err(optionLater({ option }));
    const row = Object.entries(networkOptionNames).find(([, names]) =>
      (names as readonly string[]).includes(option),
    );
    if (row === undefined) return err(unknownOption(option, "network option", known));
    const [name, names] = row;
    if (typeof value !== "string") {
      return err(optionWrong({ option, value: JSON.stringify(value), reason: "it is no text" }));
    }
    const before = words[name];
    if (before !== undefined && before !== value) {
      const reason = `${names.join(" and ")} mean the same, and the other one is "${before}"`;
      return err(optionWrong({ option, value, reason }));
    }
    words[name] = value;
  }
  return ok(words);
}

/** An option that there is not, and the one that was probably meant. */
export function unknownOption(option: string, of: string, known: readonly string[]): Problem {
  return optionUnknown({ option, of, known, near: nearest(option, known) });
}

/** Which driver it is, by its own option or by what only one of them has. */
function driverOf(words: Words): Result<Driver, Problem> {
  const { flag, source, bcqueuelen, ipvlanMode, mode = ipvlanMode } = words;
  const isIpvlan = driverModes.ipvlan.some((known) => known === mode) || ipvlanMode !== undefined;
  const sources: Result<readonly Mac[], Problem> = listOf(source, parseMac);
  if (!sources.ok) return sources;
  const frames = perhaps(bcqueuelen, parseCount);
  if (!frames.ok) return frames;
  return parseDriver({
    kind: words.driver ?? (isIpvlan ? "ipvlan" : "macvlan"),
    sources: sources.value,
    ...(mode === undefined ? {} : { mode }),
    ...(flag === undefined ? {} : { flag }),
    ...(frames.value === undefined ? {} : { bcQueueLen: frames.value }),
  });
}

function parseCount(value: string): Result<number, Problem> {
  if (/^\d{1,15}$/.test(value)) return ok(Number(value));
  return err(optionWrong({ option: "bcqueuelen", value, reason: "it is no whole number" }));
}

/** "WORKLOAD=ADDRESS". */
function parseReservation(value: string): Result<Reservation, Problem> {
  const [name = "", address, ...rest] = value.split("=");
  if (address === undefined || rest.length > 0) {
    const reason = "a reservation is WORKLOAD=ADDRESS, such as web=192.168.1.20";
    return err(optionWrong({ option: "reserve", value, reason }));
  }
  const workload = parseWorkloadName(name);
  if (!workload.ok) return workload;
  return mapResult(parseIp(address), (ip) => ({ workload: workload.value, address: ip }));
}

/** "PREFIX" or "PREFIX via ADDRESS", also with a comma before "via", as on our command line. */
function parseRoute(value: string): Result<ExtraRoute, Problem> {
  const parts = /^([^\s,]+)(?:[\s,]+via\s+(\S+))?$/.exec(value);
  if (parts === null) {
    const reason = 'a route is PREFIX or "PREFIX via ADDRESS"';
    return err(optionWrong({ option: "route", value, reason }));
  }
  const to: Result<Prefix, Problem> = parsePrefix(parts[1]);
  if (!to.ok || parts[2] === undefined) return mapResult(to, (prefix) => ({ to: prefix }));
  return mapResult(parseIp(parts[2]), (via) => ({ to: to.value, via }));
}

function perhaps<T>(
  text: string | undefined,
  parse: (text: string) => Result<T, Problem>,
): Result<T | undefined, Problem> {
  return text === undefined ? ok(undefined) : parse(text);
}

function listOf<T>(
  text: string | undefined,
  parse: (text: string) => Result<T, Problem>,
): Result<readonly T[], Problem> {
  if (text === undefined) return ok([]);
  // The comma before "via" belongs to its route.
  return collect(text.split(/,(?!\s*via\s)/).map((item) => parse(item.trim())));
}
