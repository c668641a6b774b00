import { expect, test } from "bun:test";
import fc from "fast-check";
import { err, ok } from "../../base/index.ts";
import { fields, integer, type Json, listOf, member, text, textOf, truth } from "./json.ts";
import { accepted, anyJson, refused } from "./testing.ts";

const even = textOf((words) => (words.length % 2 === 0 ? ok(words) : err(`${words} is odd`)));
const decode = fields({
  name: text,
  isOpen: truth,
  size: integer(0, 9),
  words: listOf(even),
  inner: fields({ list: listOf(fields({ deep: text })) }),
});

test("known keys are read in any case, unknown ones are left alone", () => {
  const value = { NAME: "a", isopen: true, Size: 3, Words: ["ab"], other: [{}], inner: {} };
  expect(accepted(decode(value, ""))).toEqual({
    name: "a",
    isOpen: true,
    size: 3,
    words: ["ab"],
    inner: {},
  });
});

test("both ends of a range of numbers are in it", () => {
  expect(accepted(decode({ size: 0 }, ""))).toEqual({ size: 0 });
  expect(accepted(decode({ size: 9 }, ""))).toEqual({ size: 9 });
});

test("of two spellings of one key the later counts", () => {
  expect(accepted(decode({ name: "a", Name: "b" }, ""))).toEqual({ name: "b" });
  expect(accepted(decode({ Name: "b", name: "a" }, ""))).toEqual({ name: "a" });
  expect(member({ ips: 1, IPs: null }, "ips")).toBeNull();
});

test("Go folds three letters that look alike into k, and two into s", () => {
  const folding = fields({ key: text, last: text });
  const value = { "\u212aey": "kelvin", "la\u017ft": "long s" };
  expect(accepted(folding(value, ""))).toEqual({ key: "kelvin", last: "long s" });
  expect(member({ addreß: 1 }, "address")).toBeUndefined();
});

test("null is as if the key were missing, and an empty list", () => {
  expect(accepted(decode({ name: null, inner: null }, ""))).toEqual({});
  expect(accepted(listOf(text)(null, "x"))).toEqual([]);
});

test.each<[Json, number, string]>([
  [[], 6, "it must be an object, not a list"],
  [{ name: 5 }, 6, '"name" must be text, not a number'],
  [{ NAME: true }, 6, '"name" must be text, not true'],
  [{ isOpen: "yes" }, 6, '"isOpen" must be true or false, not text'],
  [{ size: "3" }, 6, '"size" must be a whole number, not text'],
  [{ size: 1.5 }, 7, '"size": 1.5 is no whole number'],
  [{ size: 10 }, 7, '"size": 10 is not between 0 and 9'],
  [{ size: -1 }, 7, '"size": -1 is not between 0 and 9'],
  [{ words: {} }, 6, '"words" must be a list, not an object'],
  [{ words: ["ab", null] }, 6, '"words[1]" must be text, not null'],
  [{ words: ["ab", "abc"] }, 7, '"words[1]": abc is odd'],
  [{ inner: { list: [{}, { deep: [] }] } }, 6, '"inner.list[1].deep" must be text, not a list'],
])("%j is refused with code %d: %s", (value, code, msg) => {
  expect(refused(decode(value, ""))).toEqual({ code, msg });
});

test("no JSON makes it throw, and what it accepts has the types that it says", () => {
  const named = fc.dictionary(
    fc.constantFrom("name", "isOpen", "size", "words", "inner", "__proto__", "constructor"),
    anyJson,
  );
  fc.assert(
    fc.property(fc.oneof(anyJson, named), (value) => {
      const decoded = decode(value as Json, "");
      if (!decoded.ok) return;
      const { name, isOpen, size, words } = decoded.value;
      expect(["string", "undefined"]).toContain(typeof name);
      expect(["boolean", "undefined"]).toContain(typeof isOpen);
      expect(["number", "undefined"]).toContain(typeof size);
      expect(words === undefined || Array.isArray(words)).toBeTrue();
    }),
  );
});
