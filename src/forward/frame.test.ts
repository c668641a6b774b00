import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeFrame, encodeFrame, FRAME_BYTES_MAX, type Frame } from "./frame.ts";

/** What environments hold: no zero byte, no "=" in a name. */
const text = fc.string({ unit: "grapheme" }).map((each) => each.replaceAll("\0", ""));
const name = text.map((each) => `A${each.replaceAll("=", "")}`);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    call: fc.record({
      plugin: text,
      env: fc.dictionary(name, text, { noNullPrototype: true }),
      stdin: fc.uint8Array(),
    }),
  }),
  fc.record({
    kind: fc.constant("answer" as const),
    reply: fc.record(
      {
        exitCode: fc.constantFrom(0 as const, 1 as const),
        stdout: text,
        stderr: text.map((each) => `${each}!`),
      },
      { requiredKeys: ["exitCode", "stdout"] },
    ),
  }),
  fc.record({ kind: fc.constant("declined" as const), reason: text }),
);

/** Bytes by hand, as native/cni-shim.c writes and reads them. */
const golden: readonly (readonly [Frame, string])[] = [
  [
    {
      kind: "request",
      call: { plugin: "vlan", env: { PATH: "/b", CNI_ARGS: "A=1" }, stdin: Buffer.from("{}") },
    },
    "4c46434e 0001 0001 00000023 00000004 00000015" +
      "766c616e 504154483d2f6200 434e495f415247533d413d3100 7b7d",
  ],
  [
    { kind: "answer", reply: { exitCode: 1, stdout: "{}\n", stderr: "a" } },
    "4c46434e 0001 0002 0000000c 00000001 00000003 7b7d0a 61",
  ],
  [{ kind: "declined", reason: "no" }, "4c46434e 0001 0003 00000002 6e6f"],
];

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test.each(golden)("frame %# has the bytes that the shim writes or reads", (value, hex) => {
  expect(hexOf(encodeFrame(value))).toBe(hexOf(bytesOf(hex)));
  const decoded = decodeFrame(bytesOf(hex));
  // Which kind of byte array stdin is does not matter.
  expect(JSON.stringify(decoded)).toBe(JSON.stringify({ kind: "whole", frame: value }));
});

test("what was encoded is decoded as it was", () => {
  fc.assert(
    fc.property(frame, (value) => {
      expect(decodeFrame(encodeFrame(value))).toEqual({ kind: "whole", frame: value });
    }),
  );
});

test("a frame that was cut anywhere is partial, and says how much there will be", () => {
  fc.assert(
    fc.property(frame, (value) => {
      const bytes = encodeFrame(value);
      for (let length = 0; length < bytes.length; length++) {
        const need = length < 12 ? 12 : bytes.length;
        expect(decodeFrame(bytes.subarray(0, length))).toEqual({ kind: "partial", need });
      }
    }),
  );
});

test("no bytes whatever are an exception", () => {
  const begun = fc.tuple(frame, fc.uint8Array(), fc.nat(40)).map(([value, noise, at]) => {
    const bytes = encodeFrame(value);
    const from = Math.min(at, bytes.length);
    bytes.set(noise.subarray(0, bytes.length - from), from);
    return bytes;
  });
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), begun), (bytes) => {
      kinds.add(decodeFrame(bytes).kind);
    }),
    { numRuns: 2000 },
  );
  expect([...kinds].sort()).toEqual(["foreign", "partial", "refused", "whole"]);
});

const refusals: readonly (readonly [what: string, hex: string])[] = [
  ["another protocol", "474554202f20485454502f31"],
  ["a frame that is too long", "4c46434e 0001 0001 00400000"],
  ["more than a frame", "4c46434e 0001 0003 00000000 00"],
  ["a kind that nobody knows", "4c46434e 0001 0009 00000008 0000000000000000"],
  ["a body without its lengths", "4c46434e 0001 0001 00000002 0000"],
  ["lengths beyond the end", "4c46434e 0001 0001 00000008 0000000000000001"],
  ["an environment without its end", "4c46434e 0001 0001 0000000b 0000000000000003 413d62"],
  ["a variable without a name", "4c46434e 0001 0001 0000000b 0000000000000003 3d6200"],
  ["a name that is no text", "4c46434e 0001 0001 00000009 0000000100000000 ff"],
  ["an exit status that no plugin has", "4c46434e 0001 0002 00000008 0000000200000000"],
];

test.each(refusals)("%s is refused", (_, hex) => {
  expect(decodeFrame(bytesOf(hex)).kind).toBe("refused");
});

test("another version's frame is known to be one, and its refusal is understood", () => {
  const later = decodeFrame(bytesOf("4c46434e 0002 0001 00000001 00"));
  expect(later).toEqual({ kind: "foreign", version: 2 });
  const declined = decodeFrame(bytesOf("4c46434e 0002 0003 00000002 6e6f"));
  expect(declined).toEqual({ kind: "whole", frame: { kind: "declined", reason: "no" } });
});

test("the first of a variable counts, and bytes that are no text do no harm", () => {
  const hex = "4c46434e 0001 0001 00000014 000000000000000c 413d3100 413d3200 423dff00";
  const decoded = decodeFrame(bytesOf(hex));
  expect(decoded).toMatchObject({ frame: { call: { env: { A: "1", B: "\ufffd" } } } });
  expect(FRAME_BYTES_MAX).toBe(4 << 20);
});
