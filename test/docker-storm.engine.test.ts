/** Random work of Docker's and random deaths; then book, engine and kernel say the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dice, openDice } from "./support/dice.ts";
import { engineKinds } from "./support/docker-engine.ts";
import {
  createNetwork,
  give,
  networkBody,
  type Order,
  orderFor,
  removeContainer,
  removeNetwork,
  type StormNetwork,
} from "./support/docker-orders.ts";
import { type DockerSite, openDockerSite, type ServedDocker } from "./support/docker-site.ts";
import { agreed, endOrphans, look, ourLinks, seenByEngine } from "./support/docker-storm.ts";

/**
 * A longer storm by hand: DOCKER_SEQUENCES=200 npm test -- docker-storm. One sequence again, by the
 * seed in its name: DOCKER_SEED=7 DOCKER_SEQUENCES=1 npm test -- docker-storm
 */
const SEQUENCES = Number(process.env.DOCKER_SEQUENCES ?? 2);
const SEED = Number(process.env.DOCKER_SEED ?? 20261125);
const kinds = engineKinds.filter((kind) => (process.env.DOCKER_KIND ?? kind) === kind);
const STEPS_MIN = 6;
const STEPS_MAX = 10;
/** So many containers are worked on at once. */
const CROWD = 3;
/** A death comes at any time of the work that it meets. */
const DEATH_WITHIN_MS = 400;
/** Longer than an engine takes to list what it asked for, and to ask again when it got no answer. */
const GRACE_MS = 2000;
/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const PATIENCE_MS = 180_000;
const SETTLED_WITHIN_MS = 30_000;
const CONTAINERS = ["web0", "web1", "web2", "web3", "web4"];

/** A network whose containers ask for the addresses from 200 on in its subnet. */
function network(
  name: string,
  config: Readonly<Record<string, string>>,
  options: Readonly<Record<string, string>>,
): StormNetwork {
  const start = (config.Subnet ?? "").replace(/\.0\/24$/, "");
  const first = 200 + 10 * networkNames.indexOf(name);
  const wish = (container: string) => `${start}.${first + CONTAINERS.indexOf(container)}`;
  return { name, body: networkBody(name, config, options), wish };
}

const networkNames = ["lan", "quiet", "late"];
const onTheLan = { parent: "p0" };
const lasting = [
  network("lan", { Subnet: "10.0.0.0/24", IPRange: "10.0.0.128/28" }, onTheLan),
  network("quiet", { Subnet: "10.7.0.0/24" }, {}),
];
/** One that is created while something dies; Docker wants no two subnets of a container to overlap. */
const late = network("late", { Subnet: "10.8.0.0/24", IPRange: "10.8.0.64/28" }, onTheLan);

/**
 * What an engine refuses by itself once it died while it started a container, which its containerd
 * goes on to know, or while it removed one.
 */
const dockersOwn = new RegExp(
  `: (?:500 {"message":"(?:task [0-9a-f]{64}: already exists|id already in use)"}|` +
    `(?:409|500) {"message":"container(?: [0-9a-f]{64})? is marked for removal and cannot be ` +
    `(?:started|connected or disconnected to the network)[^"]*"})$`,
  "i",
);

function isDockersOwn(words: string, story: readonly string[]): boolean {
  const hasDied = story.includes("death: engine") || story.includes("death: both");
  return hasDied && dockersOwn.test(words);
}

const deaths = ["daemon", "engine", "both", "daemon", "engine at rest"] as const;
type Death = (typeof deaths)[number];

