import { expect, test } from "bun:test";
import { millis, minutes, seconds } from "./index.ts";

test("durations are milliseconds, whatever unit they were written in", () => {
  expect([millis(250), seconds(2), minutes(3)].map(Number)).toEqual([250, 2_000, 180_000]);
  expect([millis(0.5), seconds(0.25), minutes(0.5)].map(Number)).toEqual([0.5, 250, 30_000]);
});
