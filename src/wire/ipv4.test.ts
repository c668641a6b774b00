import { describe, expect, test } from "bun:test";
import { decodeIpv4, encodeIpv4, ipv4 } from "./ipv4.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const packetOf = (frame: Uint8Array) => accepted(decodeIpv4(frame.subarray(14)));

describe("decodeIpv4", () => {
  test("reads the header and the echo of a ping", () => {
    expect(packetOf(CAPTURED.echoRequest4) as unknown).toEqual({
      kind: "ipv4",
      source: "10.0.0.1",
      destination: "10.0.0.2",
      trafficClass: 0,
      identification: 17925,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: 64,
      transport: {
        kind: "icmp-echo-request",
        identifier: 756,
        sequence: 1,
        data: CAPTURED.echoRequest4.subarray(42),
      },
    });
  });

  test("reads the header behind a first fragment", () => {
    const packet = packetOf(CAPTURED.firstFragment4);
    expect([packet.moreFragments, packet.fragmentOffset]).toEqual([true, 0]);
    expect(packet.transport).toMatchObject({ kind: "icmp-echo-request", identifier: 4976 });
  });

  test("takes the bytes of a later fragment as they are", () => {
    const packet = packetOf(CAPTURED.lastFragment4);
    expect([packet.moreFragments, packet.fragmentOffset]).toEqual([false, 72]);
    expect(packet.transport).toEqual({
      kind: "unknown",
      protocol: 1,
      bytes: CAPTURED.lastFragment4.subarray(34),
    });
  });

  test("keeps the code of an unreachable destination", () => {
    const packet = packetOf(CAPTURED.portUnreachable4);
    expect(packet.trafficClass).toBe(0xc0);
    expect(packet.transport).toMatchObject({ kind: "icmp", type: 3, code: 3 });
  });

  test("skips options", () => {
    const option = hex("94040000");
    const plain = CAPTURED.udp4.subarray(14);
    const bytes = Uint8Array.from([...plain.subarray(0, 20), ...option, ...plain.subarray(20)]);
    bytes[0] = 0x46;
    bytes[3] = 34;
    expect(accepted(decodeIpv4(bytes)).transport).toEqual(packetOf(CAPTURED.udp4).transport);
  });

  test.each([
    ["another version", 0, 0x65, "the header says version 6"],
    ["a header that is too short", 0, 0x44, "a header of 16 bytes in a packet of 30"],
    ["a header longer than the packet", 0, 0x48, "a header of 32 bytes in a packet of 30"],
    ["more bytes than are there", 3, 31, "the packet needs 31 bytes, 30 are there"],
  ])("refuses %s", (_, at, byte, reason) => {
    const bytes = Uint8Array.from(CAPTURED.udp4.subarray(14));
    bytes[at] = byte;
    expect(decodeIpv4(bytes)).toEqual({ ok: false, error: { layer: "ipv4", reason } });
  });

  test("keeps a transport that cannot be read, with the reason", () => {
    const bytes = Uint8Array.from(CAPTURED.echoRequest4.subarray(14, 38));
    bytes[3] = 24;
    const { transport } = accepted(decodeIpv4(bytes));
    expect(transport).toEqual({
      kind: "malformed",
      protocol: 1,
      reason: "icmp: the echo needs 8 bytes, 4 are there",
      bytes: bytes.subarray(20),
    });
  });
});

describe("encodeIpv4", () => {
  test("gives an ordinary packet the header that Linux gives it", () => {
    const { source, destination, transport } = packetOf(CAPTURED.echoRequest4);
    const packet = { ...ipv4(source, destination, transport), identification: 17925 };
    expect(encodeIpv4(packet)).toEqual(CAPTURED.echoRequest4.subarray(14));
  });

  test("refuses an offset that no fragment can have", () => {
    const packet = { ...packetOf(CAPTURED.lastFragment4), fragmentOffset: 12 };
    expect(() => encodeIpv4(packet)).toThrow("is not below");
  });
});
