import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsHandle } from "../src/platform/index.ts";
import { buildOwnPlugins, type OwnPlugins } from "./support/cni/own-plugins.ts";
import { type Lan, openLan, pathOf, pings, seenAddresses, seenLinks } from "./support/lan.ts";
import { enter } from "./support/program.ts";
import { endStandIns, standInsEnded, standInsOf } from "./support/stand-ins.ts";

setDefaultTimeout(60_000);

let own: OwnPlugins;
let lan: Lan;
let directory = "";
let state = "";
/** Where one call was made at the beginning, and no other. */
let quiet = "";
let quietSince = 0;

beforeAll(async () => {
  own = await buildOwnPlugins();
  openSite();
  quiet = directory;
  await add(newPod("only"));
  quietSince = performance.now();
  lan[Symbol.dispose]();
});
afterAll(async () => {
  rmSync(quiet, { recursive: true });
  await standInsEnded(join(quiet, "state"));
  own[Symbol.dispose]();
});
beforeEach(openSite);
afterEach(async () => {
  await endStandIns(state);
  rmSync(directory, { recursive: true });
  lan[Symbol.dispose]();
});

function openSite(): void {
  lan = openLan();
  directory = mkdtempSync(join(tmpdir(), "landfall-stand-in-"));
  state = join(directory, "state");
  mkdirSync(state);
}

interface Ended {
  readonly exitCode: number;
  readonly said: Record<string, unknown> | undefined;
  readonly stderr: string;
}

interface Pod {
  readonly id: string;
  readonly netns: NetnsHandle;
  /** Who starts it; absent: the LAN's host. */
  readonly host?: NetnsHandle;
}

