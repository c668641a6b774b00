import { describe, expect, test } from "bun:test";
import { decodeEcho, encodeEcho } from "./echo.ts";
import { CAPTURED, hex } from "./testing.ts";

const echo = {
  kind: "icmp-echo-request",
  identifier: 756,
  sequence: 1,
  data: CAPTURED.echoRequest4.subarray(42),
} as const;

describe("encodeEcho", () => {
  test("makes the ICMP message that ping sent, with its checksum", () => {
    expect(encodeEcho({ version: 4, ...echo })).toEqual(CAPTURED.echoRequest4.subarray(34));
  });

  test("makes the ICMPv6 message that ping sent, but leaves the checksum to the kernel", () => {
    const sent = Uint8Array.from(CAPTURED.echoRequest6.subarray(54));
    sent.fill(0, 2, 4);
    const data = CAPTURED.echoRequest6.subarray(62);
    expect(encodeEcho({ version: 6, ...echo, identifier: 757, data })).toEqual(sent);
  });

  test("makes replies", () => {
    const reply = { ...echo, kind: "icmp-echo-reply" } as const;
    expect(encodeEcho({ version: 4, ...reply })).toEqual(CAPTURED.echoReply4.subarray(34));
    expect(encodeEcho({ version: 6, ...reply })[0]).toBe(129);
  });
});

describe("decodeEcho", () => {
  test("reads what an ICMP socket received, which begins with the IPv4 header", () => {
    expect(decodeEcho(4, CAPTURED.echoReply4.subarray(14)) as unknown).toEqual({
      ...echo,
      kind: "icmp-echo-reply",
      source: "10.0.0.2",
    });
  });

  test("reads what an ICMPv6 socket received, which has no header", () => {
    expect(decodeEcho(6, CAPTURED.echoReply6.subarray(54))).toEqual({
      kind: "icmp-echo-reply",
      identifier: 757,
      sequence: 1,
      data: CAPTURED.echoReply6.subarray(62),
    });
  });

  test("is undefined for everything else that such sockets receive", () => {
    expect(decodeEcho(4, CAPTURED.portUnreachable4.subarray(14))).toBeUndefined();
    expect(decodeEcho(4, CAPTURED.udp4.subarray(14))).toBeUndefined();
    expect(decodeEcho(6, CAPTURED.portUnreachable6.subarray(54))).toBeUndefined();
    expect(decodeEcho(6, CAPTURED.solicitation.subarray(54))).toBeUndefined();
    expect(decodeEcho(6, CAPTURED.routerSolicitation.subarray(54))).toBeUndefined();
  });

  test("is undefined for a message that ends within its header, at any length", () => {
    for (let length = 0; length < 28; length++) {
      expect(decodeEcho(4, CAPTURED.echoReply4.subarray(14, 14 + length))).toBeUndefined();
    }
    for (let length = 0; length < 8; length++) {
      expect(decodeEcho(6, CAPTURED.echoReply6.subarray(54, 54 + length))).toBeUndefined();
    }
  });

  test("does not take an echo with a code for an echo", () => {
    expect(decodeEcho(6, hex("81010000 0001 0001"))).toBeUndefined();
  });
});
