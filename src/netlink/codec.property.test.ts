import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Field } from "./field.ts";
import { arbitraryOf } from "./fixtures/arbitrary.ts";
import { encode } from "./request.ts";
import type { ValueOf } from "./struct.ts";
import { addressMessage } from "./tables/address.ts";
import { bridgeVlanMessage } from "./tables/bridge-vlan.ts";
import { linkGlance, linkMessage, linkRequest } from "./tables/link-message.ts";
import { neighbourMessage } from "./tables/neighbour.ts";
import { routeMessage } from "./tables/route.ts";

const messages: Readonly<Record<string, Field<unknown>>> = {
  link: linkMessage,
  "link request": linkRequest,
  address: addressMessage,
  route: routeMessage,
  neighbour: neighbourMessage,
  "bridge VLAN": bridgeVlanMessage,
};

for (const [name, field] of Object.entries(messages)) {
  const values = arbitraryOf(field);

  test(`every ${name} message comes back as it was written`, () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(field.read(encode(field, value).bytes)).toEqual({ ok: true, value });
      }),
    );
  });

  test(`a ${name} message is the same bytes when written again`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const { bytes } = encode(field, value);
        const read = field.read(bytes);
        expect(read.ok && encode(field, read.value).bytes.toHex()).toBe(bytes.toHex());
      }),
    );
  });

  test(`a ${name} message cut anywhere is an error or a shorter message, never a throw`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const { bytes, marks } = encode(field, value);
        const ends = new Set(marks.map((mark) => mark.offset));
        for (let length = 0; length < bytes.length; length++) {
          const read = field.read(bytes.subarray(0, length));
          // Only between two attributes is what remains a message of its own.
          if (read.ok) expect(ends.has(length) || padded(bytes, length, ends)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test(`no bytes make reading a ${name} message throw`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof field.read(bytes).ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });
}

test("what is read of a link at a glance is what is read of it in full", () => {
  fc.assert(
    fc.property(arbitraryOf(linkMessage), (value) => {
      const { bytes } = encode(linkMessage, value as ValueOf<typeof linkMessage>);
      const read = linkGlance.read(bytes);
      const full = linkMessage.read(bytes);
      if (!read.ok || !full.ok) throw new Error("not read");
      const { afSpec, ...glance } = read.value.attributes;
      expect(full.value.attributes).toMatchObject(glance);
      expect(Object.keys(afSpec ?? {})).not.toContain("inet6");
      expect(full.value.attributes.afSpec?.inet).toEqual(afSpec?.inet);
      expect(
        Object.keys(glance).filter((name) => ["stats", "map", "unknown"].includes(name)),
      ).toEqual([]);
    }),
  );
});

/** The padding of the last attribute may be missing. */
function padded(bytes: Uint8Array, length: number, ends: ReadonlySet<number>): boolean {
  const next = (length + 3) & ~3;
  return (
    (ends.has(next) || next === bytes.length) && bytes.subarray(length, next).every((b) => b === 0)
  );
}
