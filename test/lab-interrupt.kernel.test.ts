import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cage, openCage } from "./support/cage.ts";
import { asOrdinaryUser, livingProcesses, type Running, start } from "./support/program.ts";

setDefaultTimeout(60_000);

/** How long the kernel and the helpers of a lab may take to end after the program has. */
const PATIENCE_MS = 3000;
/** Of a demo that was not interrupted. */
const LAST_WORDS = "expectations confirmed by real packets.";

let directory: string;
let background: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-lab-"));
  background = join(directory, "background.yaml");
  writeFileSync(background, backgroundScenario);
});
afterAll(() => rmSync(directory, { recursive: true }));

const backgroundScenario = `
id: background
title: A process that does not end by itself
switches: { sw0: {} }
machines:
  pc: { switch: sw0, addresses: [192.168.1.9/24], run: ["sleep 1000 &"] }
checks:
  - { do: ['run "setsid sleep 1001 & sleep 1002" on pc'] }
`;

const signals = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
/** What shells report: 128 + the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;

const runs = [
  { what: "the demo as root", args: () => ["demo"], behind: [] },
  { what: "the demo as an ordinary user", args: () => ["demo"], behind: asOrdinaryUser },
  { what: "a process left behind", args: () => ["lab", "run", background], behind: [] },
] as const;

const cases = runs.flatMap((run) => signals.map((signal) => ({ ...run, signal })));

/** Waits until it holds, as long as the tests have patience. */
async function soon(holds: () => boolean, patience = PATIENCE_MS): Promise<boolean> {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await Bun.sleep(20)) {
    if (holds()) return true;
  }
  return holds();
}

interface Interrupted {
  readonly cage: Cage;
  readonly running: Running;
  readonly signal: (typeof signals)[number];
}

/** Sends the signal; returns what is left of it, and whether it ended as it should. */
async function interrupt({ cage, running, signal }: Interrupted) {
  const linksBefore = cage.inside("ip", "-j", "link", "show");
  running.kill(signal);
  // One that does not obey must not outlive the test.
  const deadline = setTimeout(() => running.kill("SIGKILL"), 10_000);
  const { exitCode, stdout } = await running.ended;
  clearTimeout(deadline);
  await soon(() => livingProcesses(running).length === 0);
  return {
    processes: livingProcesses(running),
    namespaces: (await soon(cage.hasNoOtherNamespace)) ? "none" : "some",
    links: cage.inside("ip", "-j", "link", "show") === linksBefore ? "as before" : "changed",
    // On a fast machine the demo may have said its last words before.
    exitCode: exitCode === 0 && stdout.includes(LAST_WORDS) ? exitCodes[signal] : exitCode,
  };
}

function nothingLeft(signal: (typeof signals)[number]) {
  const exitCode = exitCodes[signal];
  return { processes: [], namespaces: "none", links: "as before", exitCode };
}

const moments = [0, 150, 400, 800, 1500, 2500] as const;

test.each([...moments])("whatever signal ends a lab after %i ms, nothing is left", async (ms) => {
  const ended = cases.map(async ({ what, args, behind, signal }) => {
    using cage = await openCage();
    const running = start(args(), [...cage.enter, ...behind]);
    await Bun.sleep(ms);
    return { what, signal, left: await interrupt({ cage, running, signal }) };
  });
  const expected = cases.map(({ what, signal }) => ({ what, signal, left: nothingLeft(signal) }));
  expect(await Promise.all(ended)).toEqual(expected);
});

test("processes that a scenario left in the background end with it", async () => {
  const ended = signals.map(async (signal) => {
    using cage = await openCage();
    const running = start(["lab", "run", background], cage.enter);
    const sleeps = (): readonly string[] =>
      livingProcesses(running).filter((line) => /^sleep 100\d$/.test(line));
    await soon(() => sleeps().length === 3, 20_000);
    return { sleeps: sleeps().toSorted(), left: await interrupt({ cage, running, signal }) };
  });
  const sleeps = ["sleep 1000", "sleep 1001", "sleep 1002"];
  const expected = signals.map((signal) => ({ sleeps, left: nothingLeft(signal) }));
  expect(await Promise.all(ended)).toEqual(expected);
});

test("the count of namespaces sees one that is held by an open descriptor only", async () => {
  using cage = await openCage();
  expect(await soon(cage.hasNoOtherNamespace)).toBe(true);
  const back = `nsenter --net=/proc/self/fd/4 sh -c "echo held; exec sleep 60"`;
  const inNew = `unshare --net sh -c 'exec 3</proc/self/ns/net; exec ${back}'`;
  const holder = Bun.spawn([...cage.enter, "sh", "-c", `exec 4</proc/self/ns/net; exec ${inNew}`]);
  expect((await holder.stdout.getReader().read()).value?.length).toBe("held\n".length);
  expect(cage.hasNoOtherNamespace()).toBe(false);
  holder.kill("SIGKILL");
  expect(await soon(cage.hasNoOtherNamespace)).toBe(true);
});
