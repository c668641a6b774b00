import { expect, test } from "bun:test";
import fc from "fast-check";
import { firstOutside, freeNumber, type Run, type RunTable, takeNumber } from "./address-runs.ts";

/** Runs in a map, and how often they were read or written. */
class CountedRuns implements RunTable {
  readonly rows = new Map<bigint, Run>();
  steps = 0;

  atOrBelow(number: bigint): Run | undefined {
    this.steps += 1;
    const below = [...this.rows.keys()].filter((first) => first <= number);
    return this.rows.get(below.reduce((a, b) => (a > b ? a : b), -1n));
  }

  put(run: Run): void {
    this.steps += 1;
    this.rows.set(run.first, run);
  }

  remove(first: bigint): void {
    this.steps += 1;
    expect(this.rows.delete(first)).toBe(true);
  }
}

test("after any sequence the runs are the taken numbers, and never touch", () => {
  const moves = fc.array(fc.bigInt({ min: 0n, max: 12n }), { maxLength: 60 });
  fc.assert(
    fc.property(moves, fc.bigInt(0n, 12n), fc.bigInt(0n, 12n), (numbers, x, y) => {
      const runs = new CountedRuns();
      const taken = new Set<bigint>();
      for (const number of numbers) {
        if (taken.delete(number)) freeNumber(runs, number);
        else {
          takeNumber(runs, number);
          taken.add(number);
        }
      }
      const expected = Array.from({ length: 13 }, (_, n) => BigInt(n));
      const inRuns = [...runs.rows.values()].flatMap(({ first, last }) =>
        expected.filter((n) => first <= n && n <= last),
      );
      expect(inRuns.sort()).toEqual(expected.filter((n) => taken.has(n)).sort());
      for (const { last } of runs.rows.values()) expect(runs.rows.has(last + 1n)).toBe(false);
      const [first, last] = x < y ? [x, y] : [y, x];
      const free = expected.find((n) => n >= first && n <= last && !taken.has(n));
      expect(firstOutside(runs, { first, last })).toBe(free);
    }),
  );
});

test("50,000 in a row cost no more steps than the first few", () => {
  const runs = new CountedRuns();
  const pool = { first: 1n, last: (1n << 64n) - 2n };
  const stepsOf = (): number => {
    runs.steps = 0;
    takeNumber(runs, firstOutside(runs, pool) ?? 0n);
    return runs.steps;
  };
  const costs = Array.from({ length: 50_000 }, stepsOf);
  expect(Math.max(...costs)).toBe(3);
  expect([...runs.rows.values()]).toEqual([{ first: 1n, last: 50_000n }]);
});

test("a number taken twice, or freed while free, is a bug", () => {
  const runs = new CountedRuns();
  takeNumber(runs, 5n);
  expect(() => takeNumber(runs, 5n)).toThrow();
  expect(() => freeNumber(runs, 4n)).toThrow();
  expect(() => freeNumber(runs, 6n)).toThrow();
});
