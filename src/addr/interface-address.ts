import { type Brand, mapResult, type Problem, type Result } from "../base/index.ts";
import { assertLength, formatCidr, readCidr, splitCidr } from "./cidr.ts";
import { type Grammar, parseWith, type Refusal } from "./grammar.ts";
import type { Ip } from "./ip.ts";
import { type Prefix, prefixOf } from "./prefix.ts";
import { addressInvalid } from "./problems.ts";

/** An address and the length of its network, as `ip addr add` takes it: "10.0.0.2/24". */
export type InterfaceAddress = Brand<string, "InterfaceAddress">;

const interfaceAddressGrammar: Grammar<InterfaceAddress> = {
  what: "an interface address",
  example: "192.168.1.10/24",
  problem: addressInvalid,
  read: readInterfaceAddress,
};

/** "address/length", host bits allowed. Error: LF-ADDRESS-INVALID. */
export function parseInterfaceAddress(text: unknown): Result<InterfaceAddress, Problem> {
  return parseWith(interfaceAddressGrammar, text);
}

/** `ip` in a network of `length` bits; a length above 32 or 128 is a bug. */
export function interfaceAddress(ip: Ip, length: number): InterfaceAddress {
  assertLength(ip, length);
  return formatCidr({ ip, length }) as InterfaceAddress;
}

/** The address without its length. */
export function interfaceAddressIp(address: InterfaceAddress): Ip {
  return splitCidr(address).ip;
}

/** Number of network bits. */
export function interfaceAddressLength(address: InterfaceAddress): number {
  return splitCidr(address).length;
}

/** The network that the address sits in. */
export function interfaceAddressPrefix(address: InterfaceAddress): Prefix {
  const { ip, length } = splitCidr(address);
  return prefixOf(ip, length);
}

function readInterfaceAddress(text: string): Result<InterfaceAddress, Refusal> {
  return mapResult(readCidr(text), ({ ip, length }) => interfaceAddress(ip, length));
}