describe.each(kinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  let daemon: ServedDocker;

  beforeAll(async () => {
    site = await openDockerSite(kind);
    daemon = await site.serveWithGrace(GRACE_MS);
    for (const each of lasting) await giveAll([createNetwork(each)]);
  }, PATIENCE_MS);
  afterAll(() => site[Symbol.asyncDispose](), PATIENCE_MS);

  async function giveAll(orders: readonly Order[]): Promise<readonly string[]> {
    return (await Promise.all(orders.map((order) => give(site.engine, order)))).flat();
  }

  async function killDaemon(): Promise<void> {
    await daemon.end("KILL");
    daemon = await site.serveWithGrace(GRACE_MS);
  }

  async function killEngine(): Promise<void> {
    await site.engine.killEngine();
    await site.engine.startEngine();
  }

  async function die(death: Death): Promise<void> {
    if (death === "daemon") await killDaemon();
    else if (death === "both") await Promise.all([killEngine(), killDaemon()]);
    else await killEngine();
  }

  /** Orders for a few containers. */
  async function draw(dice: Dice, count: number): Promise<readonly Order[]> {
    const found = await seenByEngine(site.engine);
    const { body } = await site.engine.api("/networks", { keepalive: false });
    const known = (body as readonly { Name: string }[]).map(({ Name }) => Name);
    const networks = [...lasting, late].filter(({ name }) => known.includes(name));
    return dice.some(count, CONTAINERS).map((name) =>
      orderFor(
        name,
        found.find((row) => row.name === name),
        { dice, networks },
      ),
    );
  }

  /** The engine tells of what it lost when it is back, and nobody says when it has. */
  async function expectAgreement(story: readonly string[]): Promise<void> {
    const deadline = Date.now() + SETTLED_WITHIN_MS;
    let seen = await look(site);
    while (!Bun.deepEquals(seen, agreed(seen)) && Date.now() < deadline) {
      // While they live, addresses of links that are up are in use, and the book knows it.
      if (seen.orphans.length > 0 && Bun.deepEquals(seen.book, seen.up)) {
        await endOrphans(site.engine, seen.orphans);
      }
      await Bun.sleep(50);
      seen = await look(site);
    }
    expect([story, seen]).toEqual([story, agreed(seen)]);
  }

  async function clear(): Promise<void> {
    // Where it did not start again, that is one failure and not two hundred.
    await site.engine.api("/_ping", { keepalive: false }).catch(() => site.engine.startEngine());
    const { orphans } = await look(site);
    if (orphans.length > 0) await endOrphans(site.engine, orphans);
    await giveAll(CONTAINERS.map(removeContainer));
    await giveAll([removeNetwork(late.name)]);
  }

  /** Some work, and perhaps a death; what is told of it is added to the story. */
  async function round(dice: Dice, story: string[], left: number): Promise<number> {
    const orders = await draw(dice, Math.min(left, 1 + dice.below(CROWD)));
    const death = dice.below(2) === 0 ? undefined : dice.pick(deaths);
    const isLate = death === "daemon" && dice.below(2) === 0;
    const given = isLate ? [...orders, createNetwork(late)] : orders;
    story.push(...given.map(({ words }) => words));
    const isAtWork = death !== undefined && death !== "engine at rest";
    const delay = dice.below(DEATH_WITHIN_MS);
    const working = giveAll(given);
    if (isAtWork) {
      story.push(`death: ${death}`);
      await Bun.sleep(delay);
      await die(death);
    }
    const refused = await working;
    // What a death met may be refused; it must not leave anything.
    if (isAtWork) story.push(...refused.map((words) => `refused: ${words}`));
    else
      expect([story, refused.filter((words) => !isDockersOwn(words, story))]).toEqual([story, []]);
    if (death === "engine at rest") {
      story.push(`death: ${death}`);
      await die(death);
    }
    if (death !== undefined) await expectAgreement(story);
    return given.length + (death === undefined ? 0 : 1);
  }

  test.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "the sequence of seed %d ends in agreement",
    async (seed) => {
      const dice = openDice(seed);
      const story: string[] = [];
      try {
        let left = STEPS_MIN + dice.below(STEPS_MAX - STEPS_MIN + 1);
        while (left > 0) left -= await round(dice, story, left);
        await expectAgreement(story);
      } catch (error) {
        console.error(story.join("\n"), site.engine.log().split("\n").slice(-40).join("\n"));
        throw error;
      } finally {
        await clear();
      }
      await expectAgreement([...story, "rm"]);
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
    },
    PATIENCE_MS,
  );

  test("and nothing is left", async () => {
    expect(await giveAll(lasting.map(({ name }) => removeNetwork(name)))).toEqual([]);
    expect(ourLinks(site.engine)).toEqual([]);
  });
});
