import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ipFromBytes } from "../addr/index.ts";
import { internetChecksum, pseudoHeaderSum } from "./checksum.ts";
import { CAPTURED, hex } from "./testing.ts";

describe("internetChecksum", () => {
  test("agrees with the worked example of RFC 1071 section 3", () => {
    // The RFC prints the sum, ddf2; the checksum is its complement.
    expect(internetChecksum(hex("0001 f203 f4f5 f6f7"))).toBe(0x220d);
  });

  test("starts from the sum it is given", () => {
    expect(internetChecksum(hex("f4f5 f6f7"), 0x0001 + 0xf203)).toBe(0x220d);
  });

  test("treats an odd last byte as the high half of a word", () => {
    expect(internetChecksum(hex("0001 f2"))).toBe(internetChecksum(hex("0001 f200")));
  });

  test("of nothing is all ones, as the complement of zero", () => {
    expect(internetChecksum(hex(""))).toBe(0xffff);
  });

  test("is zero over a header that the kernel has sealed", () => {
    expect(internetChecksum(CAPTURED.echoRequest4.subarray(14, 34))).toBe(0);
  });

  test("does not overflow on the largest packet", () => {
    // 32,767 words of ffff and the half word ff00 sum up to ff00 in one's complement.
    expect(internetChecksum(new Uint8Array(65_535).fill(0xff))).toBe(0x00ff);
  });

  test("is the same whatever the order of the words", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 30 }), (words) => {
        const bytes = (list: readonly number[]) =>
          Uint8Array.from(list.flatMap((word) => [word >> 8, word & 0xff]));
        expect(internetChecksum(bytes(words.toReversed()))).toBe(internetChecksum(bytes(words)));
      }),
    );
  });
});

describe("pseudoHeaderSum", () => {
  test("completes a UDP datagram that the kernel has sealed", () => {
    const datagram = CAPTURED.udp4.subarray(34);
    const source = ipFromBytes(CAPTURED.udp4.subarray(26, 30));
    const destination = ipFromBytes(CAPTURED.udp4.subarray(30, 34));
    const seed = pseudoHeaderSum(source, destination, 17, datagram.length);
    expect(internetChecksum(datagram, seed)).toBe(0);
  });

  test("completes an ICMPv6 message that the kernel has sealed", () => {
    const message = CAPTURED.echoRequest6.subarray(54);
    const source = ipFromBytes(CAPTURED.echoRequest6.subarray(22, 38));
    const destination = ipFromBytes(CAPTURED.echoRequest6.subarray(38, 54));
    const seed = pseudoHeaderSum(source, destination, 58, message.length);
    expect(internetChecksum(message, seed)).toBe(0);
  });
});
