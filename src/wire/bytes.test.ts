import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, layout, readUint, writeUint } from "./bytes.ts";
import { hex } from "./testing.ts";

describe("layout", () => {
  test("lets each field begin where the one before it ends", () => {
    const { field, size } = layout({ a: 2, b: 1, c: 4 });
    expect(field).toEqual({ a: { at: 0, end: 2 }, b: { at: 2, end: 3 }, c: { at: 3, end: 7 } });
    expect(size).toBe(7);
  });
});

describe("readUint and writeUint", () => {
  const { field, size } = layout({ before: 1, value: 4, after: 1 });

  test("are big-endian", () => {
    const bytes = new Uint8Array(size);
    writeUint(bytes, field.value, 0xfedc_ba98);
    expect(bytes).toEqual(hex("00 fedcba98 00"));
    expect(readUint(bytes, field.value)).toBe(0xfedc_ba98);
  });

  test("undo each other", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        const bytes = new Uint8Array(size);
        writeUint(bytes, field.value, value);
        expect(readUint(bytes, field.value)).toBe(value);
      }),
    );
  });

  test.each([256, -1, 1.5, Number.NaN])("refuse to write %p into one byte", (value) => {
    expect(() => writeUint(new Uint8Array(size), field.before, value)).toThrow("is not below 256");
  });

  test("refuse to read beyond the end", () => {
    expect(() => readUint(new Uint8Array(2), field.value)).toThrow("without a check");
  });
});

describe("concatBytes", () => {
  test("puts chunks one after the other", () => {
    expect(concatBytes(hex("01"), hex(""), hex("0203"))).toEqual(hex("010203"));
  });
});
