import { assert } from "../base/index.ts";

/** Addresses without a gap between them, as numbers; both ends belong to it. */
export interface Run {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The runs of addresses that are not free on one segment, of one IP version. Runs never touch, so
 * the address after a run is free: the next free one is found without reading what is taken.
 */
export interface RunTable {
  /** The nearest run that begins at `number` or below it. */
  atOrBelow(number: bigint): Run | undefined;
  /** Inserts a run, or replaces the one that begins where it begins. */
  put(run: Run): void;
  remove(first: bigint): void;
}

/** The lowest number of `range` that is in no run; reads one run, however many there are. */
export function firstOutside(runs: RunTable, { first, last }: Run): bigint | undefined {
  const run = runs.atOrBelow(first);
  const free = run === undefined || run.last < first ? first : run.last + 1n;
  return free <= last ? free : undefined;
}

/** Takes a number that is in no run: it becomes a run, makes one longer, or joins two. */
export function takeNumber(runs: RunTable, number: bigint): void {
  assert(takeIfFree(runs, number), `${number} is in a run already`);
}

/** As `takeNumber`; false, and nothing is changed, where the number is in a run already. */
export function takeIfFree(runs: RunTable, number: bigint): boolean {
  const nearest = runs.atOrBelow(number + 1n);
  const above = nearest?.first === number + 1n ? nearest : undefined;
  // Nearly always nothing begins right above it, and one look was enough.
  const below = above === undefined ? nearest : runs.atOrBelow(number);
  if (below !== undefined && below.last >= number) return false;
  if (above !== undefined) runs.remove(above.first);
  runs.put({
    first: below?.last === number - 1n ? below.first : number,
    last: above === undefined ? number : above.last,
  });
  return true;
}

/** Frees a number that is in a run: the run becomes shorter, or two, or none. */
export function freeNumber(runs: RunTable, number: bigint): void {
  const run = runs.atOrBelow(number);
  assert(run !== undefined && run.last >= number, `${number} is in no run`);
  if (run.first === number) runs.remove(number);
  else runs.put({ first: run.first, last: number - 1n });
  if (number < run.last) runs.put({ first: number + 1n, last: run.last });
}
