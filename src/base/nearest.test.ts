import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nearest } from "./index.ts";

const letters = ["a", "b", "c"] as const;
const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 7 });

/** Every string that one typing error makes of `text`: the definition, by enumeration. */
function oneErrorAway(text: string): Set<string> {
  const made = new Set<string>();
  for (let i = 0; i <= text.length; i++) {
    const [before, after] = [text.slice(0, i), text.slice(i)];
    made.add(before + after.slice(1));
    made.add(before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2));
    for (const letter of letters) {
      made.add(before + letter + after);
      if (after !== "") made.add(before + letter + after.slice(1));
    }
  }
  return made.add(text);
}

function twoErrorsAway(text: string): Set<string> {
  return new Set([...oneErrorAway(text)].flatMap((near) => [...oneErrorAway(near)]));
}

/** Fewer than half of the word, and two at most. */
function errorsAllowed(text: string): number {
  return text.length <= 2 ? 0 : text.length <= 4 ? 1 : 2;
}

test.each([
  ["etho0", ["eth0", "wlan0"], "eth0"],
  ["brigde", ["bridge", "private"], "bridge"],
  ["vepas", ["vepa"], "vepa"],
  ["ETH0", ["eth0"], "eth0"],
  ["macvlna", ["ipvlan", "macvlan"], "macvlan"],
  ["privte", ["private"], "private"],
])("%s among %j was probably %s", (typed, candidates, meant) => {
  expect(nearest(typed, candidates)).toBe(meant);
});

test.each([
  ["wlan0", ["eth0"]],
  ["", ["a", ""]],
  ["l2", ["l3"]],
  ["lan", []],
  ["abcd", ["badc"]],
  ["macvlan", ["macvtapx"]],
])("%p is near none of %j", (typed, candidates) => {
  expect(nearest(typed, candidates)).toBeUndefined();
});

test("the nearest of several is proposed, the first of equally near ones", () => {
  expect(nearest("prvate", ["pirvat", "private"])).toBe("private");
  expect(nearest("lan1", ["lan2", "lan3"])).toBe("lan2");
  expect(nearest("lan3", ["lan2", "lan3"])).toBe("lan3");
});

describe("for any word", () => {
  test("one error is found in both directions, as far as the word is long enough", () => {
    fc.assert(
      fc.property(word, fc.nat(), (typed, pick) => {
        const made = [...oneErrorAway(typed)].filter((other) => other !== typed);
        const other = made[pick % made.length] ?? "";
        expect(nearest(typed, [other])).toBe(errorsAllowed(typed) >= 1 ? other : undefined);
        expect(nearest(other, [typed])).toBe(errorsAllowed(other) >= 1 ? typed : undefined);
      }),
    );
  });

  test("errors in two separate places are found when two are allowed", () => {
    fc.assert(
      fc.property(word, word, fc.nat(), fc.nat(), (left, right, pickLeft, pickRight) => {
        const typed = `${left}-${right}`;
        fc.pre(errorsAllowed(typed) === 2);
        const changed = (text: string, pick: number): string => {
          const made = [...oneErrorAway(text)];
          return made[pick % made.length] ?? "";
        };
        const other = `${changed(left, pickLeft)}-${changed(right, pickRight)}`;
        expect(nearest(typed, [other])).toBe(other);
      }),
    );
  });

  test("nothing further than the limit is ever proposed, and the word itself always is", () => {
    fc.assert(
      fc.property(word, fc.array(word), (typed, candidates) => {
        const found = nearest(typed, candidates);
        const limit = errorsAllowed(typed);
        const near = [new Set([typed]), oneErrorAway(typed), twoErrorsAway(typed)][limit];
        if (found !== undefined) expect(near?.has(found)).toBe(true);
        if (candidates.includes(typed)) expect(found).toBe(typed);
        const nearer = [typed, ...oneErrorAway(typed)];
        if (found !== undefined && !nearer.includes(found)) {
          expect(candidates.filter((candidate) => nearer.includes(candidate))).toEqual([]);
        }
      }),
    );
  });

  test("a swap of two neighbours is one error, whichever of the two was typed", () => {
    // Four letters allow one error, so that two substitutions would not do instead.
    const letter = fc.constantFrom(...letters);
    fc.assert(
      fc.property(letter, letter, (before, after) => {
        const [one, other] = [`${before}xy${after}`, `${before}yx${after}`];
        expect([nearest(one, [other]), nearest(other, [one])]).toEqual([other, one]);
      }),
    );
  });
});
