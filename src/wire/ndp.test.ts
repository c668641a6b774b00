import { describe, expect, test } from "bun:test";
import { decodeNdp } from "./ndp.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const messageOf = (frame: Uint8Array) => frame.subarray(54);

describe("decodeNdp", () => {
  test("reads a solicitation with the asker's MAC", () => {
    const message = accepted(decodeNdp("ndp-solicitation", messageOf(CAPTURED.solicitation)));
    expect(message as unknown).toEqual({
      kind: "ndp-solicitation",
      target: "fd00::2",
      linkLayer: "02:00:00:00:00:01",
    });
  });

  test("reads an answer with its flags", () => {
    const message = accepted(decodeNdp("ndp-advertisement", messageOf(CAPTURED.advertisement)));
    expect(message as unknown).toEqual({
      kind: "ndp-advertisement",
      target: "fd00::2",
      linkLayer: "02:00:00:00:00:02",
      router: false,
      solicited: true,
      override: true,
    });
  });

  test("reads the router flag", () => {
    const bytes = Uint8Array.from(messageOf(CAPTURED.advertisement));
    bytes[4] = 0x80;
    expect(accepted(decodeNdp("ndp-advertisement", bytes))).toMatchObject({
      router: true,
      solicited: false,
      override: false,
    });
  });

  test("skips the nonce of duplicate address detection, which carries no MAC", () => {
    const message = accepted(decodeNdp("ndp-solicitation", messageOf(CAPTURED.dadSolicitation)));
    expect(message as unknown).toEqual({ kind: "ndp-solicitation", target: "fe80::ff:fe00:2" });
  });

  test("finds the MAC behind another option, and takes the first of two", () => {
    const head = messageOf(CAPTURED.solicitation).subarray(0, 24);
    const nonce = `0e02${"00".repeat(14)}`;
    const options = hex(`${nonce} 0101020000000003 0101020000000004`);
    const message = accepted(decodeNdp("ndp-solicitation", Uint8Array.from([...head, ...options])));
    expect(message.linkLayer as unknown).toBe("02:00:00:00:00:03");
  });

  test("does not take the target's option for the source's", () => {
    const bytes = messageOf(CAPTURED.advertisement);
    const message = accepted(decodeNdp("ndp-solicitation", bytes));
    expect(message.linkLayer).toBeUndefined();
  });

  test.each([
    ["an option of length 0", "0100020000000001", "an option has length 0"],
    ["an option that ends too early", "0102020000000001", "the option needs 16 bytes, 8 are there"],
    ["a rest too short for an option", "0101", "the option needs 8 bytes, 2 are there"],
  ])("refuses %s", (_, option, reason) => {
    const head = messageOf(CAPTURED.solicitation).subarray(0, 24);
    const bytes = Uint8Array.from([...head, ...hex(option)]);
    expect(decodeNdp("ndp-solicitation", bytes)).toEqual({
      ok: false,
      error: { layer: "ndp", reason },
    });
  });
});
