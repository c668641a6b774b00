import { type Ip, type IpVersion, ipToBigint, ipVersion } from "../addr/index.ts";

/** Text that sorts as addresses do: the version, then the number in hexadecimal of fixed width. */
export function addressKey(ip: Ip): string {
  return numberKey(ipVersion(ip), ipToBigint(ip));
}

export function numberKey(version: IpVersion, number: bigint): string {
  return `${version}${number.toString(16).padStart(32, "0")}`;
}

/** The number of a key. */
export function keyNumber(key: string): bigint {
  return BigInt(`0x${key.slice(1)}`);
}
