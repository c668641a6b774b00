import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { ipFromBytes, parseIp6 } from "./index.ts";
import { accepted, anyBytes16, nearlyAddress, refused } from "./testing.ts";

const canonical = (text: string): string => accepted(parseIp6(text));

describe("parseIp6", () => {
  // The examples of RFC 5952 sections 2 and 4, and of RFC 4291 section 2.2.
  test.each([
    ["2001:0DB8:0000:0000:0008:0800:200C:417A", "2001:db8::8:800:200c:417a"],
    ["2001:db8::0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"],
    ["::FFFF:8190:3426", "::ffff:129.144.52.38"],
    ["::FFFF:0:0", "::ffff:0.0.0.0"],
    // Mixed notation is only for IPv4-mapped addresses; others keep hexadecimal groups.
    ["::13.1.68.3", "::d01:4403"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["::ffff:0:1.2.3.4", "::ffff:0:102:304"],
  ])("writes %s as %s", (text, expected) => expect(canonical(text)).toBe(expected));

  test("writes any address as ipaddr.js does, but for IPv4-mapped ones", () => {
    fc.assert(
      fc.property(anyBytes16, (bytes) => {
        const oracle = new ipaddr.IPv6([...bytes]);
        const expected = oracle.isIPv4MappedAddress()
          ? `::ffff:${oracle.toIPv4Address().toString()}`
          : oracle.toRFC5952String();
        expect(ipFromBytes(bytes) as string).toBe(expected);
      }),
    );
  });

  test("reads every spelling of an address as the same value", () => {
    fc.assert(
      fc.property(anyBytes16, (bytes) => {
        const oracle = new ipaddr.IPv6([...bytes]);
        const value = ipFromBytes(bytes);
        const hex = Buffer.from(bytes)
          .toString("hex")
          .replace(/(....)(?!$)/g, "$1:");
        const mixed = `${hex.slice(0, 30)}${bytes.slice(12).join(".")}`;
        const spellings = [oracle.toNormalizedString(), hex, hex.toUpperCase(), mixed, value];
        expect(spellings.map(canonical)).toEqual(spellings.map(() => value));
      }),
    );
  });

  // ipaddr.js also takes zone ids and odd IPv4 tails, and reads "::1.2.3.4" as IPv4-mapped.
  test("accepts exactly what ipaddr.js does, apart from IPv4 tails and zone ids", () => {
    const pieces = fc.constantFrom("0", "1", "abc", "FFFF", "12345", "g", ":", "::", ":::");
    const text = fc.array(pieces, { maxLength: 17 }).map((parts) => parts.join(""));
    const colons = fc.array(fc.constantFrom("1", "0", ""), { maxLength: 10 });
    const shaped = colons.map((parts) => parts.join(":"));
    fc.assert(
      fc.property(fc.oneof(text, shaped, nearlyAddress), (candidate) => {
        fc.pre(!/[.%]/.test(candidate));
        expect(parseIp6(candidate).ok).toBe(ipaddr.IPv6.isValid(candidate));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["", "it is empty"],
    ["::1::", '"::" stands more than once'],
    ["1::2::3", '"::" stands more than once'],
    [":::", 'a ":" has no group beside it'],
    [":", 'a ":" has no group beside it'],
    ["1:2:3:4:5:6:7:", 'a ":" has no group beside it'],
    [":2:3:4:5:6:7:8", 'a ":" has no group beside it'],
    ["1:2:3:4:5:6:7", 'eight groups separated by ":" are needed, this has 7'],
    ["1:2:3:4:5:6:7:8:9", 'eight groups separated by ":" are needed, this has 9'],
    ["1:2:3:4::5:6:7:8", '"::" stands for nothing, there are eight groups without it'],
    ["12345::", 'group "12345" is not one to four hexadecimal digits'],
    ["g::", 'group "g" is not one to four hexadecimal digits'],
    ["::-1", 'group "-1" is not one to four hexadecimal digits'],
    ["::1/64", 'group "1/64" is not one to four hexadecimal digits'],
    ["[::1]", 'group "[" is not one to four hexadecimal digits'],
    ["fe80::1%eth0", "a zone id is not part of an address"],
    ["::ffff:1.2.3", "in its IPv4 part, four octets separated by dots are needed, this has 3"],
    ["::ffff:1.2.3.04", 'in its IPv4 part, octet 4 "04" has a leading zero'],
    ["1.2.3.4::", "in its IPv4 part, four octets separated by dots are needed, this has 1"],
    ["::1.2.3.4:1.2.3.4", 'group "1.2.3.4" is not one to four hexadecimal digits'],
    ["1:2:3:4:5:6:7:1.2.3.4", 'eight groups separated by ":" are needed, this has 9'],
    ["10.0.0.1", 'eight groups separated by ":" are needed, this has 2'],
    [":: 1", "it contains white space"],
  ])("refuses %j", (text, reason) => {
    const problem = refused(parseIp6(text));
    expect(problem.code).toBe("LF-ADDRESS-INVALID");
    expect(problem.detail).toEndWith(` is not an IPv6 address: ${reason}.`);
    expect(problem.remedy).toBe('Write it like "fd00::10".');
  });
});
