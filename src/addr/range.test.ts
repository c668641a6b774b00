import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatRange,
  type Ip,
  ipFromBytes,
  parseIp,
  parsePrefix,
  parseRange,
  prefixContains,
  prefixOf,
  prefixRange,
  rangeContains,
  rangeOf,
  rangeSize,
  usableRange,
} from "./index.ts";
import { accepted, anyIpBytes, notText, refused } from "./testing.ts";

const ip = (text: string): Ip => accepted(parseIp(text));

describe("parseRange", () => {
  test.each([
    ["10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", 9n],
    ["10.0.0.1-10.0.0.1", "10.0.0.1", 1n],
    ["10.0.0.1", "10.0.0.1", 1n],
    ["10.0.0.0/30", "10.0.0.0-10.0.0.3", 4n],
    ["0.0.0.0/0", "0.0.0.0-255.255.255.255", 1n << 32n],
    ["fd00::1-FD00:0::F", "fd00::1-fd00::f", 15n],
    ["fd00::/64", "fd00::-fd00::ffff:ffff:ffff:ffff", 1n << 64n],
    ["::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1n << 128n],
  ])("reads %s as %s with %p addresses", (text, canonical, size) => {
    const range = accepted(parseRange(text));
    expect(formatRange(range)).toBe(canonical);
    expect(rangeSize(range)).toBe(size);
    expect(accepted(parseRange(canonical))).toEqual(range);
  });

  test("reads the two longest addresses there are", () => {
    const longest = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
    expect(formatRange(accepted(parseRange(`${longest}-${longest}`)))).toBe(
      "::ffff:255.255.255.255",
    );
  });

  test.each([
    ["10.0.0.9-10.0.0.1", "the first address is above the last", 'Write "10.0.0.1-10.0.0.9".'],
    ["10.0.0.1-fd00::1", "one end is IPv4 and the other IPv6", undefined],
    ["10.0.0.1/24", "host bits are set, the network is 10.0.0.0/24", 'Write "10.0.0.0/24".'],
    [
      "10.0.0.1-20",
      "after the hyphen, it has neither the dots of IPv4 nor the colons of IPv6",
      undefined,
    ],
    [
      "10.0.0.1-",
      "after the hyphen, it has neither the dots of IPv4 nor the colons of IPv6",
      undefined,
    ],
    ["-10.0.0.1", "it has neither the dots of IPv4 nor the colons of IPv6", undefined],
    ["10.0.0.1 - 10.0.0.9", "it contains white space", undefined],
    ["10.0.0.1-10.0.0.010", 'after the hyphen, octet 4 "010" has a leading zero', undefined],
    [
      "10.0.0.1-10.0.0.2-10.0.0.3",
      "after the hyphen, four octets separated by dots are needed, this has 7",
      undefined,
    ],
    ["10.0.0.0/30-10.0.0.9", 'prefix length "30-10.0.0.9" is not a decimal number', undefined],
    ["", "it is empty", undefined],
  ])("refuses %j", (text, reason, remedy = 'Write it like "192.168.1.100-192.168.1.200".') => {
    const problem = refused(parseRange(text));
    expect(problem.code).toBe("LF-RANGE-INVALID");
    expect(problem.detail).toBe(`"${text}" is not an address range: ${reason}.`);
    expect(problem.remedy).toBe(remedy);
  });

  test("refuses what is not text", () => {
    for (const input of notText) {
      expect(refused(parseRange(input)).facts.reason).toBe("it is not text");
    }
  });
});

describe("rangeOf", () => {
  test("joins two addresses in order", () => {
    const range = accepted(rangeOf(ip("10.0.0.1"), ip("10.0.0.2")));
    expect(range).toEqual({ version: 4, first: 0x0a000001n, last: 0x0a000002n });
  });

  test("refuses the wrong order and mixed versions", () => {
    const swapped = refused(rangeOf(ip("fd00::2"), ip("fd00::1")));
    expect(swapped.code).toBe("LF-RANGE-INVALID");
    expect(swapped.remedy).toBe('Write "fd00::1-fd00::2".');
    const mixed = refused(rangeOf(ip("10.0.0.1"), ip("fd00::1")));
    expect(mixed.detail).toBe(
      '"10.0.0.1-fd00::1" is not an address range: one end is IPv4 and the other IPv6.',
    );
  });
});

describe("usableRange", () => {
  test.each([
    ["10.0.0.0/24", "10.0.0.1-10.0.0.254", 254n],
    ["10.0.0.0/30", "10.0.0.1-10.0.0.2", 2n],
    ["10.0.0.2/31", "10.0.0.2-10.0.0.3", 2n],
    ["10.0.0.2/32", "10.0.0.2", 1n],
    ["10.0.0.0/8", "10.0.0.1-10.255.255.254", 16777214n],
    ["0.0.0.0/0", "0.0.0.1-255.255.255.254", 4294967294n],
    ["fd00::/64", "fd00::1-fd00::ffff:ffff:ffff:ffff", 18446744073709551615n],
    ["fd00::4/126", "fd00::5-fd00::7", 3n],
    ["fd00::4/127", "fd00::4-fd00::5", 2n],
    ["fd00::4/128", "fd00::4", 1n],
  ])("of %s is %s, %p addresses", (text, expected, size) => {
    const range = usableRange(accepted(parsePrefix(text)));
    expect(formatRange(range)).toBe(expected);
    expect(rangeSize(range)).toBe(size);
  });
});

test("a prefix and its range have the same members", () => {
  fc.assert(
    fc.property(anyIpBytes, anyIpBytes, fc.nat(32), (bytes, other, length) => {
      const prefix = prefixOf(ipFromBytes(bytes), length);
      for (const address of [ipFromBytes(bytes), ipFromBytes(other)]) {
        expect(rangeContains(prefixRange(prefix), address)).toBe(prefixContains(prefix, address));
      }
    }),
  );
});

test.each([
  ["10.0.0.0", false],
  ["10.0.0.1", true],
  ["10.0.0.9", true],
  ["10.0.0.10", false],
  ["::a00:1", false],
])("10.0.0.1-10.0.0.9 has %s: %p", (text, expected) => {
  expect(rangeContains(accepted(parseRange("10.0.0.1-10.0.0.9")), ip(text))).toBe(expected);
});