/** A plugin as a runtime starts it, to the end of its output. */
async function plugin(command: "ADD" | "DEL", pod: Pod, env = {}): Promise<Ended> {
  const ipam = {
    ...{ type: "host-local", dataDir: join(directory, "networks") },
    ranges: [[{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", gateway: "10.0.0.1" }]],
  };
  const config = { cniVersion: "1.0.0", name: "blue", type: "macvlan", master: "p0", ipam };
  const child = Bun.spawn([...enter(pod.host ?? lan.host), join(own.folder, "macvlan")], {
    env: {
      ...{ PATH: process.env.PATH ?? "", CNI_COMMAND: command, CNI_PATH: own.folder },
      ...{ CNI_CONTAINERID: pod.id, CNI_NETNS: pathOf(pod.netns), CNI_IFNAME: "eth0" },
      ...{ LANDFALL_STATE_DIR: state, LANDFALL_RUN_DIR: join(directory, "run"), ...env },
    },
    ...{ stdin: Buffer.from(JSON.stringify(config)), stdout: "pipe", stderr: "pipe" },
  });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { exitCode, said: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

const newPod = (id: string): Pod => ({ id, netns: lan.sandbox() });

async function add(pod: Pod, env = {}): Promise<void> {
  const { exitCode, said } = await plugin("ADD", pod, env);
  expect([pod.id, exitCode, said?.msg]).toEqual([pod.id, 0, undefined]);
}

test("the first call leaves a stand-in, which does the next ones and takes nothing with it", async () => {
  const pods = [newPod("a"), newPod("b"), newPod("c")];
  for (const pod of pods) await add(pod);
  const [pid, ...others] = standInsOf(state);
  expect(others).toEqual([]);
  const addresses = pods.map(({ netns }) => seenAddresses(netns, "eth0"));
  expect(addresses).toEqual([["10.0.0.100/24"], ["10.0.0.101/24"], ["10.0.0.102/24"]]);
  expect(pods.map(({ netns }) => pings(netns, "10.0.0.1"))).toEqual(Array(3).fill("reachable"));
  // One that is not there any more does nothing: it was this one that did all.
  process.kill(Number(pid), "SIGTERM");
  await standInsEnded(state);
  expect(existsSync(join(state, "stand-in.sock"))).toBe(false);
  expect(pods.map(({ netns }) => pings(netns, "10.0.0.1"))).toEqual(Array(3).fill("reachable"));
  for (const pod of pods) expect(await plugin("DEL", pod)).toMatchObject({ exitCode: 0 });
  expect(pods.map(({ netns }) => seenLinks(netns))).toEqual([[], [], []]);
  expect(standInsOf(state)).toHaveLength(1);
});

test("forty at once are one process, and all get their own address", async () => {
  const pods = Array.from({ length: 40 }, (_, at) => newPod(`pod${at}`));
  await Promise.all(pods.map((pod) => add(pod)));
  expect(standInsOf(state)).toHaveLength(1);
  const addresses = pods.flatMap(({ netns }) => seenAddresses(netns, "eth0"));
  expect(new Set(addresses).size).toBe(40);
});

/** Bytes of the log after so many ADDs and DELs. */
async function logAfter(count: number, env = {}): Promise<number> {
  const pod = newPod("pod");
  for (let at = 0; at < count; at++) {
    await add(pod, env);
    expect(await plugin("DEL", pod, env)).toMatchObject({ exitCode: 0 });
  }
  return statSync(join(state, "landfall.db-wal")).size;
}

test("its log outgrows SQLite's bound, and that of processes of one call stays far below", async () => {
  const pages = (count: number) => count * 4096;
  expect(await logAfter(80)).toBeGreaterThan(pages(1100));
  await endStandIns(state);
  rmSync(state, { recursive: true });
  mkdirSync(state);
  expect(await logAfter(20, { LANDFALL_STAND_IN: "no" })).toBeLessThan(pages(300));
});

test("where there is no state directory yet, the first call makes it without one", async () => {
  rmSync(state, { recursive: true });
  await add(newPod("a"));
  expect([existsSync(state), standInsOf(state)]).toEqual([true, []]);
  await add(newPod("b"));
  expect(standInsOf(state)).toHaveLength(1);
});

test("whoever starts plugins on another host, with the same book, gets his own links", async () => {
  await add(newPod("a"));
  using second = openLan();
  const pod = { ...newPod("b"), host: second.host };
  await add(pod);
  // The LAN of the first host has a machine of this address too: its links tell them apart.
  const macs = (netns: NetnsHandle) => seenLinks(netns).map(({ address }) => address);
  const [mac] = macs(pod.netns);
  expect(pings(pod.netns, "10.0.0.1")).toBe("reachable");
  expect(neighboursOf(second.machine)).toContain(String(mac));
  expect(neighboursOf(lan.machine)).not.toContain(String(mac));
  await plugin("DEL", pod);
  expect(macs(pod.netns)).toEqual([]);
});

function neighboursOf(netns: NetnsHandle): readonly string[] {
  const { stdout } = Bun.spawnSync([...enter(netns), "ip", "-j", "neigh"]);
  const rows: readonly { readonly lladdr?: string }[] = JSON.parse(stdout.toString());
  return rows.flatMap(({ lladdr }) => lladdr ?? []);
}

test("a stand-in that is killed at its work leaves what the next call ends", async () => {
  const pods = Array.from({ length: 12 }, (_, at) => newPod(`pod${at}`));
  await add(newPod("first"));
  const [pid] = standInsOf(state);
  const adding = pods.map((pod) => plugin("ADD", pod));
  await Bun.sleep(8);
  process.kill(Number(pid), "SIGKILL");
  const ended = await Promise.all(adding);
  // Each was done, or says that nobody knows; none was done twice.
  for (const { exitCode, said } of ended) {
    if (exitCode !== 0) expect(said).toMatchObject({ code: 11 });
  }
  for (const pod of pods) expect(await plugin("DEL", pod)).toMatchObject({ exitCode: 0 });
  expect(pods.flatMap(({ netns }) => seenLinks(netns))).toEqual([]);
  for (const pod of pods) await add(pod);
  expect(new Set(pods.flatMap(({ netns }) => seenAddresses(netns, "eth0"))).size).toBe(12);
});

test("one whose program was replaced ends, and the new one stands in", async () => {
  const program = join(directory, "landfall");
  copyFileSync(join(own.folder, "landfall-full"), program);
  await add(newPod("a"), { LANDFALL_BIN: program });
  expect(standInsOf(state)).toHaveLength(1);
  rmSync(program);
  copyFileSync(join(own.folder, "landfall-full"), program);
  await standInsEnded(state);
  await add(newPod("b"), { LANDFALL_BIN: program });
  expect(standInsOf(state)).toHaveLength(1);
});

test("one whose directory is removed ends", async () => {
  await add(newPod("a"));
  expect(standInsOf(state)).toHaveLength(1);
  rmSync(state, { recursive: true });
  await standInsEnded(state);
});

test("one ends by itself when no call has come for ten seconds", async () => {
  const there = join(quiet, "state");
  await standInsEnded(there, quietSince + 40_000 - performance.now());
  expect(performance.now() - quietSince).toBeGreaterThan(9000);
  expect(existsSync(join(there, "stand-in.sock"))).toBe(false);
});
