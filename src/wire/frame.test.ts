import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { macFromBytes, parseMac } from "../addr/index.ts";
import { decodeFrame, encodeFrame, type Frame } from "./frame.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const decode = (bytes: Uint8Array): Frame => accepted(decodeFrame(bytes));
const captured = Object.entries(CAPTURED);

describe("decodeFrame on frames that Linux sent", () => {
  test("reads addresses and an ARP request", () => {
    expect(decode(CAPTURED.arpRequest)).toEqual({
      source: accepted(parseMac("02:00:00:00:00:01")),
      destination: accepted(parseMac("ff:ff:ff:ff:ff:ff")),
      tags: [],
      payload: expect.objectContaining({
        kind: "arp",
        operation: "request",
        senderMac: "02:00:00:00:00:01",
        senderIp: "10.0.0.1",
        targetMac: "00:00:00:00:00:00",
        targetIp: "10.0.0.2",
      }),
    });
  });

  test("reads an ARP reply", () => {
    expect(decode(CAPTURED.arpReply).payload as unknown).toEqual({
      kind: "arp",
      operation: "reply",
      senderMac: "02:00:00:00:00:02",
      senderIp: "10.0.0.2",
      targetMac: "02:00:00:00:00:01",
      targetIp: "10.0.0.1",
    });
  });

  test("leaves the padding of a short frame out", () => {
    const packet = CAPTURED.echoRequest4;
    const padded = new Uint8Array(packet.length + 8);
    padded.set(packet);
    expect(decode(padded)).toEqual(decode(packet));
  });

  test("reads a VLAN tag with its priority", () => {
    const frame = decode(CAPTURED.vlanArp);
    expect(frame.tags).toEqual([{ protocol: "802.1Q", id: 10, priority: 3, dropEligible: false }]);
    expect(frame.payload.kind).toBe("arp");
  });

  test("reads a customer's tag inside a provider's, the outer one first", () => {
    const frame = decode(CAPTURED.doubleTagArp);
    expect(frame.tags).toEqual([
      { protocol: "802.1ad", id: 5, priority: 0, dropEligible: false },
      { protocol: "802.1Q", id: 7, priority: 0, dropEligible: false },
    ]);
    expect(frame.payload.kind).toBe("arp");
  });
});

describe("encodeFrame", () => {
  /** What we never send: TCP options, extension headers, a nonce, padding, a first fragment. */
  const notOurs = /^(tcp(Syn|SynAck|Ack|Data)|mldReport|dadSolicitation|arpPadded|firstFragment4)$/;

  test.each(captured.filter(([name]) => !notOurs.test(name)))(
    "gives back the bytes and checksums of %s",
    (_, bytes) => expect(encodeFrame(decode(bytes)).toHex()).toBe(bytes.toHex()),
  );

  test("refuses a VLAN id beyond twelve bits", () => {
    const tags = [{ protocol: "802.1Q", id: 4096, priority: 0, dropEligible: false }] as const;
    const frame = { ...decode(CAPTURED.arpRequest), tags };
    expect(() => encodeFrame(frame)).toThrow("vlan 4096");
  });
});

describe("decodeFrame on bytes that are not what they say", () => {
  test.each(captured)("never throws on %s cut at any length", (_, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      const tagged = bytes[12] === 0x81 || bytes[12] === 0x88;
      const double = bytes[16] === 0x81;
      const headers = 14 + (tagged ? 4 : 0) + (tagged && double ? 4 : 0);
      expect(decodeFrame(bytes.subarray(0, length)).ok).toBe(length >= headers);
    }
  });

  test("never throws on any bytes, with any EtherType", () => {
    const etherType = fc.constantFrom("0800", "0806", "8100", "88a8", "86dd", "0026", "88cc");
    fc.assert(
      fc.property(etherType, fc.uint8Array({ maxLength: 90 }), (type, rest) => {
        const bytes = Uint8Array.from([...hex(`ffffffffffff 020000000001 ${type}`), ...rest]);
        const frame = decodeFrame(bytes);
        if (frame.ok) expect(encodeFrame(frame.value).length).toBeGreaterThanOrEqual(14);
        else expect(frame.error.layer).toBe("vlan");
      }),
    );
  });

  test("never throws on captured frames with one byte changed", () => {
    const any = fc.tuple(fc.constantFrom(...captured), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(any, ([[, original], at, byte]) => {
        const bytes = Uint8Array.from(original);
        bytes[at % bytes.length] = byte;
        const frame = decodeFrame(bytes);
        if (frame.ok) expect(encodeFrame(frame.value).length).toBeGreaterThanOrEqual(14);
        else expect(frame.error.layer).toBe("vlan");
      }),
      { numRuns: 500 },
    );
  });

  test("names the layer that ends too early", () => {
    expect(decodeFrame(hex("ffffffffffff 0200"))).toEqual({
      ok: false,
      error: { layer: "ethernet", reason: "the header needs 14 bytes, 8 are there" },
    });
    expect(decodeFrame(CAPTURED.vlanArp.subarray(0, 17))).toEqual({
      ok: false,
      error: { layer: "vlan", reason: "the tag needs 6 bytes, 5 are there" },
    });
  });

  test("keeps a packet that ends too early, with the reason", () => {
    const bytes = CAPTURED.echoRequest4.subarray(0, 50);
    expect(decode(bytes).payload).toEqual({
      kind: "malformed",
      etherType: 0x0800,
      reason: "ipv4: the packet needs 44 bytes, 36 are there",
      bytes: bytes.subarray(14),
    });
  });

  test("keeps an ARP that is not for IPv4 over Ethernet, or no request or reply", () => {
    const changed = (at: number, byte: number) => {
      const bytes = Uint8Array.from(CAPTURED.arpRequest);
      bytes[at] = byte;
      return decode(bytes).payload;
    };
    expect(changed(21, 3)).toMatchObject({ kind: "malformed", etherType: 0x0806 });
    expect(changed(15, 6)).toMatchObject({ kind: "malformed", etherType: 0x0806 });
    expect(changed(18, 8)).toMatchObject({ kind: "malformed", etherType: 0x0806 });
  });

  test("keeps an EtherType that it does not know", () => {
    const lldp = hex("0180c200000e 020000000001 88cc 0207");
    expect(decode(lldp)).toMatchObject({
      destination: macFromBytes(hex("0180c200000e")),
      payload: { kind: "unknown", etherType: 0x88cc, bytes: hex("0207") },
    });
    expect(encodeFrame(decode(lldp))).toEqual(lldp);
  });

  test("stops at the fourth tag", () => {
    const five = hex(`ffffffffffff 020000000001 ${"81000001".repeat(5)} 0806`);
    const frame = decode(five);
    expect(frame.tags.length).toBe(4);
    expect(frame.payload).toMatchObject({ kind: "unknown", etherType: 0x8100 });
    expect(encodeFrame(frame)).toEqual(five);
  });
});
