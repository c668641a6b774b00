import { describe, expect, test } from "bun:test";
import { decodeTcp, tcpFlags } from "./tcp.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const segmentOf = (frame: Uint8Array) => frame.subarray(34);

describe("decodeTcp", () => {
  test("reads ports, numbers and flags, and skips the options", () => {
    expect(accepted(decodeTcp(segmentOf(CAPTURED.tcpSynAck)))).toEqual({
      kind: "tcp",
      sourcePort: 80,
      destinationPort: 53914,
      sequence: 1736691780,
      acknowledgement: 4228579261,
      flags: tcpFlags("syn", "ack"),
      window: 65160,
      data: hex(""),
    });
  });

  test("reads the data behind the options", () => {
    const segment = accepted(decodeTcp(segmentOf(CAPTURED.tcpData)));
    expect(new TextDecoder().decode(segment.data)).toBe("hello");
    expect(segment.flags).toEqual(tcpFlags("psh", "ack"));
  });

  test.each([
    ["a header that is too short", 0x40, "the header claims to have 16 bytes"],
    ["options beyond the end", 0x60, "the header needs 24 bytes, 20 are there"],
  ])("refuses %s", (_, dataOffset, reason) => {
    const bytes = Uint8Array.from(segmentOf(CAPTURED.tcpReset));
    bytes[12] = dataOffset;
    expect(decodeTcp(bytes)).toEqual({ ok: false, error: { layer: "tcp", reason } });
  });
});

describe("tcpFlags", () => {
  test("sets the named flags and no others", () => {
    expect(tcpFlags("syn")).toEqual({
      fin: false,
      syn: true,
      rst: false,
      psh: false,
      ack: false,
      urg: false,
      ece: false,
      cwr: false,
    });
  });
});
