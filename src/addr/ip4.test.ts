import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { parseIp4 } from "./index.ts";
import { accepted, anyOctets, nearlyAddress, refused } from "./testing.ts";

describe("parseIp4", () => {
  test("reads any four octets and keeps them as they are", () => {
    fc.assert(
      fc.property(anyOctets, (bytes) => {
        const text = new ipaddr.IPv4([...bytes]).toString();
        expect(accepted(parseIp4(text)) as string).toBe(text);
      }),
    );
  });

  // ipaddr.js also takes octal, hexadecimal and short forms; its strict check rules them out.
  test("accepts exactly what ipaddr.js calls four decimal parts", () => {
    const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom("", "00", "010", "0x1", "1e1"));
    const quad = fc.array(octet, { minLength: 3, maxLength: 5 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(fc.oneof(quad, nearlyAddress), (text) => {
        expect(parseIp4(text).ok).toBe(ipaddr.IPv4.isValidFourPartDecimal(text));
      }),
    );
  });

  test.each([
    ["", "it is empty"],
    ["10.0.0.010", 'octet 4 "010" has a leading zero'],
    ["10.00.0.1", 'octet 2 "00" has a leading zero'],
    ["0x0a.0.0.1", 'octet 1 "0x0a" is not a decimal number'],
    ["10.0.0.256", 'octet 4 "256" is above 255'],
    ["10.0.0.99999999999999999999", 'octet 4 "99999999999999999999" is above 255'],
    ["10.0.0.-1", 'octet 4 "-1" is not a decimal number'],
    ["10.0.0.1e1", 'octet 4 "1e1" is not a decimal number'],
    ["10.0.0.+1", 'octet 4 "+1" is not a decimal number'],
    ["10..0.1", "octet 2 is empty"],
    ["10.0.0.", "octet 4 is empty"],
    ["10.1", "four octets separated by dots are needed, this has 2"],
    ["167772161", "four octets separated by dots are needed, this has 1"],
    ["10.0.0.1.2", "four octets separated by dots are needed, this has 5"],
    ["10.0.0.1/24", 'octet 4 "1/24" is not a decimal number'],
    ["10.0.0.1%eth0", 'octet 4 "1%eth0" is not a decimal number'],
    ["10.0.0.١", 'octet 4 "\\u0661" is not a decimal number'],
    [" 10.0.0.1", "it contains white space"],
    ["10.0.0.1\n", "it contains white space"],
    ["::1", "four octets separated by dots are needed, this has 1"],
  ])("refuses %j", (text, reason) => {
    const problem = refused(parseIp4(text));
    expect(problem.code).toBe("LF-ADDRESS-INVALID");
    expect(problem.detail).toEndWith(` is not an IPv4 address: ${reason}.`);
    expect(problem.remedy).toBe('Write it like "192.168.1.10".');
  });
});
