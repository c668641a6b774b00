import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseIp, parsePrefix } from "../src/addr/index.ts";
import { ok } from "../src/base/index.ts";
import {
  checkNetwork,
  type IfName,
  type NetworkId,
  type NetworkName,
} from "../src/domain/index.ts";
import type { NetnsHandle } from "../src/platform/index.ts";
import { inside, type Lan, openLan, pathOf, seenAddresses, seenLinks } from "./support/lan.ts";
import { must } from "./support/must.ts";
import { enter, start } from "./support/program.ts";
import { openStormHost, type StormHost } from "./support/storm.ts";

const SANDBOXES = 6;
/** A longer storm by hand: STORM_KILLS=1000 STORM_SEED=7 npm test -- storm */
const KILLS = Number(process.env.STORM_KILLS ?? 40);
const SEED = Number(process.env.STORM_SEED ?? 20261121);
const CROWD = 50;

let lan: Lan;
let sandboxes: NetnsHandle[];
const stateDirectory = mkdtempSync(join(tmpdir(), "landfall-storm-"));
const subnets = ["10.0.0.0/24", "10.0.0.0/24", "fd00::/64"];

beforeAll(async () => {
  lan = openLan();
  sandboxes = Array.from({ length: SANDBOXES }, () => lan.sandbox());
  const { engine, store } = openHost();
  for (const [index, text] of subnets.entries()) {
    const spec = checkNetwork({
      name: `net${index}` as NetworkName,
      parent: "p0" as IfName,
      driver: { kind: "macvlan", mode: "bridge" },
      subnets: [must(parsePrefix(text))],
      // The machine on the LAN has these: given to an endpoint they would be conflicts.
      gateways: [must(parseIp(text.includes(":") ? "fd00::1" : "10.0.0.1"))],
      ranges: [],
      exclusions: [],
      routes: [],
      reach: "routed",
    });
    must(await engine.createNetwork(must(spec)));
  }
  store.close();
});

afterAll(() => {
  lan[Symbol.dispose]();
  rmSync(stateDirectory, { recursive: true });
});

function openHost(): StormHost {
  return openStormHost(lan.platform, lan.host, stateDirectory);
}

function startWorker(seed: number, env: Record<string, string> = {}) {
  const worker = [join(import.meta.dirname, "support/storm-worker.ts"), stateDirectory, `${seed}`];
  const command = ["--", process.execPath, ...worker, ...sandboxes.map(pathOf)];
  return spawn("nsenter", [`--net=${pathOf(lan.host)}`, ...command], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
}

/** The modes that networks were found in. */
const metModes = new Set<string>();

/** Book and `ip -j` say the same, nothing is in flight, and no address is given twice. */
async function expectAgreement(label: string): Promise<void> {
  const { engine, store } = openHost();
  must(await engine.reconcile());
  expect([label, must(await engine.status())]).toEqual([label, []]);
  const book = must(
    await store.transact((tx) =>
      ok({
        endpoints: tx.endpoints.all(),
        networks: tx.networks.all(),
        leases: tx.leases.bySegment("p0" as never),
        operations: tx.operations.all(),
      }),
    ),
  );
  store.close();
  expect([label, book.operations]).toEqual([label, []]);
  for (const { driver } of book.networks) metModes.add(driver.mode);
  const modeOf = (id: NetworkId) => book.networks.find((row) => row.id === id)?.driver.mode;
  const known = book.endpoints.map(({ sandbox, ifname, link, addresses, network }) => {
    const words = `${sandbox.path} ${ifname} ${link.mac} ${link.alias} ${modeOf(network)}`;
    return `${words} ${[...addresses].sort()}`;
  });
  const seen = sandboxes.flatMap((netns) =>
    seenLinks(netns).map(({ ifname, address, ifalias, linkinfo }) => {
      const words = `${pathOf(netns)} ${ifname} ${address} ${ifalias} ${linkinfo?.info_data?.mode}`;
      return `${words} ${[...seenAddresses(netns, ifname)].sort()}`;
    }),
  );
  expect([label, seen.sort()]).toEqual([label, known.sort()]);
  const given = book.endpoints.flatMap(({ addresses }) => addresses.map((a) => a.split("/")[0]));
  expect([label, new Set(given).size]).toEqual([label, given.length]);
  expect([label, book.leases.map(({ address }) => address as string).sort()]).toEqual([
    label,
    given.sort() as string[],
  ]);
}

test(`${KILLS} kills at random moments (seed ${SEED}) leave nothing over and give nothing twice`, async () => {
  let state = SEED;
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = startWorker(SEED + kill);
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The worker needs some 60 ms to begin; the rest of the time it is at work.
    await Bun.sleep(60 + (state % 120));
    worker.kill("SIGKILL");
    await new Promise((resolve) => worker.on("exit", resolve));
    if (kill % 10 === 9 || kill === KILLS - 1) await expectAgreement(`kill ${kill}`);
  }
}, 600_000);

test(`${CROWD} processes and a daemon at once end in agreement`, async () => {
  // It reconciles all the while, on the same state, and nobody forwards to it.
  const runDirectory = ["--run-dir", join(stateDirectory, "run"), "--docker-socket", "none"];
  const daemon = start(
    ["daemon", "--interval", "1", "--state-dir", stateDirectory, ...runDirectory],
    enter(lan.host),
  );
  const workers = Array.from({ length: CROWD }, (_, index) =>
    startWorker(SEED + 7919 * index, { STORM_ROUNDS: "4" }),
  );
  const outcomes = await Promise.all(
    workers.map(async (worker) => {
      const exited = new Promise<number | null>((resolve) => worker.on("exit", resolve));
      const text = await new Response(worker.stdout as unknown as ReadableStream).text();
      return {
        status: await exited,
        codes: text
          .trim()
          .split(" ")
          .filter((code) => code !== ""),
      };
    }),
  );
  daemon.kill("SIGTERM");
  const { exitCode, stderr } = await daemon.ended;
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("Ready at")]);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([0]));
  // Only what the others' work explains: the link is there already, or it is not.
  const expected = ["LF-ENDPOINT-MISSING", "LF-IFNAME-TAKEN"];
  const met = outcomes.flatMap(({ codes }) => codes);
  expect(met.filter((code) => !expected.includes(code))).toEqual([]);
  await expectAgreement("crowd");
  // Networks were changed, and found in more than the mode that they began with.
  expect(metModes.size).toBeGreaterThan(1);
  expect(inside(lan.host, "bridge", "fdb", "show", "dev", "p0")).toContain("permanent");
}, 120_000);
