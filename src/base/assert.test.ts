import { expect, test } from "bun:test";
import { assert, Bug, defined, unreachable } from "./index.ts";

/** What `work` throws; undefined when it returns. */
function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a condition that holds passes, one that does not is a Bug with its message", () => {
  expect(thrown(() => assert(true, "never seen"))).toBeUndefined();
  const bug = thrown(() => assert(false, "the pool was empty"));
  expect(bug).toBeInstanceOf(Bug);
  expect(bug).toBeInstanceOf(Error);
  expect(bug).toMatchObject({ name: "Bug", message: "the pool was empty" });
});

test.each([[0], [""], [false], [Number.NaN], [0n]])("%p is defined", (value) => {
  expect(Object.is(defined(value, "value"), value)).toBe(true);
});

test.each([[undefined], [null]])("%p is missing, and the Bug names what", (value) => {
  const bug = thrown(() => defined(value, "the first subnet"));
  expect(bug).toBeInstanceOf(Bug);
  expect(bug).toMatchObject({ message: "missing: the first subnet" });
});

test("a member that a switch forgot is a Bug that shows it, bigints included", () => {
  const forgotten = { kind: "range", first: 10n } as unknown as never;
  const bug = thrown(() => unreachable(forgotten));
  expect(bug).toBeInstanceOf(Bug);
  expect(bug).toMatchObject({ message: 'unreachable: {"kind":"range","first":"10n"}' });
});
