import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseIfName, parseNetworkName, parseWorkloadName } from "./index.ts";
import { accepted, notText, refused } from "./testing.ts";

/** The sets of bytes for which the kernel's isspace() is true: lib/ctype.c, _S. */
const kernelSpaces = [9, 10, 11, 12, 13, 32, 0xa0];

/** dev_valid_name() of net/core/dev.c on the bytes of a name that has no NUL inside. */
function kernelTakes(name: string): boolean {
  const bytes = [...Buffer.from(name, "utf8")];
  if (bytes.length === 0 || bytes.length > 15) return false;
  if (name === "." || name === "..") return false;
  return bytes.every((byte) => byte !== 0x2f && byte !== 0x3a && !kernelSpaces.includes(byte));
}

describe("parseIfName", () => {
  test.each([
    ["eth0"],
    ["e"],
    ["0123456789abcde"],
    ["br-1f0.10_x@y+z"],
    ["-x"],
    ["..."],
    ["a."],
    ["ALL"],
    ["defaults"],
    // 7 letters of 2 bytes and one more byte.
    ["ééééééé1"],
  ])("takes %p as it is", (name) => expect(accepted(parseIfName(name)) as string).toBe(name));

  test.each([
    ["", "it is empty"],
    ["0123456789abcdef", "it has 16 bytes, the kernel allows 15"],
    ["éééééééé", "it has 16 bytes, the kernel allows 15"],
    [".", "it is a directory of the kernel's"],
    ["..", "it is a directory of the kernel's"],
    ["all", "it is a directory of the kernel's"],
    ["default", "it is a directory of the kernel's"],
    ["a/b", 'it holds "/"'],
    ["eth0:1", 'it holds ":"'],
    ["eth%d", 'it holds "%"'],
    ["a b", 'it holds " "'],
    ["eth0\n", 'it holds "\\n"'],
    ["\tx", 'it holds "\\t"'],
    ["a\vb", 'it holds "\\u000b"'],
    ["a\0b", 'it holds "\\u0000"'],
    ["a\u00a0b", 'it holds "\u00a0"'],
    ["a\ud800", "it is not Unicode text"],
    // U+00E0 is c3 a0, U+4F60 is e4 bd a0: the kernel answers EINVAL.
    ["caf\u00e0", "the kernel takes byte a0 of its UTF-8 for white space"],
    ["\u4f60", "the kernel takes byte a0 of its UTF-8 for white space"],
  ])("refuses %j", (name, reason) => {
    const problem = refused(parseIfName(name));
    expect(problem.code).toBe("LF-NAME-INVALID");
    expect(problem.facts).toMatchObject({ what: "link name", reason });
  });

  test("never takes a name that the kernel refuses, and refuses no plain one that it takes", () => {
    const nearlyName = fc.oneof(
      fc.string({ unit: "binary", maxLength: 16 }),
      fc.string({ unit: fc.constantFrom("a", "é", "à", ".", "/", ":", "\v"), maxLength: 17 }),
      fc.string({ unit: fc.constantFrom("e", "-", "0", "_", "@", ".", "/", " "), maxLength: 17 }),
    );
    fc.assert(
      fc.property(nearlyName, (name) => {
        const taken = parseIfName(name).ok;
        if (taken) expect(kernelTakes(name)).toBe(true);
        // Beyond the kernel's rule only these are refused: patterns and exotic white space.
        const plain = /^[!-~é]*$/.test(name) && !name.includes("%");
        if (plain && kernelTakes(name)) expect(taken).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

const words = [
  { what: "network name", parse: parseNetworkName, max: 63 },
  { what: "workload name", parse: parseWorkloadName, max: 255 },
] as const;

for (const { what, parse, max } of words) {
  describe(`a ${what}`, () => {
    test.each([["lan"], ["0"], ["LAN_1.b-c"], ["a--"], ["x".repeat(max)]])("may be %p", (name) => {
      expect(accepted<string>(parse(name))).toBe(name);
    });

    test.each([
      ["x".repeat(max + 1), `it has ${max + 1} characters, ${max} fit`],
      ["", "it is empty"],
      ...["-lan", ".lan", "_lan", "la n", "lan\n", "lan/1", "län", "lan%d", "a:b"].map(
        (name) =>
          [
            name,
            "it may hold letters, digits, '_', '.' and '-', and begins with a letter or digit",
          ] as const,
      ),
    ])("may not be %j", (name, reason) => {
      const problem = refused(parse(name));
      expect(problem.code).toBe("LF-NAME-INVALID");
      expect(problem.facts).toMatchObject({ what, reason });
    });
  });
}

test("what is no text is refused as empty and never throws", () => {
  for (const parse of [parseIfName, parseNetworkName, parseWorkloadName]) {
    for (const input of notText) expect(refused(parse(input)).facts.reason).toBe("it is empty");
  }
});

test("a long name is cut in the message", () => {
  const { detail } = refused(parseWorkloadName("x".repeat(100_000)));
  expect(detail.length).toBeLessThan(200);
  expect(detail).toContain("it has 100000 characters");
});
