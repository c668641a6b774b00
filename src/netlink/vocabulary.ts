import { defined, mapResult } from "../base/index.ts";
import type { Scalar } from "./field.ts";

/** Names for numbers. */
export type Numbers = Readonly<Record<string, number>>;

/** A number under its name; numbers that the table does not know stay numbers. */
export interface Enumeration<N extends Numbers> extends Scalar<keyof N | number> {
  readonly kind: "enumeration";
  readonly of: Scalar<number>;
  readonly numbers: N;
}

/** One name for each number: `enumeration(u32, { private: 1, vepa: 2 })`. */
export function enumeration<const N extends Numbers>(
  of: Scalar<number>,
  numbers: N,
): Enumeration<N> {
  const names = new Map<number, keyof N>(Object.entries(numbers).map(([name, n]) => [n, name]));
  return {
    kind: "enumeration",
    of,
    numbers,
    width: of.width,
    read: (content, from, to) => mapResult(of.read(content, from, to), (n) => names.get(n) ?? n),
    write: (writer, value) => of.write(writer, numberOf(numbers, value)),
  };
}

/** The bits that are set, lowest first; bits that the table does not know stay numbers. */
export interface Bitset<N extends Numbers> extends Scalar<readonly (keyof N | number)[]> {
  readonly kind: "bitset";
  readonly of: Scalar<number>;
  readonly numbers: N;
}

/** One name for each bit: `bitset(u16, { nopromisc: 1, nodst: 2 })`. */
export function bitset<const N extends Numbers>(of: Scalar<number>, numbers: N): Bitset<N> {
  const names = new Map<number, keyof N>(Object.entries(numbers).map(([name, n]) => [n, name]));
  const members = (value: number): (keyof N | number)[] => {
    const found: (keyof N | number)[] = [];
    for (let n = 0, rest = value; rest > 0; n++, rest >>>= 1) {
      if ((rest & 1) === 1) found.push(names.get(2 ** n) ?? 2 ** n);
    }
    return found;
  };
  return {
    kind: "bitset",
    of,
    numbers,
    width: of.width,
    read: (content, from, to) => mapResult(of.read(content, from, to), members),
    write: (writer, value) => {
      const bits = new Set(value.map((member) => numberOf(numbers, member)));
      of.write(
        writer,
        [...bits].reduce((sum, bit) => sum + bit, 0),
      );
    },
  };
}

function numberOf<N extends Numbers>(numbers: N, member: keyof N | number): number {
  return typeof member === "number"
    ? member
    : defined(numbers[member], `number of ${member as string}`);
}
