import {
  type InterfaceAddress,
  type Ip,
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressLength,
  ipFromBigint,
  ipToBigint,
  ipVersion,
  type Mac,
  parseInterfaceAddress,
  parseIp,
  parseMac,
} from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) without its last 32 bits. */
const MAPPED = 0xffffn;
const MAPPED_LENGTH = 96;

/** An address as Go takes it: one that is mapped into IPv6 is an IPv4 address. */
export function readIp(text: string): Result<Ip, string> {
  const ip = parseIp(text);
  return ip.ok ? ok(unmapped(ip.value)) : err(`invalid IP address: ${text}`);
}

/** As `readIp`; empty text is no address. */
export function readOptionalIp(text: string): Result<Ip | undefined, string> {
  return text === "" ? ok(undefined) : readIp(text);
}

/** An address, and a length that means nothing where there is one: "10.0.0.5/24" is 10.0.0.5. */
export function readIpOfCidr(text: string): Result<Ip, string> {
  const [address = ""] = text.split("/");
  const whole = text.includes("/") ? readCidr(text) : readIp(text);
  return whole.ok ? readIp(address) : whole;
}

/** An address with its length, host bits allowed; one that is mapped as `readIp` takes it. */
export function readCidr(text: string): Result<InterfaceAddress, string> {
  // Go takes a length with zeros before it.
  const address = parseInterfaceAddress(text.replace(/\/0+(?=\d)/, "/"));
  if (!address.ok) return err(`invalid CIDR address: ${text}`);
  const ip = interfaceAddressIp(address.value);
  const length = interfaceAddressLength(address.value) - MAPPED_LENGTH;
  return ok(
    length < 0 || unmapped(ip) === ip ? address.value : interfaceAddress(unmapped(ip), length),
  );
}

/** A MAC address; the form with dots is read, too. */
export function readMac(text: string): Result<Mac, string> {
  const dotted = /^([0-9a-f]{4})\.([0-9a-f]{4})\.([0-9a-f]{4})$/i.exec(text);
  const groups = dotted?.slice(1).flatMap((half) => [half.slice(0, 2), half.slice(2)]);
  const mac = parseMac(groups === undefined ? text : groups.join(":"));
  return mac.ok ? mac : err(`invalid MAC address: ${text}`);
}

function unmapped(ip: Ip): Ip {
  if (ipVersion(ip) === 4) return ip;
  const number = ipToBigint(ip);
  return number >> 32n === MAPPED ? ipFromBigint(4, number & 0xffffffffn) : ip;
}
