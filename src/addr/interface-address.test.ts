import { expect, test } from "bun:test";
import {
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressLength,
  interfaceAddressPrefix,
  parseInterfaceAddress,
  parseIp,
} from "./index.ts";
import { accepted, notText, refused } from "./testing.ts";

test.each([
  ["10.0.0.2/24", "10.0.0.2/24", "10.0.0.2", 24, "10.0.0.0/24"],
  ["10.0.0.0/24", "10.0.0.0/24", "10.0.0.0", 24, "10.0.0.0/24"],
  ["10.0.0.2/32", "10.0.0.2/32", "10.0.0.2", 32, "10.0.0.2/32"],
  ["FD00:0::1/64", "fd00::1/64", "fd00::1", 64, "fd00::/64"],
  ["::FFFF:A00:2/120", "::ffff:10.0.0.2/120", "::ffff:10.0.0.2", 120, "::ffff:10.0.0.0/120"],
])("%s is %s: address %s, length %p, network %s", (text, canonical, ip, length, network) => {
  const address = accepted(parseInterfaceAddress(text));
  expect(address as string).toBe(canonical);
  expect(interfaceAddressIp(address) as string).toBe(ip);
  expect(interfaceAddressLength(address)).toBe(length);
  expect(interfaceAddressPrefix(address) as string).toBe(network);
  expect(interfaceAddress(accepted(parseIp(ip)), length)).toBe(address);
  expect(accepted(parseInterfaceAddress(canonical))).toBe(address);
});

test.each([
  ["10.0.0.2", 'it has no prefix length, as in "/24"'],
  ["10.0.0.2/33", 'prefix length "33" is above 32'],
  ["fd00::1/129", 'prefix length "129" is above 128'],
  ["10.0.0.2/024", 'prefix length "024" has a leading zero'],
  ["10.0.0.02/24", 'octet 4 "02" has a leading zero'],
  ["10.0.0.2/24 ", "it contains white space"],
  ["fe80::1%eth0/64", "a zone id is not part of an address"],
])("refuses %j", (text, reason) => {
  const problem = refused(parseInterfaceAddress(text));
  expect(problem.code).toBe("LF-ADDRESS-INVALID");
  expect(problem.detail).toEndWith(` is not an interface address: ${reason}.`);
  expect(problem.remedy).toBe('Write it like "192.168.1.10/24".');
});

test("refuses what is not text", () => {
  for (const input of notText) {
    expect(refused(parseInterfaceAddress(input)).facts.reason).toBe("it is not text");
  }
});

test("a length that the version does not have is a bug", () => {
  expect(() => interfaceAddress(accepted(parseIp("10.0.0.2")), 33)).toThrow("no prefix length 33");
});
