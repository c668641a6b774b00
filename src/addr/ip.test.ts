import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import {
  type Ip,
  ipFromBigint,
  ipFromBytes,
  ipToBigint,
  ipToBytes,
  ipVersion,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseIp,
  parseIp4,
  parseIp6,
} from "./index.ts";
import { accepted, anyIpBytes, nearlyAddress, notText, refused } from "./testing.ts";

const ip = (text: string): Ip => accepted(parseIp(text));

describe("parseIp", () => {
  test("picks the version by the notation", () => {
    expect(ipVersion(ip("10.0.0.1"))).toBe(4);
    expect(ipVersion(ip("::ffff:10.0.0.1"))).toBe(6);
  });

  test("agrees with the parser of its version on nearly legal texts", () => {
    fc.assert(
      fc.property(nearlyAddress, (text) => {
        const alone = text.includes(":") ? parseIp6(text) : parseIp4(text);
        expect(parseIp(text).ok).toBe(alone.ok);
      }),
    );
  });

  test.each(["", "localhost", "10.0.0.1/24", "::1/128", "1.2.3.4:80", "[::1]", " ::1"])(
    "refuses %j",
    (text) => expect(refused(parseIp(text)).code).toBe("LF-ADDRESS-INVALID"),
  );

  test("refuses what is not text, and never throws", () => {
    for (const input of notText)
      expect(refused(parseIp(input)).facts.reason).toBe("it is not text");
    fc.assert(fc.property(fc.anything(), (input) => typeof parseIp(input).ok === "boolean"));
  });

  test("shows control codes escaped and long texts cut", () => {
    expect(refused(parseIp("1.2.3.\u009b2\u009bJ\u001b")).detail).toContain(
      '"1.2.3.\\u009b2\\u009bJ\\u001b" is not an IP address: octet 4 "\\u009b2\\u009bJ\\u001b"',
    );
    const long = refused(parseIp("1".repeat(1_000_000)));
    expect(long.detail.length).toBeLessThan(200);
    expect(long.facts.reason).toBe("it has 1000000 characters");
  });
});

describe("bytes and numbers", () => {
  test("of known addresses", () => {
    expect([...ipToBytes(ip("192.168.1.200"))]).toEqual([192, 168, 1, 200]);
    expect(ipToBigint(ip("192.168.1.200"))).toBe(0xc0a801c8n);
    expect(ipToBigint(ip("255.255.255.255"))).toBe(0xffffffffn);
    expect(ipToBigint(ip("2001:db8::ff00:42:8329"))).toBe(0x20010db8000000000000ff0000428329n);
    expect(ipFromBigint(4, 0x0a000001n) as string).toBe("10.0.0.1");
    expect(ipFromBigint(6, 1n) as string).toBe("::1");
    expect(ipFromBigint(6, (1n << 128n) - 1n) as string).toBe(
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    );
  });

  test("agree with ipaddr.js and with each other", () => {
    fc.assert(
      fc.property(anyIpBytes, (bytes) => {
        const address = ipFromBytes(bytes);
        expect([...bytes]).toEqual(ipaddr.parse(address).toByteArray());
        expect(ipToBytes(address)).toEqual(bytes);
        const n = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
        expect(ipToBigint(address)).toBe(n);
        expect(ipFromBigint(ipVersion(address), n)).toBe(address);
        expect(parseIp(address)).toEqual({ ok: true, value: address });
      }),
    );
  });

  test("are read from the middle of a buffer", () => {
    const frame = Uint8Array.of(9, 9, 10, 0, 0, 1, 9);
    expect(ipFromBytes(frame.subarray(2, 6))).toBe(ip("10.0.0.1"));
  });

  test("that fit no address are a bug", () => {
    expect(() => ipFromBytes(new Uint8Array(5))).toThrow("5 bytes");
    expect(() => ipFromBigint(4, 1n << 32n)).toThrow("IPv4");
    expect(() => ipFromBigint(6, 1n << 128n)).toThrow("IPv6");
    expect(() => ipFromBigint(6, -1n)).toThrow("IPv6");
  });
});

describe("special addresses", () => {
  test.each([
    ["169.254.0.0", "link-local"],
    ["169.254.255.255", "link-local"],
    ["169.253.255.255", "plain"],
    ["fe80::1", "link-local"],
    ["febf:ffff::", "link-local"],
    ["fec0::", "plain"],
    ["fe7f::", "plain"],
    // Groups are numbers: fe8 is 0fe8.
    ["fe8::1", "plain"],
    ["fe8:1:2::", "plain"],
    ["224.0.0.0", "multicast"],
    ["239.255.255.255", "multicast"],
    ["223.255.255.255", "plain"],
    ["240.0.0.0", "plain"],
    ["255.255.255.255", "plain"],
    ["22.4.0.0", "plain"],
    ["ff02::1", "multicast"],
    ["ff:1:2::", "plain"],
    ["ff::1", "plain"],
    ["feff::1", "plain"],
    ["0.0.0.0", "unspecified"],
    ["::", "unspecified"],
    ["0.0.0.1", "plain"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["128.0.0.0", "plain"],
    ["12.7.0.1", "plain"],
    ["::1", "loopback"],
    ["::2", "plain"],
    ["::1:0", "plain"],
    ["::ffff:127.0.0.1", "plain"],
  ])("%s is %s", (text, kind) => {
    expect(kindsOf(ip(text))).toEqual(kind === "plain" ? [] : [kind]);
  });

  test("agree with ipaddr.js", () => {
    const names: Readonly<Record<string, string>> = {
      linkLocal: "link-local",
      multicast: "multicast",
      loopback: "loopback",
    };
    const lead = fc.oneof(
      fc.constantFrom(
        0x7f00,
        0xa9fe,
        0xe000,
        0xefff,
        0xfe80,
        0xfebf,
        0xfec0,
        0xff00,
        0x00ff,
        0x0fe8,
      ),
      fc.nat(0xffff),
    );
    fc.assert(
      fc.property(anyIpBytes, lead, (bytes, first) => {
        const address = ipFromBytes(Uint8Array.of(first >> 8, first & 255, ...bytes.slice(2)));
        const name = names[ipaddr.parse(address).range()];
        const unspecified = ipaddr
          .parse(address)
          .toByteArray()
          .every((byte) => byte === 0);
        const expected = unspecified ? "unspecified" : name;
        expect(kindsOf(address)).toEqual(expected === undefined ? [] : [expected]);
      }),
    );
  });

  function kindsOf(address: Ip): readonly string[] {
    const kinds: string[] = [];
    if (isLinkLocal(address)) kinds.push("link-local");
    if (isMulticast(address)) kinds.push("multicast");
    if (isUnspecified(address)) kinds.push("unspecified");
    if (isLoopback(address)) kinds.push("loopback");
    return kinds;
  }
});
