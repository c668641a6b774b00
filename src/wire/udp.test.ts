import { describe, expect, test } from "bun:test";
import { accepted, CAPTURED, hex } from "./testing.ts";
import { decodeUdp, encodeUdp } from "./udp.ts";

describe("decodeUdp", () => {
  test("reads ports and data", () => {
    expect(accepted(decodeUdp(CAPTURED.udp4.subarray(34)))).toEqual({
      kind: "udp",
      sourcePort: 33242,
      destinationPort: 9999,
      data: new TextEncoder().encode("hi"),
    });
  });

  test("ends the data where the datagram ends", () => {
    expect(accepted(decodeUdp(hex("00010002 0009 0000 aabbcc"))).data).toEqual(hex("aa"));
  });

  test("refuses a datagram shorter than its header", () => {
    expect(decodeUdp(hex("00010002 0007 0000"))).toEqual({
      ok: false,
      error: { layer: "udp", reason: "the datagram claims to have 7 bytes" },
    });
  });
});

describe("encodeUdp", () => {
  test("never sends the checksum 0, which would say that there is none", () => {
    const udp = { kind: "udp", sourcePort: 0, destinationPort: 0, data: hex("") } as const;
    // The length, 8, is the only word that counts; this seed makes the sum ffff.
    expect(encodeUdp(udp, () => 0xffff - 8)).toEqual(hex("0000 0000 0008 ffff"));
  });
});
