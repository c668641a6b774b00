/**
 * Random attaches, detaches, waits and reboots on two networks that share a prefix, against the
 * rules said as plainly as possible: sets of numbers written by hand, searched from end to end.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { defined } from "../base/index.ts";
import { acquire, after, network, rest, storeWith } from "./testing.ts";

const lan = network("lan", {
  subnets: [
    {
      prefix: "10.0.0.0/28",
      gateway: "10.0.0.1",
      ranges: ["10.0.0.2-10.0.0.11"],
      exclusions: ["10.0.0.4"],
    },
    { prefix: "fd00::/124", gateway: "fd00::1", ranges: ["fd00::2-fd00::5"] },
  ],
  reservations: [
    ["web", "10.0.0.3"],
    ["web", "fd00::2"],
    ["db", "10.0.0.9"],
  ],
});
const dmz = network("dmz", {
  subnets: [{ prefix: "10.0.0.0/28", gateway: "10.0.0.7", ranges: ["10.0.0.5-10.0.0.12"] }],
  reservations: [["job", "10.0.0.5"]],
});
const networks = { lan, dmz } as const;
type Name = keyof typeof networks;
type Version = "4" | "6";

/** What the definitions above come to. `never`: gateways, exclusions and the ends of the prefix. */
const rules = {
  lan: {
    "4": { pool: [2, 6, 8, 10, 11], never: [0, 1, 4, 7, 15] },
    "6": { pool: [3, 4, 5], never: [0, 1] },
  },
  dmz: { "4": { pool: [6, 8, 10, 11, 12], never: [0, 1, 7, 15] } },
} as const;
const reservations = [
  { on: "lan", workload: "web", version: "4", number: 3 },
  { on: "lan", workload: "web", version: "6", number: 2 },
  { on: "lan", workload: "db", version: "4", number: 9 },
  { on: "dmz", workload: "job", version: "4", number: 5 },
] as const;
/** Seconds. */
const REST = 60;

interface Attach {
  readonly on: Name;
  readonly workload: string | undefined;
  readonly requested: readonly (readonly [Version, number])[];
}

interface Choice {
  readonly version: Version;
  readonly number: number;
  readonly how: "fresh" | "rested" | "former" | "reserved" | "requested";
}

/** The book as a person would keep it on paper. */
class NaiveBook {
  now = 0;
  readonly #held = new Map<string, string>();
  /** When each resting address was given back. */
  readonly #rested = new Map<string, number>();
  readonly #last = new Map<Version, number>();
  readonly #former = new Map<string, readonly Choice[]>();

  reboot(): void {
    this.#rested.clear();
    this.now = 0;
  }

  attach(owner: string, wish: Attach): readonly Choice[] | string {
    const choices: Choice[] = [];
    const versions = wish.requested.map(([version]) => version);
    if (new Set(versions).size < versions.length) return "LF-ADDRESS-UNUSABLE";
    for (const [version, number] of wish.requested) {
      const refusal = this.#refusal(wish, version, number);
      if (refusal !== undefined) return refusal;
      choices.push({ version, number, how: "requested" });
    }
    for (const version of ["4", "6"] as const) {
      if (versions.includes(version) || !(version in rules[wish.on])) continue;
      const choice = this.#choose(wish, version);
      if (typeof choice === "string") return choice;
      choices.push(choice);
    }
    for (const { version, number, how } of choices) {
      this.#held.set(`${version} ${number}`, owner);
      this.#rested.delete(`${version} ${number}`);
      if (how === "fresh" || how === "rested") this.#last.set(version, number);
    }
    return choices;
  }

  detach(owner: string, { on, workload }: Attach, choices: readonly Choice[]): void {
    for (const [key, holder] of this.#held) {
      if (holder !== owner) continue;
      this.#held.delete(key);
      this.#rested.set(key, this.now);
    }
    if (workload !== undefined) this.#former.set(`${on} ${workload}`, choices);
  }

  #refusal({ on, workload }: Attach, version: Version, number: number): string | undefined {
    const never: readonly number[] | undefined =
      on === "dmz" && version === "6" ? undefined : rules[on][version as "4"].never;
    if (never === undefined || never.includes(number)) return "LF-ADDRESS-UNUSABLE";
    if (this.#held.has(`${version} ${number}`)) return "LF-ADDRESS-TAKEN";
    const reserved = reservations.find((row) => row.version === version && row.number === number);
    if (reserved === undefined) return undefined;
    const own = reserved.on === on && reserved.workload === workload;
    return own ? undefined : "LF-ADDRESS-RESERVED";
  }

