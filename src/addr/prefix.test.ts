import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import {
  broadcastAddress,
  type Ip,
  ipFromBytes,
  ipVersion,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixContainsPrefix,
  prefixesOverlap,
  prefixIp,
  prefixLength,
  prefixOf,
  prefixVersion,
} from "./index.ts";
import { accepted, anyBytes16, anyIpBytes, anyOctets, notText, refused } from "./testing.ts";

const ip = (text: string): Ip => accepted(parseIp(text));
const prefix = (text: string): Prefix => accepted(parsePrefix(text));

const anyCidr = fc.oneof(
  fc.record({ bytes: anyOctets, length: fc.nat(32) }),
  fc.record({ bytes: anyBytes16, length: fc.nat(128) }),
);

describe("parsePrefix", () => {
  test.each([
    ["10.0.0.0/24", "10.0.0.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["10.0.0.1/32", "10.0.0.1/32"],
    ["FD00:0::/64", "fd00::/64"],
    ["::/0", "::/0"],
    ["::1/128", "::1/128"],
    ["::ffff:0:0/96", "::ffff:0.0.0.0/96"],
  ])("reads %s as %s", (text, expected) => expect(prefix(text) as string).toBe(expected));

  test.each([
    ["10.0.0.0", 'it has no prefix length, as in "/24"'],
    ["10.0.0.0/", "the prefix length is empty"],
    ["10.0.0.0/33", 'prefix length "33" is above 32'],
    ["::/129", 'prefix length "129" is above 128'],
    ["10.0.0.0/08", 'prefix length "08" has a leading zero'],
    ["10.0.0.0/00", 'prefix length "00" has a leading zero'],
    ["10.0.0.0/-1", 'prefix length "-1" is not a decimal number'],
    ["10.0.0.0/8.0", 'prefix length "8.0" is not a decimal number'],
    ["10.0.0.0/255.0.0.0", 'prefix length "255.0.0.0" is not a decimal number'],
    ["10.0.0.0/8/8", 'prefix length "8/8" is not a decimal number'],
    ["10.0.0.0 /8", "it contains white space"],
    ["10/8", "it has neither the dots of IPv4 nor the colons of IPv6"],
    ["10.0/8", "four octets separated by dots are needed, this has 2"],
    ["/8", "it has neither the dots of IPv4 nor the colons of IPv6"],
    ["fe80::%eth0/64", "a zone id is not part of an address"],
  ])("refuses %j", (text, reason) => {
    const problem = refused(parsePrefix(text));
    expect(problem.code).toBe("LF-PREFIX-INVALID");
    expect(problem.detail).toEndWith(` is not a prefix: ${reason}.`);
    expect(problem.remedy).toBe('Write it like "192.168.1.0/24".');
  });

  test.each([
    ["10.0.0.5/24", "10.0.0.0/24"],
    ["10.0.0.1/0", "0.0.0.0/0"],
    ["10.0.0.1/31", "10.0.0.0/31"],
    ["fd00::1/64", "fd00::/64"],
    ["FD00::1/127", "fd00::/127"],
  ])("refuses the host bits of %s and proposes %s", (text, network) => {
    const problem = refused(parsePrefix(text));
    expect(problem.code).toBe("LF-PREFIX-INVALID");
    expect(problem.detail).toBe(
      `"${text}" is not a prefix: host bits are set, the network is ${network}.`,
    );
    expect(problem.remedy).toBe(`Write "${network}".`);
  });

  test("refuses what is not text", () => {
    for (const input of notText) {
      expect(refused(parsePrefix(input)).facts.reason).toBe("it is not text");
    }
  });
});

describe("prefixOf", () => {
  test("masks as ipaddr.js does, and reads back as itself", () => {
    fc.assert(
      fc.property(anyCidr, ({ bytes, length }) => {
        const address = ipFromBytes(bytes);
        const made = prefixOf(address, length);
        const oracle = bytes.length === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
        const network = oracle.networkAddressFromCIDR(`${address}/${length}`).toByteArray();
        expect(prefixIp(made)).toBe(ipFromBytes(Uint8Array.from(network)));
        expect(prefixLength(made)).toBe(length);
        expect(prefixVersion(made)).toBe(ipVersion(address));
        expect(prefix(made)).toBe(made);
      }),
    );
  });

  test.each([-1, 33, 1.5, Number.NaN])("with length %p is a bug", (length) => {
    expect(() => prefixOf(ip("10.0.0.1"), length)).toThrow("no prefix length");
  });
});

describe("containment", () => {
  test("of an address agrees with ipaddr.js and never crosses versions", () => {
    const flipped = fc.record({ cidr: anyCidr, bit: fc.nat(127), other: anyIpBytes });
    fc.assert(
      fc.property(flipped, ({ cidr: { bytes, length }, bit, other }) => {
        const made = prefixOf(ipFromBytes(bytes), length);
        const near = bytes.slice();
        const at = (bit >> 3) % near.length;
        near[at] = (near[at] ?? 0) ^ (1 << (bit & 7));
        expect(prefixContains(made, ipFromBytes(bytes))).toBe(true);
        for (const candidate of [near, other]) {
          const address = ipFromBytes(candidate);
          const sameVersion = candidate.length === bytes.length;
          const expected = sameVersion && ipaddr.parse(address).match(ipaddr.parseCIDR(made));
          expect(prefixContains(made, address)).toBe(expected);
        }
      }),
    );
  });

  test.each([
    ["10.0.0.0/8", "10.1.0.0/16", "contains"],
    ["10.1.0.0/16", "10.0.0.0/8", "within"],
    ["10.0.0.0/8", "10.0.0.0/8", "same"],
    ["10.0.0.0/8", "10.0.0.0/9", "contains"],
    ["10.0.0.0/9", "10.128.0.0/9", "apart"],
    ["0.0.0.0/0", "255.255.255.255/32", "contains"],
    ["fd00::/64", "fd00::/65", "contains"],
    ["fd00::/64", "fd00:0:0:1::/64", "apart"],
    ["::/0", "0.0.0.0/0", "apart"],
    ["::ffff:0:0/96", "10.0.0.0/8", "apart"],
  ])("%s and %s: %s", (textA, textB, relation) => {
    const [a, b] = [prefix(textA), prefix(textB)];
    expect(prefixContainsPrefix(a, b)).toBe(relation === "contains" || relation === "same");
    expect(prefixContainsPrefix(b, a)).toBe(relation === "within" || relation === "same");
    expect([prefixesOverlap(a, b), prefixesOverlap(b, a)]).toEqual(
      relation === "apart" ? [false, false] : [true, true],
    );
  });
});

describe("broadcastAddress", () => {
  test.each([
    ["10.0.0.0/24", "10.0.0.255"],
    ["10.0.0.4/30", "10.0.0.7"],
    ["0.0.0.0/0", "255.255.255.255"],
    ["10.0.0.4/31", undefined],
    ["10.0.0.4/32", undefined],
    ["fd00::/64", undefined],
    ["fd00::/112", undefined],
  ])("of %s is %p", (text, expected) => {
    expect(broadcastAddress(prefix(text)) as string | undefined).toBe(expected);
  });

  test("agrees with ipaddr.js", () => {
    fc.assert(
      fc.property(anyOctets, fc.nat(30), (bytes, length) => {
        const made = prefixOf(ipFromBytes(bytes), length);
        const expected = ipaddr.IPv4.broadcastAddressFromCIDR(made).toString();
        expect(broadcastAddress(made) as string | undefined).toBe(expected);
      }),
    );
  });
});
