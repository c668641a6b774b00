import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  isLocallyAdministeredMac,
  isMulticastMac,
  macFromBytes,
  macToBytes,
  parseMac,
} from "./index.ts";
import { accepted, notText, refused } from "./testing.ts";

const anyMacBytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

describe("parseMac", () => {
  test.each(["02:00:00:00:00:aF", "02-00-00-00-00-AF", "02:00:00:00:00:af"])(
    "reads %s as lower case with colons",
    (text) => expect(accepted(parseMac(text)) as string).toBe("02:00:00:00:00:af"),
  );

  test.each([
    ["", "it is empty"],
    ["02:00:00:00:00", 'six groups separated by ":" or "-" are needed, this has 5'],
    ["02:00:00:00:00:01:02", 'six groups separated by ":" or "-" are needed, this has 7'],
    ["020000000001", 'six groups separated by ":" or "-" are needed, this has 1'],
    ["0200.0000.0001", 'six groups separated by ":" or "-" are needed, this has 1'],
    ["02:00:00:00:00-01", 'it mixes ":" and "-"'],
    ["2:00:00:00:00:01", 'group 1 "2" is not two hexadecimal digits'],
    ["02:00:00:00:00:011", 'group 6 "011" is not two hexadecimal digits'],
    ["02:00:00:00:00:0g", 'group 6 "0g" is not two hexadecimal digits'],
    ["02:00::00:00:01", 'group 3 "" is not two hexadecimal digits'],
    ["02:00:00:00:00:01 ", "it contains white space"],
    ["02:00:00:00:00:01\n", "it contains white space"],
    ["02:00:00:00:00:0１", 'group 6 "0\\uff11" is not two hexadecimal digits'],
  ])("refuses %j", (text, reason) => {
    const problem = refused(parseMac(text));
    expect(problem.code).toBe("LF-MAC-INVALID");
    expect(problem.detail).toEndWith(` is not a MAC address: ${reason}.`);
    expect(problem.remedy).toBe('Write it like "02:00:00:00:00:01".');
  });

  test("refuses what is not text", () => {
    for (const input of notText)
      expect(refused(parseMac(input)).facts.reason).toBe("it is not text");
  });

  test("never throws", () => {
    fc.assert(fc.property(fc.anything(), (input) => typeof parseMac(input).ok === "boolean"));
  });
});

describe("MAC bytes", () => {
  test("are those that the text spells", () => {
    const mac = accepted(parseMac("02:0a:ff:00:10:01"));
    expect([...macToBytes(mac)]).toEqual([0x02, 0x0a, 0xff, 0x00, 0x10, 0x01]);
  });

  test("survive the way to text and back", () => {
    fc.assert(
      fc.property(anyMacBytes, (bytes) => {
        const mac = macFromBytes(bytes);
        const hex = Buffer.from(bytes).toString("hex");
        expect(mac.replaceAll(":", "")).toBe(hex);
        expect(accepted(parseMac(mac))).toBe(mac);
        expect(macToBytes(mac)).toEqual(bytes);
      }),
    );
  });

  test("of another count are a bug", () => {
    expect(() => macFromBytes(new Uint8Array(5))).toThrow("not 5");
  });
});

test.each([
  ["ff:ff:ff:ff:ff:ff", true, true],
  ["01:00:5e:00:00:01", true, false],
  ["33:33:00:00:00:01", true, true],
  ["02:00:00:00:00:01", false, true],
  ["00:1b:21:00:00:01", false, false],
  ["fc:ff:ff:ff:ff:ff", false, false],
])("%s has multicast %p and locally administered %p", (text, multicast, local) => {
  const mac = accepted(parseMac(text));
  expect([isMulticastMac(mac), isLocallyAdministeredMac(mac)]).toEqual([multicast, local]);
});
