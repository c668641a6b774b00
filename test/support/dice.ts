/** Chance that a seed repeats. */
export interface Dice {
  /** A whole number from 0, less than `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  /** So many of them, in any order. */
  some<T>(count: number, list: readonly T[]): readonly T[];
}

/** Dice by mulberry32, which has different chances for seeds that are next to each other. */
export function openDice(seed: number): Dice {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    pick: (list) => {
      if (list.length === 0) throw new Error("nothing to pick from");
      return list[below(list.length)] as (typeof list)[number];
    },
    some: (count, list) => {
      const left = [...list];
      return Array.from({ length: Math.min(count, left.length) }, () =>
        left.splice(below(left.length), 1),
      ).flat();
    },
  };
}
