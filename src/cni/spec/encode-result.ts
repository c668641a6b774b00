import { interfaceAddressIp, ipVersion } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import { type CniError, cniError } from "./error.ts";
import type { CniResult, Dns, ResultInterface, ResultIp, ResultRoute } from "./result.ts";
import { type CniVersion, isAtLeast } from "./versions.ts";

/**
 * The result as the reference library writes it for `version`. What that has no words for is left
 * out: below 1.0.0 what links are beside name, MAC and sandbox; below 0.3.0 links, every address
 * but the first of each IP version, and the routes of a version without address. Error: a result
 * without any address cannot be told below 0.3.0.
 */
export function encodeResult(result: CniResult, version: CniVersion): Result<string, CniError> {
  if (isAtLeast(version, "0.3.0")) return ok(print(richDocument(result, version)));
  const parts = { ip4: oldPart(result, 4), ip6: oldPart(result, 6) };
  if (parts.ip4 === undefined && parts.ip6 === undefined) {
    return err(cniError("internal", "cannot convert: no valid IP addresses"));
  }
  return ok(print({ cniVersion: version, ...parts, dns: dnsDocument(result.dns) }));
}

/** Indented like the reference's: people read it in logs. Members without a value are left out. */
function print(document: object): string {
  return JSON.stringify(document, undefined, 4);
}

function richDocument({ interfaces, ips, routes, dns }: CniResult, version: CniVersion): object {
  const isModern = isAtLeast(version, "1.0.0");
  const dnsMembers = dnsDocument(dns);
  const hasDns = Object.values(dnsMembers).some((value) => value !== undefined);
  return {
    cniVersion: version,
    interfaces: list(interfaces.map((link) => (isModern ? link : oldInterface(link)))),
    ips: list(ips.map((ip) => (isModern ? ip : versionedIp(ip)))),
    routes: list(routes),
    dns: isModern && !hasDns ? undefined : dnsMembers,
  };
}

function oldInterface({ name, mac, sandbox }: ResultInterface): object {
  return { name, mac, sandbox };
}

function versionedIp(ip: ResultIp): object {
  return { version: String(versionOf(ip)), ...ip };
}

function versionOf({ address }: Pick<ResultIp, "address">): 4 | 6 {
  return ipVersion(interfaceAddressIp(address));
}

function oldPart({ ips, routes }: CniResult, version: 4 | 6): object | undefined {
  const first = ips.find((ip) => versionOf(ip) === version);
  if (first === undefined) return undefined;
  const own = routes.filter((route) => versionOf({ address: route.dst }) === version);
  return { ip: first.address, gateway: first.gateway, routes: list(own.map(oldRoute)) };
}

function oldRoute({ dst, gw }: ResultRoute): object {
  return { dst, gw };
}

function dnsDocument({ nameservers, domain, search, options }: Dns): object {
  return {
    nameservers: list(nameservers),
    domain,
    search: list(search),
    options: list(options),
  };
}

function list<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}