  #choose(wish: Attach, version: Version): Choice | string {
    const { on, workload } = wish;
    const reserved = reservations.find(
      (row) => row.on === on && row.workload === workload && row.version === version,
    );
    if (reserved !== undefined) {
      const { number } = reserved;
      return this.#refusal(wish, version, number) ?? { version, number, how: "reserved" };
    }
    const former = this.#former.get(`${on} ${workload}`)?.find((row) => row.version === version);
    if (former !== undefined && this.#refusal(wish, version, former.number) === undefined) {
      return { ...former, how: "former" };
    }
    const pool: readonly number[] = rules[on][version as "4"].pool;
    const last = this.#last.get(version) ?? -1;
    const order = [...pool.filter((n) => n > last), ...pool.filter((n) => n <= last)];
    const free = order.filter((n) => !this.#held.has(`${version} ${n}`));
    const since = (n: number): number => {
      const start = this.#rested.get(`${version} ${n}`) ?? Number.NEGATIVE_INFINITY;
      return this.now - start < REST ? start : Number.NEGATIVE_INFINITY;
    };
    const fresh = free.find((n) => since(n) === Number.NEGATIVE_INFINITY);
    if (fresh !== undefined) return { version, number: fresh, how: "fresh" };
    const rested = free.sort((a, b) => since(a) - since(b) || a - b)[0];
    return rested === undefined ? "LF-POOL-EXHAUSTED" : { version, number: rested, how: "rested" };
  }
}

function textOf({ version, number }: Choice): string {
  return version === "4" ? `10.0.0.${number}/28` : `fd00::${hexOf(number)}/124`;
}

function hexOf(number: number): string {
  return number === 0 ? "" : number.toString(16);
}

function requestText([version, number]: readonly [Version, number]): string {
  return version === "4" ? `10.0.0.${number}` : `fd00::${hexOf(number)}`;
}

type Move =
  | (Attach & { readonly kind: "attach" })
  | { readonly kind: "detach"; readonly pick: number }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "reboot" };

const anyRequest = fc.tuple(fc.constantFrom<Version>("4", "6"), fc.nat(15));
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("attach"),
      on: fc.constantFrom<Name>("lan", "dmz"),
      workload: fc.constantFrom(undefined, undefined, "web", "db", "job", "other"),
      requested: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(anyRequest, { minLength: 1, maxLength: 2 }) },
      ),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("detach"), pick: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait"),
      seconds: fc.constantFrom(1, 20, REST - 1, REST),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reboot") }) },
);

interface Living {
  readonly id: string;
  readonly wish: Attach;
  readonly choices: readonly Choice[];
}

async function playStory(story: readonly Move[], seen: Set<string>): Promise<void> {
  const store = await storeWith(lan, dmz);
  const naive = new NaiveBook();
  const living: Living[] = [];
  let boot = 0;
  for (const [step, move] of story.entries()) {
    const now = after(naive.now, `boot-${boot}`);
    if (move.kind === "wait") naive.now += move.seconds;
    if (move.kind === "reboot") {
      naive.reboot();
      boot += 1;
    }
    if (move.kind === "detach") {
      const [gone] = living.splice(move.pick % Math.max(1, living.length), 1);
      if (gone === undefined) continue;
      naive.detach(gone.id, gone.wish, gone.choices);
      await rest(store, gone.id, now);
    }
    if (move.kind !== "attach") continue;
    const id = `p-${step}`;
    const { on, workload } = move;
    const choices = naive.attach(id, move);
    const requested = move.requested.map(requestText);
    const wish = { id, requested, now, ...(workload === undefined ? {} : { workload }) };
    const got = await acquire(store, defined(networks[on], on), wish);
    expect(got).toBe(typeof choices === "string" ? choices : choices.map(textOf).join(" "));
    if (typeof choices === "string") seen.add(choices);
    else {
      for (const { how } of choices) seen.add(how);
      living.push({ id, wish: move, choices });
    }
  }
}

test("any sequence of attaches, detaches, waits and reboots agrees with the plain rules", async () => {
  const seen = new Set<string>();
  const stories = fc.array(anyMove, { maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(stories, (story) => playStory(story, seen)),
    { numRuns: 300 },
  );
  // Stories that never met one of these would prove less than they seem to.
  expect([...seen].sort()).toEqual([
    "LF-ADDRESS-RESERVED",
    "LF-ADDRESS-TAKEN",
    "LF-ADDRESS-UNUSABLE",
    "LF-POOL-EXHAUSTED",
    "former",
    "fresh",
    "requested",
    "reserved",
    "rested",
  ]);
});
