import type { Brand } from "./brand.ts";

/** A length of time in milliseconds. */
export type Millis = Brand<number, "Millis">;

export function millis(count: number): Millis {
  return count as Millis;
}

export function seconds(count: number): Millis {
  return (count * 1000) as Millis;
}

export function minutes(count: number): Millis {
  return seconds(count * 60);
}
