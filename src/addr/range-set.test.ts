import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type IpRange,
  type IpVersion,
  intersect,
  ipFromBigint,
  nextIn,
  parseIp,
  parseRange,
  type RangeSet,
  rangeSet,
  rangeSetContains,
  rangeSetSize,
  subtract,
  union,
} from "./index.ts";
import { accepted } from "./testing.ts";

// The model: a Set of every address in a universe of 24, at either end of each version's space.
const universe = 24;
const highest = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n } as const;

interface Space {
  readonly version: IpVersion;
  readonly base: bigint;
}

const anySpace: fc.Arbitrary<Space> = fc
  .record({ version: fc.constantFrom<IpVersion>(4, 6), atTop: fc.boolean() })
  .map(({ version, atTop }) => ({
    version,
    base: atTop ? highest[version] - BigInt(universe - 1) : 0n,
  }));

const anySpans = fc.array(fc.tuple(fc.nat(universe - 1), fc.nat(7)), { maxLength: 8 });
type Spans = readonly (readonly [start: number, extra: number])[];

function setOf({ version, base }: Space, spans: Spans): RangeSet {
  const ranges = spans.map(([start, extra]): IpRange => {
    const last = Math.min(start + extra, universe - 1);
    return { version, first: base + BigInt(start), last: base + BigInt(last) };
  });
  return rangeSet(version, ranges);
}

function modelOf({ base }: Space, spans: Spans): ReadonlySet<bigint> {
  const members = new Set<bigint>();
  for (const [start, extra] of spans) {
    for (let at = start; at <= Math.min(start + extra, universe - 1); at++) {
      members.add(base + BigInt(at));
    }
  }
  return members;
}

/** Checks the set's shape and every question that can be asked of it against the model. */
function expectSame(space: Space, set: RangeSet, model: ReadonlySet<bigint>): void {
  expect(set.version).toBe(space.version);
  const all = Array.from({ length: universe }, (_, at) => space.base + BigInt(at));
  const members = all.filter((n) => model.has(n));
  const spelled = set.ranges.flatMap(({ first, last }) =>
    all.filter((n) => first <= n && n <= last),
  );
  expect(spelled).toEqual(members);
  expect(rangeSetSize(set)).toBe(BigInt(members.length));
  for (const [index, range] of set.ranges.entries()) {
    expect(range.version).toBe(space.version);
    expect(range.first <= range.last).toBe(true);
    const before = set.ranges[index - 1];
    if (before !== undefined) expect(range.first - before.last >= 2n).toBe(true);
  }
  for (const n of all) {
    expect(rangeSetContains(set, n)).toBe(model.has(n));
    expect(rangeSetContains(set, ipFromBigint(space.version, n))).toBe(model.has(n));
    expect(nextIn(set, n)).toBe(members.find((member) => member >= n));
  }
}

describe("a range set agrees with a plain Set", () => {
  const anyPair = fc.record({ space: anySpace, a: anySpans, b: anySpans });

  test("when made", () => {
    fc.assert(
      fc.property(anyPair, ({ space, a }) => {
        expectSame(space, setOf(space, a), modelOf(space, a));
      }),
    );
  });

  test("on union", () => {
    fc.assert(
      fc.property(anyPair, ({ space, a, b }) => {
        const model = modelOf(space, a).union(modelOf(space, b));
        expectSame(space, union(setOf(space, a), setOf(space, b)), model);
      }),
    );
  });

  test("on subtract", () => {
    fc.assert(
      fc.property(anyPair, ({ space, a, b }) => {
        const model = modelOf(space, a).difference(modelOf(space, b));
        expectSame(space, subtract(setOf(space, a), setOf(space, b)), model);
      }),
    );
  });

  test("on intersect", () => {
    fc.assert(
      fc.property(anyPair, ({ space, a, b }) => {
        const model = modelOf(space, a).intersection(modelOf(space, b));
        expectSame(space, intersect(setOf(space, a), setOf(space, b)), model);
      }),
    );
  });
});

const setFrom = (version: IpVersion, ...texts: string[]): RangeSet =>
  rangeSet(
    version,
    texts.map((text) => accepted(parseRange(text))),
  );

describe("large sets stay exact", () => {
  test("a /64 without one address has 2^64 - 1 in two ranges", () => {
    const rest = subtract(setFrom(6, "fd00::/64"), setFrom(6, "fd00::8000:0:0:0"));
    expect(rangeSetSize(rest)).toBe(18446744073709551615n);
    expect(rest.ranges).toHaveLength(2);
    expect(rest.ranges).toEqual([
      accepted(parseRange("fd00::-fd00::7fff:ffff:ffff:ffff")),
      accepted(parseRange("fd00::8000:0:0:1-fd00::ffff:ffff:ffff:ffff")),
    ]);
  });

  test("a /8 and all of IPv6 are one range", () => {
    expect(rangeSetSize(setFrom(4, "10.0.0.0/8"))).toBe(16777216n);
    expect(rangeSetSize(setFrom(6, "::/1", "8000::/1"))).toBe(1n << 128n);
    expect(setFrom(6, "::/1", "8000::/1").ranges).toHaveLength(1);
  });

  test("everything minus everything is empty", () => {
    expect(subtract(setFrom(6, "::/0"), setFrom(6, "::/0")).ranges).toEqual([]);
    expect(subtract(setFrom(4, "0.0.0.0/0"), setFrom(4)).ranges).toEqual(
      setFrom(4, "0.0.0.0/0").ranges,
    );
  });
});

describe("a range set", () => {
  test("does not change the ranges or sets it is made from", () => {
    const ranges = Object.freeze([
      Object.freeze(accepted(parseRange("10.0.0.5-10.0.0.9"))),
      Object.freeze(accepted(parseRange("10.0.0.1-10.0.0.6"))),
    ]);
    const set = rangeSet(4, ranges);
    const before = structuredClone(set.ranges);
    union(set, setFrom(4, "10.0.0.10"));
    subtract(set, setFrom(4, "10.0.0.3"));
    expect(set.ranges).toEqual(before);
  });

  test("does not contain addresses of the other version with the same number", () => {
    expect(rangeSetContains(setFrom(4, "10.0.0.1"), accepted(parseIp("::a00:1")))).toBe(false);
    expect(rangeSetContains(setFrom(6, "::a00:1"), accepted(parseIp("10.0.0.1")))).toBe(false);
  });

  test("has no next member past its end or when empty", () => {
    expect(nextIn(setFrom(4, "10.0.0.1"), 0x0a000002n)).toBeUndefined();
    expect(nextIn(setFrom(4), 0n)).toBeUndefined();
    expect(nextIn(setFrom(4, "10.0.0.1"), -1n)).toBe(0x0a000001n);
  });

  test("of mixed versions or impossible ranges is a bug", () => {
    expect(() => rangeSet(4, [{ version: 6, first: 0n, last: 0n }])).toThrow("IPv6 range");
    expect(() => rangeSet(4, [{ version: 4, first: 2n, last: 1n }])).toThrow("no IPv4 range");
    expect(() => rangeSet(4, [{ version: 4, first: 0n, last: 1n << 32n }])).toThrow(
      "no IPv4 range",
    );
    expect(() => rangeSet(4, [{ version: 4, first: -1n, last: 1n }])).toThrow("no IPv4 range");
    for (const operation of [union, subtract, intersect]) {
      expect(() => operation(setFrom(4), setFrom(6))).toThrow("IPv4 and an IPv6 set");
    }
  });
});
