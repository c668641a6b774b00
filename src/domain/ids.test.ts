import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type EndpointId,
  type Ids,
  ids,
  linkAlias,
  parseIfName,
  type StoreUuid,
  temporaryName,
} from "./index.ts";
import { accepted } from "./testing.ts";

/** The same unpredictable-looking bytes in every run: SHA-256 of a counter. */
function seededIds(): Ids {
  let counter = 0;
  return ids((count) => {
    const digest = new Bun.CryptoHasher("sha256").update(`seed ${counter++}`).digest();
    return new Uint8Array(digest.buffer.slice(0, count));
  });
}

const constantIds = (byte: number): Ids => ids((count) => new Uint8Array(count).fill(byte));

describe("ids", () => {
  test("begin with what they name, and hold no letter that looks like a digit", () => {
    const source = seededIds();
    const shape = /^(net|ep|op)-[0-9abcdefghjkmnpqrstvwxyz]{10}$/;
    for (const [prefix, make] of [
      ["net", source.network],
      ["ep", source.endpoint],
      ["op", source.operation],
    ] as const) {
      const id: string = make();
      expect(id).toStartWith(`${prefix}-`);
      expect(id).toMatch(shape);
      expect(id.slice(prefix.length)).not.toMatch(/[ilou]/);
    }
  });

  test("take five bits of each byte, in Crockford's alphabet", () => {
    const counting = ids((count) => Uint8Array.from({ length: count }, (_, index) => index + 16));
    expect(counting.endpoint() as string).toBe("ep-ghjkmnpqrs");
    expect(constantIds(0).network() as string).toBe("net-0000000000");
    expect(constantIds(0xff).operation() as string).toBe("op-zzzzzzzzzz");
  });

  test("are distinct over ten thousand, and use all 32 letters", () => {
    const source = seededIds();
    const made = Array.from({ length: 10_000 }, () => source.endpoint() as string);
    expect(new Set(made).size).toBe(10_000);
    expect(new Set(made.flatMap((id) => [...id.slice(3)])).size).toBe(32);
  });
});

describe("an ifindex for a new link", () => {
  const lowest = 16_777_216;
  const highest = 2_147_483_647;

  test("is what the kernel takes, and far above those that it counts up itself", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const ifindex = ids(() => bytes).ifindex();
        expect(Number.isInteger(ifindex)).toBe(true);
        expect(ifindex).toBeGreaterThanOrEqual(lowest);
        expect(ifindex).toBeLessThanOrEqual(highest);
      }),
    );
  });

  test("reaches both ends of its range", () => {
    const width = highest - lowest;
    const of = (number: number): number => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, number);
      return ids(() => bytes).ifindex();
    };
    expect([of(0), of(width), of(width + 1)]).toEqual([lowest, highest, lowest]);
  });

  test("is distinct over a thousand", () => {
    const source = seededIds();
    expect(new Set(Array.from({ length: 1_000 }, () => source.ifindex())).size).toBe(1_000);
  });

  test("reads the bytes it was given, also from the middle of a buffer", () => {
    const whole = Uint8Array.from([9, 9, 9, 9, 0, 0, 0, 5]);
    expect(ids(() => whole.subarray(4)).ifindex()).toBe(lowest + 5);
  });
});

const anyEndpointId = fc
  .uint8Array({ minLength: 10, maxLength: 10 })
  .map((bytes) => ids(() => bytes).endpoint());

test("the temporary name of every endpoint is a link name that the kernel takes", () => {
  fc.assert(
    fc.property(anyEndpointId, (id) => {
      const name = temporaryName(id);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(15);
      expect(accepted(parseIfName(name))).toBe(name);
    }),
  );
  expect(temporaryName("ep-0123456789" as EndpointId) as string).toBe("lf0123456789");
});

test("two endpoints never share a temporary name", () => {
  fc.assert(
    fc.property(anyEndpointId, anyEndpointId, (a, b) => {
      expect(temporaryName(a) === temporaryName(b)).toBe(a === b);
    }),
  );
});

test("the alias of a link names store and endpoint, and fits into IFALIASZ with its NUL", () => {
  const uuid = "6f1c1c9e-8a54-4f0e-9e64-0a8f2f9a7b10" as StoreUuid;
  fc.assert(
    fc.property(anyEndpointId, (id) => {
      const alias = linkAlias(uuid, id);
      expect(alias as string).toBe(`landfall:6f1c1c9e-8a54-4f0e-9e64-0a8f2f9a7b10:${id}`);
      expect(Buffer.byteLength(alias)).toBeLessThanOrEqual(255);
    }),
  );
});
