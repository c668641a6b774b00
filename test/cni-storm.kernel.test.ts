import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { buildOwnPlugins, type OwnPlugins } from "./support/cni/own-plugins.ts";
import { CniStorm } from "./support/cni-storm.ts";
import { openDice } from "./support/dice.ts";
import { type Lan, openLan, seenLinks } from "./support/lan.ts";
import { openProgramHost, type ProgramHost } from "./support/program.ts";
import { endStandIns } from "./support/stand-ins.ts";

const CONTAINERS = 5;
/** A longer storm by hand: CNI_STORM_STEPS=1000 CNI_STORM_SEED=7 npm test -- cni-storm */
const STEPS = Number(process.env.CNI_STORM_STEPS ?? 60);
const SEED = Number(process.env.CNI_STORM_SEED ?? 20261128);
/** A sequence of so many steps ends with a GC, after which nothing may be left over. */
const CHECK_EVERY = Number(process.env.CNI_STORM_CHECK_EVERY ?? 20);

const MAIN = join(import.meta.dirname, "../src/main.ts");

let own: OwnPlugins;
let lan: Lan;
let host: ProgramHost;
beforeAll(async () => {
  own = await buildOwnPlugins();
}, 60_000);
afterAll(() => own[Symbol.dispose]());
beforeEach(() => {
  lan = openLan();
  host = openProgramHost(lan.host);
});
afterEach(async () => {
  await endStandIns(host.stateDirectory);
  host[Symbol.dispose]();
  lan[Symbol.dispose]();
});

/** Kernel, files and book have what the runtime was told, and nothing else. */
function expectAgreement(storm: CniStorm, label: string): void {
  const expected = storm.expected();
  expect([label, storm.seen()]).toEqual([label, expected]);
  expect([label, storm.strayLinks()]).toEqual([label, []]);
  expect([label, storm.files()]).toEqual([label, expected]);
  const book = host.book();
  expect([label, book.endpoints?.length]).toEqual([label, expected.length]);
  expect([label, book.leases?.length]).toEqual([label, expected.length]);
  expect([label, book.operations]).toEqual([label, []]);
  const addresses = expected.map((line) => line.split(" ")[2]);
  expect([label, new Set(addresses).size]).toEqual([label, addresses.length]);
}

/** By the whole program, or by the small ones and what they leave to stand in for a daemon. */
const makers = [
  ["the program", () => [process.execPath, MAIN, "cni-plugin", "macvlan"]],
  ["stand-ins", () => [join(own.folder, "macvlan")]],
] as const;

test.each(makers)(
  `${STEPS} steps by %s, who are killed, and whose containers go (seed ${SEED}), leave nothing over`,
  async (maker, words) => {
    const dice = openDice(SEED);
    const storm = new CniStorm({ lan, host, plugin: words(), dice, containers: CONTAINERS });
    const before = seenLinks(lan.host).map(({ ifname }) => ifname);
    for (let step = 1; step <= STEPS; step++) {
      await storm.step();
      if (step % CHECK_EVERY !== 0 && step !== STEPS) continue;
      await storm.settle();
      expectAgreement(storm, `step ${step}`);
    }
    // It was a storm.
    const count = (what: string): number => storm.met.get(what) ?? 0;
    const done = [count("ADD 0"), count("DEL 0"), count("GC 0")];
    const killed = count("ADD killed") + count("DEL killed");
    expect([...done, killed, count("namespace removed")]).not.toContain(0);
    expect(count("stand-in killed") > 0).toBe(maker === "stand-ins");
    await storm.forgetAll();
    expect(storm.expected()).toEqual([]);
    expectAgreement(storm, "at the end");
    expect(seenLinks(lan.host).map(({ ifname }) => ifname)).toEqual(before);
  },
  60_000 + STEPS * 10_000,
);
