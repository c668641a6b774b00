/** Random work of Docker's and random deaths; then book, engine and kernel say the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { engineKinds } from "./support/docker-engine.ts";
import { type DockerSite, openDockerSite, type ServedDocker } from "./support/docker-site.ts";
import { type StormContainer, seenByEngine, seenByKernel } from "./support/docker-storm.ts";
import { inside } from "./support/lan.ts";

/** A longer storm by hand: DOCKER_STEPS=1000 DOCKER_SEED=7 npm test -- docker-storm */
const STEPS = Number(process.env.DOCKER_STEPS ?? 12);
const SEED = Number(process.env.DOCKER_SEED ?? 20261125);
/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const PATIENCE_MS = 180_000;
const STEP_PATIENCE_MS = 20_000;
const CONTAINERS = ["web0", "web1", "web2", "web3", "web4"];
/** So many containers are worked on at once. */
const CROWD = 3;
/** Agreement is looked for so often, and after each death. */
const LOOK_EVERY = 2;

const ours = ["--driver=landfall", "--ipam-driver=landfall"];
const networks: Readonly<Record<string, readonly string[]>> = {
  lan: [...ours, "--opt=parent=p0", "--subnet=10.0.0.0/24", "--ip-range=10.0.0.128/28"],
  quiet: [...ours, "--subnet=10.7.0.0/24"],
};

describe.each(engineKinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  let daemon: ServedDocker;
  let state = SEED;

  beforeAll(async () => {
    site = await openDockerSite(kind);
    daemon = await site.serve();
    for (const [name, words] of Object.entries(networks)) {
      await site.engine.docker("network", "create", ...words, name);
    }
  }, PATIENCE_MS);
  afterAll(() => site[Symbol.asyncDispose](), PATIENCE_MS);

  function below(limit: number): number {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The low bits of such a generator repeat soon.
    return Math.floor((state / 2 ** 32) * limit);
  }

  function pick<T>(list: readonly T[]): T {
    const picked = list[below(list.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  /** Every second time an address by name, which no other container asks for. */
  function address(network: string, name: string): readonly string[] {
    if (below(2) === 0) return [];
    const last = 200 + CONTAINERS.indexOf(name);
    return [`--ip=${network === "lan" ? "10.0.0" : "10.7.0"}.${last}`];
  }

  /** Something that Docker can do now with the container of this name. */
  function workOn(name: string, found: StormContainer | undefined): readonly string[] {
    if (found === undefined) {
      const network = pick(Object.keys(networks));
      const where = [`--network=${network}`, ...address(network, name)];
      return ["run", "--detach", `--name=${name}`, ...where, "busybox"];
    }
    const on = Object.keys(networks).filter((network) => found.connected.includes(network));
    const off = Object.keys(networks).filter((network) => !found.networks.includes(network));
    const choices = [
      ["rm", "--force", name],
      ...on.map((network) => ["network", "disconnect", network, name]),
      ...off.map((network) => ["network", "connect", ...address(network, name), network, name]),
    ];
    if (found.pid === 0) return pick([...choices, ["start", name], ["start", name]]);
    return pick([...choices, ["stop", "--time=0", name], ["restart", "--time=0", name]]);
  }

  /** A few containers at once; `meanwhile` happens while Docker is at work. */
  async function work(meanwhile: () => Promise<void>): Promise<readonly string[]> {
    const found = await seenByEngine(site.engine);
    const names = [...CONTAINERS].sort(() => below(3) - 1).slice(0, CROWD);
    const orders = names.map((name) =>
      workOn(
        name,
        found.find((row) => row.name === name),
      ),
    );
    const running = orders.map(async (words) => {
      const { status, stderr } = await site.engine.run(...words);
      return status === 0 ? [] : [`docker ${words.join(" ")}: ${stderr}`];
    });
    await meanwhile();
    return (await Promise.all(running)).flat();
  }

  const deaths: Readonly<Record<string, () => Promise<void>>> = {
    "the daemon dies": async () => {
      await Bun.sleep(below(200));
      await daemon.end("KILL");
      daemon = await site.serve();
    },
    // At rest: one that dies while it starts a container may be unable to start it ever again.
    "the engine dies": async () => {
      await site.engine.killEngine();
      await site.engine.startEngine();
    },
  };

  /** What book, engine and kernel say, each as rows of MAC and address. */
  async function look() {
    const endpoints = await site.list("endpoint", "endpoints");
    const leases = await site.list("lease", "leases");
    const status = JSON.parse((await site.landfall("status")).stdout);
    const containers = await seenByEngine(site.engine);
    const links = inside(site.engine.lan.host, "ip", "-o", "link").split("\n");
    return {
      book: endpoints.map(({ mac, addresses }) => `${mac} ${addresses?.join(" ")}`).sort(),
      engine: containers.flatMap(({ attachments }) => attachments).sort(),
      kernel: (await seenByKernel(site.engine, containers)).sort(),
      // What was given back rests for a while.
      leases: leases.flatMap((row) => (row.state === "held" ? [row.address ?? ""] : [])).sort(),
      findings: status.findings,
      // All but the made parent of a network without one, and its other end.
      waiting: links.filter((line) => / lf(?!n[0-9a-f]{10}p?@)/.test(line)),
    };
  }

  async function expectAgreement(label: string): Promise<void> {
    const seen = await look();
    const addresses = seen.book.map((row) => row.replace(/^\S+ /, "").replace(/\/\d+$/, ""));
    expect([label, seen]).toEqual([
      label,
      {
        ...{ book: seen.kernel, engine: seen.kernel, kernel: seen.kernel },
        ...{ leases: addresses.sort(), findings: [], waiting: [] },
      },
    ]);
    expect([label, new Set(addresses).size]).toEqual([label, addresses.length]);
  }

  /** The engine tells of what it lost when it is back, and nobody says when it has. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < STEP_PATIENCE_MS / 100; turn++) {
      const { book, kernel, waiting } = await look();
      if (waiting.length === 0 && Bun.deepEquals(book, kernel)) return;
      await Bun.sleep(100);
    }
  }

  test(
    `${STEPS} steps (seed ${SEED}) end in agreement`,
    async () => {
      const told = Object.keys(deaths);
      for (let done = 0, round = 1; done < STEPS; done += CROWD, round++) {
        const label = `round ${round}`;
        const refused = await work(async () => undefined);
        expect([label, refused]).toEqual([label, []]);
        if (round % LOOK_EVERY !== 0) continue;
        await expectAgreement(label);
        const death = told[(round / LOOK_EVERY) % told.length] ?? "";
        // What Docker asked for meanwhile may be refused; it must not leave anything.
        if (death === "the daemon dies") await work(async () => await deaths[death]?.());
        else await deaths[death]?.();
        await settled();
        await expectAgreement(`${label}: ${death}`);
      }
      await site.engine.run("rm", "--force", ...CONTAINERS);
      await expectAgreement("the end");
      for (const name of Object.keys(networks)) await site.engine.docker("network", "rm", name);
      const links = inside(site.engine.lan.host, "ip", "-o", "link").split("\n");
      expect(links.filter((line) => / lf/.test(line))).toEqual([]);
    },
    PATIENCE_MS + STEPS * STEP_PATIENCE_MS,
  );
});
