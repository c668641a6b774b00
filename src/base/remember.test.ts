import { expect, test } from "bun:test";
import { remembering } from "./remember.ts";

/** A function that counts how often it had to work. */
function counted() {
  const asked: string[] = [];
  const ask = remembering(
    (first: string, second: string) => `${first} ${second}`,
    (first, second) => {
      asked.push(`${first} ${second}`);
      return { said: first + second };
    },
  );
  return { ask, asked };
}

test("what was asked lately is answered with the same object, and only that", () => {
  const { ask, asked } = counted();
  const answer = ask("a", "b");
  expect(answer).toEqual({ said: "ab" });
  expect(ask("a", "b")).toBe(answer);
  expect(ask("a", "c")).toEqual({ said: "ac" });
  expect(asked).toEqual(["a b", "a c"]);
});

test("no answer is one, too", () => {
  let times = 0;
  const ask = remembering(String, (_word: string): undefined => {
    times += 1;
    return undefined;
  });
  ask("a");
  ask("a");
  expect(times).toBe(1);
});

test("what was wanted last stays, however much else is asked", () => {
  const { ask, asked } = counted();
  const answer = ask("often", "");
  for (let index = 0; index < 1000; index++) {
    ask("once", String(index));
    expect(ask("often", "")).toBe(answer);
  }
  ask("once", "0");
  expect(asked.filter((key) => key === "once 0")).toHaveLength(2);
});

test("what is long is not kept", () => {
  const { ask, asked } = counted();
  const long = "x".repeat(20_000);
  expect(ask(long, "")).toEqual(ask(long, ""));
  expect(asked).toHaveLength(2);
});
