import {
  type InterfaceAddress,
  type Ip,
  interfaceAddressIp,
  interfaceAddressPrefix,
  ipVersion,
  prefixContains,
} from "../../addr/index.ts";
import { collect, err, ok, type Result } from "../../base/index.ts";
import { readCidr, readIp, readOptionalIp } from "../spec/address.ts";
import type { CniArgs } from "../spec/args.ts";
import type { NetworkConfig } from "../spec/call.ts";
import { decodeDns, decodeRoute } from "../spec/decode-result.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { type Fields, fields, listOf, text, textOf, wrongValue } from "../spec/json.ts";
import { noDns } from "../spec/result.ts";
import { tooManyAddresses } from "./address-count.ts";
import type { StaticAddress, StaticConfig } from "./ipam.ts";
import { missingIpam } from "./missing-ipam.ts";

const addressShape = { address: text, gateway: textOf(readOptionalIp) } as const;

type AddressWish = Fields<typeof addressShape>;

const requestedAddresses = listOf(
  textOf((words) => {
    const address = readCidr(words);
    return address.ok
      ? address
      : err(`an entry in the 'ips' field is NOT in CIDR notation, got: '${words}'`);
  }),
);

const configFields = fields({
  ipam: fields({
    addresses: listOf(fields(addressShape)),
    routes: listOf(decodeRoute),
    dns: decodeDns,
  }),
  runtimeConfig: fields({ ips: requestedAddresses }),
  args: fields({ cni: fields({ ips: requestedAddresses }) }),
});

/**
 * What `static` is to do. Addresses of CNI_ARGS are added to the configured ones; those of
 * `args.cni.ips` take the place of all these, and those of `runtimeConfig.ips` of all others.
 */
export function parseStatic(config: NetworkConfig, args: CniArgs): Result<StaticConfig, CniError> {
  const decoded = configFields(config.object, "");
  if (!decoded.ok) return decoded;
  const { ipam, runtimeConfig = {}, args: given = {} } = decoded.value;
  if (ipam === undefined) return err(missingIpam);
  const added = addressesOfArgs(args);
  if (!added.ok) return added;
  const lists = [runtimeConfig.ips ?? [], given.cni?.ips ?? []];
  const instead = lists.find((list) => list.length > 0)?.map((address) => ({ address }));
  // What is replaced is not looked at, be it wrong.
  const configured = collect((instead === undefined ? (ipam.addresses ?? []) : []).map(addressOf));
  if (!configured.ok) return configured;
  const addresses = instead ?? [...configured.value, ...added.value];
  const versions = addresses.map(({ address }) => ipVersion(interfaceAddressIp(address)));
  const tooMany = tooManyAddresses(versions, config.version);
  if (tooMany !== undefined) return err(tooMany);
  return ok({ kind: "static", addresses, routes: ipam.routes ?? [], dns: ipam.dns ?? noDns });
}

/** One of `ipam.addresses`. */
function addressOf(
  { address: words = "", gateway }: AddressWish,
  index: number,
): Result<StaticAddress, CniError> {
  const path = `ipam.addresses[${index}]`;
  const address = readCidr(words);
  if (!address.ok) return err(wrongValue(path, notCidr("address", words)));
  if (gateway !== undefined && !isSameVersion(address.value, gateway)) {
    const reason = `gateway ${gateway} is not of the IP version of ${address.value}`;
    return err(wrongValue(path, reason));
  }
  return ok({ address: address.value, ...(gateway === undefined ? {} : { gateway }) });
}

/** IP and GATEWAY, each a list; a gateway is that of every address whose network it is in. */
function addressesOfArgs(args: CniArgs): Result<readonly StaticAddress[], CniError> {
  const addresses: InterfaceAddress[] = [];
  const gateways: Ip[] = [];
  for (const words of itemsOf(args.get("IP"))) {
    const address = readCidr(words);
    if (!address.ok) return err(cniError("invalidConfig", `CNI_ARGS: ${notCidr("ip", words)}`));
    addresses.push(address.value);
  }
  for (const words of itemsOf(args.get("GATEWAY"))) {
    const gateway = readIp(words);
    if (!gateway.ok) {
      return err(cniError("invalidConfig", `CNI_ARGS: invalid gateway address: ${words}`));
    }
    gateways.push(gateway.value);
  }
  return ok(
    addresses.map((address) => {
      const prefix = interfaceAddressPrefix(address);
      const gateway = gateways.findLast((ip) => prefixContains(prefix, ip));
      return { address, ...(gateway === undefined ? {} : { gateway }) };
    }),
  );
}

function itemsOf(list: string | undefined): readonly string[] {
  return list === undefined ? [] : list.split(",").map((item) => item.trim());
}

function notCidr(field: string, words: string): string {
  return `the '${field}' field is expected to be in CIDR notation, got: '${words}'`;
}

function isSameVersion(address: InterfaceAddress, ip: Ip): boolean {
  return ipVersion(interfaceAddressIp(address)) === ipVersion(ip);
}
