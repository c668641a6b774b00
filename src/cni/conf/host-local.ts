import {
  formatRange,
  type InterfaceAddress,
  type Ip,
  interfaceAddressIp,
  interfaceAddressLength,
  interfaceAddressPrefix,
  ipFromBigint,
  ipToBigint,
  ipVersion,
  type Prefix,
  prefixContains,
  prefixIp,
  prefixLength,
  prefixRange,
  prefixVersion,
  rangeContains,
} from "../../addr/index.ts";
import { collect, defined, err, ok, type Result } from "../../base/index.ts";
import { readCidr, readIpOfCidr, readOptionalIp } from "../spec/address.ts";
import type { CniArgs } from "../spec/args.ts";
import type { NetworkConfig } from "../spec/call.ts";
import { decodeRoute } from "../spec/decode-result.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { type Decoder, fields, listOf, text, textOf, wrongValue } from "../spec/json.ts";
import { tooManyAddresses } from "./address-count.ts";
import type { AddressPoolConfig, AddressPools, HostLocalConfig } from "./ipam.ts";
import { hostLocalDirectory } from "./leave.ts";
import { missingIpam } from "./missing-ipam.ts";

const ip = textOf(readOptionalIp);

const poolShape = {
  subnet: textOf(readCidr),
  rangeStart: ip,
  rangeEnd: ip,
  gateway: ip,
};

const poolFields = fields(poolShape);

interface PoolWish {
  readonly subnet?: InterfaceAddress;
  readonly rangeStart?: Ip | undefined;
  readonly rangeEnd?: Ip | undefined;
  readonly gateway?: Ip | undefined;
}

const sets: Decoder<readonly (readonly PoolWish[])[]> = listOf(listOf(poolFields));
const addresses = listOf(textOf(readIpOfCidr));

const configFields = fields({
  ipam: fields({
    ...poolShape,
    ranges: sets,
    routes: listOf(decodeRoute),
    dataDir: text,
    resolvConf: text,
  }),
  runtimeConfig: fields({ ipRanges: sets, ips: addresses }),
  args: fields({ cni: fields({ ips: addresses }) }),
});

/**
 * What `host-local` is to do. The sets of `runtimeConfig.ipRanges` come first, then the one of the
 * old form (`subnet` beside `type`), then `ranges`. Addresses are asked for by CNI_ARGS,
 * `args.cni.ips` and `runtimeConfig.ips`, all together.
 */
export function parseHostLocal(
  config: NetworkConfig,
  args: CniArgs,
): Result<HostLocalConfig, CniError> {
  const decoded = configFields(config.object, "");
  if (!decoded.ok) return decoded;
  const { ipam, runtimeConfig = {}, args: given = {} } = decoded.value;
  if (ipam === undefined) return err(missingIpam);
  const old: readonly PoolWish[][] = ipam.subnet === undefined ? [] : [[ipam]];
  const wishes = [...(runtimeConfig.ipRanges ?? []), ...old, ...(ipam.ranges ?? [])];
  const pools = checkSets(wishes, config);
  if (!pools.ok) return pools;
  const asked = args.get("IP");
  const requested = asked === undefined ? ok([]) : addresses([asked], "CNI_ARGS IP");
  if (!requested.ok) return requested;
  const directory = hostLocalDirectory(config);
  if (directory === undefined) {
    return err(wrongValue("ipam.dataDir", `${ipam.dataDir} is not an absolute path`));
  }
  const { resolvConf = "" } = ipam;
  return ok({
    kind: "host-local",
    sets: pools.value,
    requested: [
      ...new Set([...requested.value, ...(given.cni?.ips ?? []), ...(runtimeConfig.ips ?? [])]),
    ],
    routes: ipam.routes ?? [],
    directory,
    ...(resolvConf === "" ? {} : { resolvConf }),
  });
}

function checkSets(
  wishes: readonly (readonly PoolWish[])[],
  { version }: NetworkConfig,
): Result<readonly AddressPools[], CniError> {
  if (wishes.length === 0) return err(cniError("invalidConfig", "no IP ranges specified"));
  const pools: AddressPools[] = [];
  for (const [index, wish] of wishes.entries()) {
    const set = checkSet(wish);
    if (!set.ok) {
      return err(cniError("invalidConfig", `invalid range set ${index}: ${set.error}`));
    }
    pools.push(set.value);
  }
  const versions = pools.map((set) => versionOf(defined(set[0], "a pool of each set")));
  const tooMany = tooManyAddresses(versions, version);
  if (tooMany !== undefined) return err(tooMany);
  for (const [first, second] of pairs(pools.length)) {
    const [a = [], b = []] = [pools[first], pools[second]];
    if (a.some((one) => b.some((other) => overlap(one, other)))) {
      return err(cniError("invalidConfig", `range set ${first} overlaps with ${second}`));
    }
  }
  return ok(pools);
}

