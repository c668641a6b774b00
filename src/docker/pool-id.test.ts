import { expect, test } from "bun:test";
import fc from "fast-check";
import { ipFromBigint, type Prefix, prefixOf } from "../addr/index.ts";
import { formatPoolId, type PoolName, parsePoolId } from "./pool-id.ts";

const prefix = (version: 4 | 6): fc.Arbitrary<Prefix> => {
  const bits = version === 4 ? 32 : 128;
  return fc
    .tuple(
      fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }),
      fc.integer({ min: 0, max: bits }),
    )
    .map(([number, length]) => prefixOf(ipFromBigint(version, number), length));
};

const name: fc.Arbitrary<PoolName> = fc
  .tuple(fc.constantFrom(4 as const, 6 as const).chain(prefix), fc.nat(), fc.boolean())
  .map(([whole, number, ranged]) => ({
    prefix: whole,
    nonce: number.toString(16),
    ...(ranged ? { subPool: whole } : {}),
  }));

test("a pool's id says all of the pool", () => {
  fc.assert(fc.property(name, (pool) => expect(parsePoolId(formatPoolId(pool))).toEqual(pool)));
});

test("a range inside the prefix is kept", () => {
  expect(parsePoolId("landfall1,10.0.0.0/24,10.0.0.128/25,0a")).toEqual({
    prefix: "10.0.0.0/24" as Prefix,
    subPool: "10.0.0.128/25" as Prefix,
    nonce: "0a",
  });
});

test.each([
  "",
  "10.0.0.0/24",
  "landfall2,10.0.0.0/24,,0a",
  "landfall1,10.0.0.0/24,0a",
  "landfall1,10.0.0.1/24,,0a",
  "landfall1,10.0.0.0/24,10.0.1.0/25,0a",
  "landfall1,10.0.0.0/24,10.0.0.1/25,0a",
  "landfall1,10.0.0.0/24,,",
  "landfall1,10.0.0.0/24,,zz",
  "landfall1,10.0.0.0/24,,0a,0b",
])("%p is no id of ours", (text) => {
  expect(parsePoolId(text)).toBeUndefined();
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      parsePoolId(a);
      parsePoolId(`landfall1,${a},${b},00`);
      expect(parsePoolId(`${a}!`)).toBeUndefined();
    }),
  );
});
