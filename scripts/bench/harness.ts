/** Measuring side by side: rows, what they return, and how that is shown. */

/** Rounds that count, after those that warm the machine up. */
const ROUNDS = 100;
const WARM_UP = 20;

/** Milliseconds. */
export interface Sample {
  readonly p50: number;
  readonly p90: number;
}

/** What a row measured; `ours` and `peer` in `unit`, the ratio without one. */
export interface Outcome {
  readonly unit: "ms" | "MiB" | "1/s";
  readonly ours: Sample;
  readonly peer?: Sample;
  /** The number that a bar is held against, and the one to compare between machines. */
  readonly ratio?: number;
}

/** One line of the table. */
export interface Row {
  /** By which it is chosen on the command line. */
  readonly name: string;
  readonly what: string;
  /** In words; blueprint numbers are ratios in one run on one machine. */
  readonly bar?: string;
  readonly holds?: (outcome: Outcome) => boolean;
  readonly run: () => Promise<Outcome>;
}

/** Median and 90th percentile. */
export function sample(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p90: at(0.9) };
}

/** How long `work` takes, in milliseconds. */
export async function time(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** A contender: does it once and returns its milliseconds, without preparation and clean-up. */
export type Contender = () => Promise<number> | number;

interface SideBySideOptions {
  /** How often each is measured. */
  readonly rounds?: number;
  /** How often before those that count. */
  readonly warmUp?: number;
  /** How often one is measured before it is the other's turn; absent: once. */
  readonly inARow?: number;
  readonly less?: Contender;
}

/**
 * Two contenders in turn, so that the machine's moods meet both alike, with what `less` takes
 * subtracted from both: starting a program costs the same whoever is started.
 */
export async function sideBySide(
  ours: Contender,
  peer: Contender,
  { rounds = ROUNDS, warmUp = WARM_UP, inARow = 1, less = () => 0 }: SideBySideOptions = {},
): Promise<Outcome> {
  const times = { ours: [] as number[], peer: [] as number[], less: [] as number[] };
  const contenders = { ours, peer, less };
  for (let round = -Math.min(warmUp, rounds); round < rounds; round += inARow) {
    for (const who of ["ours", "peer", "less"] as const) {
      const spent = await repeat(contenders[who], inARow);
      if (round >= 0) times[who].push(...spent);
    }
  }
  const start = sample(times.less).p50;
  const net = (values: readonly number[]) => sample(values.map((value) => value - start));
  const outcome = { unit: "ms", ours: net(times.ours), peer: net(times.peer) } as const;
  return { ...outcome, ratio: outcome.ours.p50 / outcome.peer.p50 };
}

async function repeat(contender: Contender, count: number): Promise<readonly number[]> {
  const spent: number[] = [];
  while (spent.length < count) spent.push(await contender());
  return spent;
}

/** The table's head, or a line of it. */
export function formatRow(row: Row, outcome: Outcome): string {
  const { unit, ours, peer, ratio } = outcome;
  const both = (at: Sample | undefined): string[] =>
    at === undefined ? ["", ""] : [at.p50.toFixed(2), at.p90.toFixed(2)];
  const verdict = row.holds?.(outcome) === true ? "met" : "missed";
  const cells = [unit, ...both(ours), ...both(peer), ratio?.toFixed(3) ?? ""];
  return formatCells(row.what, cells, row.bar === undefined ? "" : `${row.bar}: ${verdict}`);
}

/** Cells under each other: a wide one, numbers to the right, and words at the end. */
export function formatCells(what: string, cells: readonly string[], last: string): string {
  return [what.padEnd(54), ...cells.map((cell) => cell.padStart(10)), `  ${last}`]
    .join("")
    .trimEnd();
}