/** The pools of one set, or in which way they do not fit together, as the reference says it. */
function checkSet(wishes: readonly PoolWish[]): Result<AddressPools, string> {
  if (wishes.length === 0) return err("empty range set");
  const pools = collect(wishes.map(checkPool));
  if (!pools.ok) return pools;
  const [first, ...others] = pools.value;
  if (first !== undefined && others.some((pool) => versionOf(pool) !== versionOf(first))) {
    return err("mixed address families");
  }
  for (const [one, other] of pairs(pools.value.length)) {
    const a = defined(pools.value[one], "a pool by its index");
    const b = defined(pools.value[other], "a pool by its index");
    if (!overlap(a, b)) continue;
    return err(`subnets ${describePool(a)} and ${describePool(b)} overlap`);
  }
  return pools;
}

function checkPool({ subnet, ...wish }: PoolWish): Result<AddressPoolConfig, string> {
  if (subnet === undefined) return err("subnet is missing");
  const prefix = interfaceAddressPrefix(subnet);
  const length = prefixLength(prefix);
  if (length > (prefixVersion(prefix) === 4 ? 30 : 126)) {
    return err(`Network ${prefix} too small to allocate from`);
  }
  if (interfaceAddressIp(subnet) !== prefixIp(prefix)) {
    const words = `For a subnet mask of length ${interfaceAddressLength(subnet)}`;
    return err(`Network has host bits set. ${words} the network address is ${prefixIp(prefix)}`);
  }
  const { rangeStart, rangeEnd } = wish;
  const outside = (what: string, address: Ip) => err(`${what} ${address} not in network ${prefix}`);
  if (rangeStart !== undefined && !prefixContains(prefix, rangeStart)) {
    return outside("RangeStart", rangeStart);
  }
  if (rangeEnd !== undefined && !prefixContains(prefix, rangeEnd)) {
    return outside("RangeEnd", rangeEnd);
  }
  const first = rangeStart === undefined ? firstOf(prefix) : ipToBigint(rangeStart);
  const last = rangeEnd === undefined ? lastOf(prefix) : ipToBigint(rangeEnd);
  const version = prefixVersion(prefix);
  if (first > last) {
    // So the reference says it, too, although it is the order that is wrong.
    return rangeStart === undefined
      ? outside("RangeEnd", ipFromBigint(version, last))
      : outside("RangeStart", rangeStart);
  }
  const gateway = wish.gateway ?? ipFromBigint(version, firstOf(prefix));
  if (ipVersion(gateway) !== version) {
    return err(`gateway ${gateway} is not of the IP version of network ${prefix}`);
  }
  return ok({ prefix, range: { version, first, last }, gateway });
}

function firstOf(prefix: Prefix): bigint {
  return prefixRange(prefix).first + 1n;
}

/** Without the broadcast address, which IPv6 does not have. */
function lastOf(prefix: Prefix): bigint {
  const { last } = prefixRange(prefix);
  return prefixVersion(prefix) === 4 ? last - 1n : last;
}

function versionOf({ range }: AddressPoolConfig): 4 | 6 {
  return range.version;
}

function overlap({ range: a }: AddressPoolConfig, { range: b }: AddressPoolConfig): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

/** "10.1.2.1-10.1.2.254", also where there is one address only. */
function describePool({ range }: AddressPoolConfig): string {
  const words = formatRange(range);
  return words.includes("-") ? words : `${words}-${words}`;
}

/** As messages name a set. */
export function describeSet(pools: AddressPools): string {
  return pools.map(describePool).join(",");
}

/** The pool of a set that an address is in. */
export function poolOf(pools: AddressPools, address: Ip): AddressPoolConfig | undefined {
  return pools.find(({ range }) => rangeContains(range, address));
}

function* pairs(count: number): Generator<readonly [first: number, second: number]> {
  for (let first = 0; first < count; first++) {
    for (let second = first + 1; second < count; second++) yield [first, second];
  }
}
