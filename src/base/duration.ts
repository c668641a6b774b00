import type { Brand } from "./brand.ts";

/** A length of time in milliseconds. */
export type Millis = Brand<number, "Millis">;

/** `count` milliseconds. */
export function millis(count: number): Millis {
  return count as Millis;
}

/** `count` seconds. */
export function seconds(count: number): Millis {
  return (count * 1000) as Millis;
}

/** `count` minutes. */
export function minutes(count: number): Millis {
  return seconds(count * 60);
}
