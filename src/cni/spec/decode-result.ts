import { type InterfaceAddress, interfaceAddressIp, ipVersion } from "../../addr/index.ts";
import { err, mapResult, ok, type Result } from "../../base/index.ts";
import { readCidr, readOptionalIp } from "./address.ts";
import { type CniError, cniError } from "./error.ts";
import {
  type Decoder,
  type Fields,
  fields,
  integer,
  type Json,
  listOf,
  missingKey,
  text,
  textOf,
  wrongValue,
} from "./json.ts";
import { type CniResult, type Dns, noDns, type ResultIp, type ResultRoute } from "./result.ts";
import { type CniVersion, isAtLeast, knownVersion } from "./versions.ts";

const INT_MAX = 2 ** 31 - 1;
const UINT32_MAX = 2 ** 32 - 1;

const dnsFields = fields({
  nameservers: listOf(text),
  domain: text,
  search: listOf(text),
  options: listOf(text),
});

/** `dns` of a result or a configuration. */
export const decodeDns: Decoder<Dns> = (value, path) =>
  mapResult(dnsFields(value, path), ({ nameservers = [], domain = "", search, options }) => ({
    nameservers,
    ...(domain === "" ? {} : { domain }),
    search: search ?? [],
    options: options ?? [],
  }));

const routeFields = fields({
  dst: textOf(readCidr),
  gw: textOf(readOptionalIp),
  mtu: integer(0, UINT32_MAX),
  advmss: integer(0, UINT32_MAX),
  priority: integer(0, UINT32_MAX),
  table: integer(0, UINT32_MAX),
  scope: integer(0, 255),
});

/** One of `routes`. Zero is no value where Go does not tell the two apart. */
export const decodeRoute: Decoder<ResultRoute> = (value, path) => {
  const route = routeFields(value, path);
  if (!route.ok) return route;
  const { dst, gw, mtu = 0, advmss = 0, priority = 0, table, scope } = route.value;
  if (dst === undefined) return err(missingKey(`${path}.dst`));
  if (gw !== undefined && ipVersion(gw) !== ipVersion(interfaceAddressIp(dst))) {
    return err(wrongValue(`${path}.gw`, `${gw} is not of the IP version of ${dst}`));
  }
  return ok({
    dst,
    ...(gw === undefined ? {} : { gw }),
    ...(mtu === 0 ? {} : { mtu }),
    ...(advmss === 0 ? {} : { advmss }),
    ...(priority === 0 ? {} : { priority }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope }),
  });
};

const interfaceFields = fields({
  name: text,
  mac: text,
  mtu: integer(0, INT_MAX),
  sandbox: text,
  socketPath: text,
  pciID: text,
});

const ipFields = fields({
  version: text,
  interface: integer(0, INT_MAX),
  address: textOf(readCidr),
  gateway: textOf(readOptionalIp),
});

const decodeInterface: Decoder<CniResult["interfaces"][number]> = (value, path) =>
  mapResult(interfaceFields(value, path), ({ name = "", mtu = 0, ...rest }) => ({
    name,
    ...present("mac", rest.mac),
    ...(mtu === 0 ? {} : { mtu }),
    ...present("sandbox", rest.sandbox),
    ...present("socketPath", rest.socketPath),
    ...present("pciID", rest.pciID),
  }));

const decodeIp: Decoder<ResultIp> = (value, path) => {
  const ip = ipFields(value, path);
  if (!ip.ok) return ip;
  const { address, gateway, interface: index } = ip.value;
  if (address === undefined) return err(missingKey(`${path}.address`));
  return ok({
    address,
    ...(gateway === undefined ? {} : { gateway }),
    ...(index === undefined ? {} : { interface: index }),
  });
};

const resultFields = fields({
  interfaces: listOf(decodeInterface),
  ips: listOf(decodeIp),
  routes: listOf(decodeRoute),
  dns: decodeDns,
});

const oldIpFields = fields({
  ip: textOf(readCidr),
  gateway: textOf(readOptionalIp),
  routes: listOf(decodeRoute),
});

const oldFields = fields({ ip4: oldIpFields, ip6: oldIpFields, dns: decodeDns });

const versionField = fields({ cniVersion: text });

/**
 * A result of any version, `prevResult` for instance; one that does not tell its version has that
 * of the configuration (`fallback`).
 */
export function decodeResult(
  value: Json,
  fallback: CniVersion,
  path: string,
): Result<CniResult, CniError> {
  const named = versionField(value, path);
  if (!named.ok) return named;
  const { cniVersion = "" } = named.value;
  const version = cniVersion === "" ? fallback : knownVersion(cniVersion);
  if (version === undefined) {
    const msg = `unsupported CNI result version ${JSON.stringify(cniVersion)}`;
    return err(cniError("incompatibleVersion", msg));
  }
  if (!isAtLeast(version, "0.3.0")) return decodeOld(value, path);
  return mapResult(resultFields(value, path), (result) => ({
    interfaces: result.interfaces ?? [],
    ips: result.ips ?? [],
    routes: result.routes ?? [],
    dns: result.dns ?? noDns,
  }));
}

function decodeOld(value: Json, path: string): Result<CniResult, CniError> {
  const old = oldFields(value, path);
  if (!old.ok) return old;
  const { ip4, ip6, dns = noDns } = old.value;
  const ips: ResultIp[] = [];
  const routes: ResultRoute[] = [];
  for (const [key, part] of [["ip4", ip4] as const, ["ip6", ip6] as const]) {
    if (part === undefined) continue;
    if (part.ip === undefined) return err(missingKey(`${path}.${key}.ip`));
    ips.push(oldIp(part.ip, part));
    routes.push(...(part.routes ?? []));
  }
  return ok({ interfaces: [], ips, routes, dns });
}

function oldIp(
  address: InterfaceAddress,
  { gateway }: Fields<{ gateway: Decoder<ResultIp["gateway"]> }>,
): ResultIp {
  return { address, ...(gateway === undefined ? {} : { gateway }) };
}

function present<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined || value === "" ? {} : { [key]: value }) as { [P in K]?: string };
}
