import { describe, expect, test } from "bun:test";
import { decodeIpv6, encodeIpv6, ipv6 } from "./ipv6.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const packetOf = (frame: Uint8Array) => accepted(decodeIpv6(frame.subarray(14)));

/** The captured UDP packet with extension headers in front of the datagram. */
function udpBehind(first: number, extensions: Uint8Array): Uint8Array {
  const plain = CAPTURED.udp6.subarray(14);
  const bytes = Uint8Array.from([...plain.subarray(0, 40), ...extensions, ...plain.subarray(40)]);
  bytes[5] = extensions.length + 10;
  bytes[6] = first;
  return bytes;
}

describe("decodeIpv6", () => {
  test("reads the header and the echo of a ping", () => {
    expect(packetOf(CAPTURED.echoRequest6) as unknown).toEqual({
      kind: "ipv6",
      source: "fd00::1",
      destination: "fd00::2",
      trafficClass: 0,
      flowLabel: 0x1088b,
      hopLimit: 64,
      transport: {
        kind: "icmp-echo-request",
        identifier: 757,
        sequence: 1,
        data: CAPTURED.echoRequest6.subarray(62),
      },
    });
  });

  test("skips the router alert in front of a multicast listener report", () => {
    const packet = packetOf(CAPTURED.mldReport);
    expect(packet.transport).toMatchObject({ kind: "icmp", type: 143, code: 0 });
    expect("fragment" in packet).toBe(false);
  });

  test("reads a later fragment", () => {
    const packet = packetOf(CAPTURED.lastFragment6);
    expect(packet.fragment).toEqual({
      identification: 0x14552176,
      offset: 1448,
      moreFragments: false,
    });
    expect(packet.transport).toEqual({
      kind: "unknown",
      protocol: 17,
      bytes: CAPTURED.lastFragment6.subarray(62),
    });
  });

  test("reads the ports behind a first fragment, whose datagram goes on elsewhere", () => {
    // Captured like the others; its length and its 1440 bytes of data are cut
    // down to two.
    const bytes = hex(`
      6003619100122c40 fd000000000000000000000000000001 fd000000000000000000000000000002
      1100000114552176 9573270e05e44caf 7878
    `);
    const packet = accepted(decodeIpv6(bytes));
    expect(packet.fragment).toMatchObject({ offset: 0, moreFragments: true });
    expect(packet.transport).toEqual({
      kind: "udp",
      sourcePort: 38259,
      destinationPort: 9998,
      data: hex("7878"),
    });
  });

  test("keeps the code of an unreachable destination", () => {
    expect(packetOf(CAPTURED.portUnreachable6).transport).toMatchObject({
      kind: "icmp",
      type: 1,
      code: 4,
    });
  });

  test("skips several extension headers of different lengths", () => {
    const hopByHop = `2b01010c${"00".repeat(12)}`;
    const routing = `3c00${"00".repeat(6)}`;
    const destination = "1100010400000000";
    const bytes = udpBehind(0, hex(`${hopByHop} ${routing} ${destination}`));
    expect(accepted(decodeIpv6(bytes)).transport).toMatchObject({
      kind: "udp",
      destinationPort: 9999,
    });
  });

  test("keeps what lies behind an extension header that is cut off", () => {
    const bytes = udpBehind(60, hex("11ff010400000000"));
    expect(accepted(decodeIpv6(bytes)).transport).toMatchObject({
      kind: "malformed",
      protocol: 60,
      reason: "ipv6: cut off",
    });
  });

  test("reads past the reserved byte of a fragment header", () => {
    const bytes = udpBehind(44, hex("11ff000000000001"));
    expect(accepted(decodeIpv6(bytes)).transport).toMatchObject({ kind: "udp", sourcePort: 36834 });
  });

  test("takes a later fragment as it is, even where an extension header would go on", () => {
    const bytes = udpBehind(44, hex("3c00000800000001"));
    expect(accepted(decodeIpv6(bytes)).transport).toMatchObject({ kind: "unknown", protocol: 60 });
  });

  test("leaves the padding of a short frame out", () => {
    const padded = Uint8Array.from([...CAPTURED.echoRequest6.subarray(14), 0, 0, 0]);
    expect(accepted(decodeIpv6(padded))).toEqual(packetOf(CAPTURED.echoRequest6));
  });

  test("gives up on an endless row of extension headers", () => {
    const row = (count: number) =>
      udpBehind(60, hex(`${"3c00010400000000".repeat(count - 1)} 1100010400000000`));
    expect(accepted(decodeIpv6(row(8))).transport.kind).toBe("udp");
    expect(accepted(decodeIpv6(row(9))).transport).toMatchObject({
      kind: "malformed",
      reason: "ipv6: too many extension headers",
    });
  });

  test("refuses another version and a packet that ends too early", () => {
    const bytes = Uint8Array.from(CAPTURED.udp6.subarray(14));
    expect(decodeIpv6(bytes.subarray(0, 49))).toEqual({
      ok: false,
      error: { layer: "ipv6", reason: "the packet needs 50 bytes, 49 are there" },
    });
    bytes[0] = 0x45;
    expect(decodeIpv6(bytes)).toEqual({
      ok: false,
      error: { layer: "ipv6", reason: "the header says version 4" },
    });
  });
});

describe("encodeIpv6", () => {
  test("gives an ordinary packet the header that Linux gives it", () => {
    const { source, destination, transport } = packetOf(CAPTURED.udp6);
    const packet = { ...ipv6(source, destination, transport), flowLabel: 0x47afe };
    expect(encodeIpv6(packet)).toEqual(CAPTURED.udp6.subarray(14));
  });
});
