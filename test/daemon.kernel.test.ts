import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import type { NetnsHandle } from "../src/platform/index.ts";
import { inside, type Lan, openLan, pathOf, tryInside } from "./support/lan.ts";
import { type Ending, enter, landfall, problemOf, type Running, start } from "./support/program.ts";

/** A host with a directory for state and one for the daemon. */
interface Site extends Disposable {
  readonly lan: Lan;
  readonly socket: string;
  /** Starts a daemon, and waits until it listens. */
  serve(...more: readonly string[]): Promise<Running>;
  run(...args: readonly string[]): Promise<Ending>;
  begin(...args: readonly string[]): Running;
}

function openSite(run = "run"): Site {
  const lan = openLan();
  const directory = mkdtempSync(join(tmpdir(), "landfall-daemon-"));
  const runDirectory = join(directory, run);
  const socket = join(runDirectory, "landfall.sock");
  const where = ["--state-dir", join(directory, "state"), "--run-dir", runDirectory];
  const options = [...where, "--format", "json"];
  const daemons: Running[] = [];
  const begin = (...args: readonly string[]): Running =>
    start([...args, ...options], enter(lan.host));
  return {
    ...{ lan, socket, begin },
    run: (...args) => begin(...args).ended,
    serve: async (...more) => {
      const daemon = begin("daemon", "--docker-socket", "none", ...more);
      daemons.push(daemon);
      for (let look = 0; look < 500; look++) {
        if ((await ask(socket, "/v1/daemon")) !== undefined) return daemon;
        await Bun.sleep(10);
      }
      throw new Error(`the daemon does not listen: ${(await daemon.ended).stderr}`);
    },
    [Symbol.dispose]: () => {
      for (const daemon of daemons) daemon.kill("SIGKILL");
      rmSync(directory, { recursive: true });
      lan[Symbol.dispose]();
    },
  };
}

/** What the socket answers, asked by nothing of ours; undefined when nobody listens. */
async function ask(socket: string, path: string): Promise<unknown> {
  try {
    const answer = await fetch(`http://localhost${path}`, { unix: socket } as RequestInit);
    return await answer.json();
  } catch {
    return undefined;
  }
}

const subnet = ["--parent", "p0", "--subnet", "10.0.0.0/24", "--exclude", "10.0.0.1"];

async function attachTo(site: Site, sandbox: NetnsHandle): Promise<string> {
  const attached = await site.run("attach", "lan", "--netns", pathOf(sandbox));
  expect(attached.stderr).toBe("");
  return JSON.parse(attached.stdout).endpoint.addresses[0].split("/")[0];
}

/** The addresses of eth0 as iproute2 sees them. */
const seenAddresses = (netns: NetnsHandle): string => inside(netns, "ip", "-o", "address");

const pings = (lan: Lan, address: string): boolean =>
  tryInside(lan.machine, "ping", "-c1", "-W1", address).status === 0;

test("other commands ask the daemon, which does what they would have done", async () => {
  using site = openSite();
  const daemon = await site.serve();
  expect((await site.run("net", "create", "lan", ...subnet)).exitCode).toBe(0);
  const sandbox = site.lan.sandbox();
  const address = await attachTo(site, sandbox);
  expect(seenAddresses(sandbox)).toContain(address);
  expect(pings(site.lan, address)).toBe(true);
  expect(problemOf(await site.run("net", "inspect", "lna"))?.code).toBe("LF-NETWORK-MISSING");

  // It is the daemon that works: while it is stopped, nothing is answered.
  daemon.kill("SIGSTOP");
  const asked = site.begin("detach", "--netns", pathOf(sandbox));
  const first = await Promise.race([asked.ended.then(() => "answered"), Bun.sleep(400)]);
  expect(first).toBeUndefined();
  expect(seenAddresses(sandbox)).toContain(address);
  daemon.kill("SIGCONT");
  expect((await asked.ended).exitCode).toBe(0);
  expect(seenAddresses(sandbox)).not.toContain(address);
}, 60_000);

test("its answers are what schemas/openapi.json says", async () => {
  using site = openSite();
  await site.serve();
  await site.run("net", "create", "lan", ...subnet, "--reserve", "db=10.0.0.77");
  await attachTo(site, site.lan.sandbox());
  const file = join(import.meta.dirname, "../schemas/openapi.json");
  const document = JSON.parse(readFileSync(file, "utf8"));
  expect(await ask(site.socket, "/v1/openapi.json")).toEqual(document);
  const ajv = new Ajv2020({ strict: false }).addSchema(document, "api");
  const answers = [
    ["/v1/networks", "NetworkList"],
    ["/v1/networks/lan", "NetworkAnswer"],
    ["/v1/endpoints", "EndpointList"],
    ["/v1/leases", "LeaseList"],
    ["/v1/status", "FindingList"],
    ["/v1/daemon", "DaemonAnswer"],
    ["/v1/networks/none", "ProblemAnswer"],
  ] as const;
  for (const [path, name] of answers) {
    const answer = await ask(site.socket, path);
    ajv.validate({ $ref: `api#/components/schemas/${name}` }, answer);
    expect([path, ajv.errors]).toEqual([path, null]);
    expect(Object.keys(answer as object).length).toBeGreaterThan(1);
  }
}, 60_000);

test("ends cleanly, and its endpoints live on without it", async () => {
  using site = openSite();
  const daemon = await site.serve();
  await site.run("net", "create", "lan", ...subnet);
  const sandbox = site.lan.sandbox();
  const address = await attachTo(site, sandbox);
  daemon.kill("SIGTERM");
  const ended = await daemon.ended;
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toContain("Ready at");
  expect(existsSync(site.socket)).toBe(false);
  expect(pings(site.lan, address)).toBe(true);
  // Without it the commands do the work themselves, and with the next one it is as before.
  const listed = await site.run("endpoint", "ls");
  await site.serve();
  expect((await site.run("endpoint", "ls")).stdout).toBe(listed.stdout);
  expect(JSON.parse(listed.stdout).endpoints).toHaveLength(1);
}, 60_000);

test("a killed daemon is in nobody's way, and a second one is refused while it lives", async () => {
  // Sockets and state may be in one directory.
  using site = openSite("state");
  const daemon = await site.serve();
  expect(problemOf(await site.run("daemon", "--docker-socket", "none"))?.code).toBe(
    "LF-DAEMON-RUNNING",
  );
  await site.run("net", "create", "lan", ...subnet);
  daemon.kill("SIGKILL");
  expect((await daemon.ended).exitCode).toBe(137);
  expect(existsSync(site.socket)).toBe(true);
  const address = await attachTo(site, site.lan.sandbox());
  expect(pings(site.lan, address)).toBe(true);
  await site.serve();
  expect(JSON.parse((await site.run("endpoint", "ls")).stdout).endpoints).toHaveLength(1);
}, 60_000);

test("mends at its start, when something happens to a parent, and at intervals", async () => {
  using site = openSite();
  await site.run("net", "create", "lan", ...subnet);
  const lose = async (): Promise<void> => {
    const sandbox = site.lan.sandbox();
    const address = await attachTo(site, sandbox);
    sandbox.close();
    for (let look = 0; look < 500 && pings(site.lan, address); look++) await Bun.sleep(10);
  };
  const collected = async (): Promise<number> => {
    const begin = performance.now();
    while (performance.now() - begin < 10_000) {
      const endpoints = JSON.parse((await site.run("endpoint", "ls")).stdout).endpoints;
      if (endpoints.length === 0) return performance.now() - begin;
    }
    return Number.POSITIVE_INFINITY;
  };
  await lose();
  const patient = await site.serve("--interval", "3600");
  expect(await collected()).toBeLessThan(10_000);
  // The kernel tells of the parent when a link that hung on it goes with its namespace.
  await lose();
  expect(await collected()).toBeLessThan(10_000);
  patient.kill("SIGTERM");
  const { stderr } = await patient.ended;
  expect(stderr.match(/Mended/g)).toHaveLength(2);
  await site.serve("--interval", "1");
  await lose();
  expect(await collected()).toBeLessThan(10_000);
}, 90_000);

test("a daemon elsewhere is not asked", async () => {
  using site = openSite();
  await site.serve();
  const runDirectory = join(site.socket, "..");
  const common = ["net", "ls", "--run-dir", runDirectory, "--format", "json"];
  const stranger = await landfall([...common, "--state-dir", "/nowhere"], enter(site.lan.host));
  expect(problemOf(stranger)?.code).toBe("LF-DAEMON-STATE");
  const state = join(runDirectory, "../state");
  const abroad = await landfall([...common, "--state-dir", state], enter(site.lan.machine));
  expect(problemOf(abroad)?.code).toBe("LF-DAEMON-ELSEWHERE");
  // A descriptor's number means another file to the daemon.
  const sandbox = site.lan.sandbox();
  const line = 'exec 9<"$0"; shift 0; exec "$@"';
  const behind = [...enter(site.lan.host), "bash", "-c", line, pathOf(sandbox)];
  const where = ["--state-dir", state, "--run-dir", runDirectory, "--format", "json"];
  await site.run("net", "create", "lan", ...subnet);
  const attach = ["attach", "lan", "--netns", "/proc/self/fd/9", ...where];
  expect(problemOf(await landfall(attach, behind))?.code).toBe("LF-SANDBOX-OTHER");
}, 60_000);

/** What of eth0 others know it by, as iproute2 sees it; undefined where it is not there. */
function looks(netns: NetnsHandle): unknown {
  const shown = tryInside(netns, "ip", "-j", "-d", "link", "show", "dev", "eth0");
  if (shown.status !== 0) return undefined;
  const [{ address, mtu, linkinfo }] = JSON.parse(shown.stdout);
  return { address, mtu, kind: linkinfo.info_kind, mode: linkinfo.info_data.mode };
}

/** Waits until a look shows what is wanted; what it shows in the end. */
async function eventually(look: () => unknown, wanted: unknown): Promise<unknown> {
  for (let n = 0; n < 100 && !Bun.deepEquals(look(), wanted); n++) await Bun.sleep(50);
  return look();
}

test("when a parent comes back, so do the endpoints that went with it, by themselves", async () => {
  using site = openSite();
  const { lan } = site;
  await site.run("net", "create", "lan", ...subnet, "--gateway", "10.0.0.1");
  const sandbox = lan.sandbox();
  const address = await attachTo(site, sandbox);
  const daemon = await site.serve("--interval", "600");
  const [before, routes] = [looks(sandbox), inside(sandbox, "ip", "route")];
  expect(pings(lan, address)).toBe(true);
  inside(lan.host, "ip", "link", "del", "dev", "p0");
  expect(looks(sandbox)).toBeUndefined();
  const status = await site.run("status");
  expect([status.exitCode, JSON.parse(status.stdout).findings]).toEqual([
    1,
    [expect.objectContaining({ subject: "network", kind: "parent-missing", action: "none" })],
  ]);
  inside(lan.host, "ip", "link", "add", "p0", "type", "veth", "peer", "name", "m0");
  inside(lan.host, "ip", "link", "set", "dev", "m0", "netns", pathOf(lan.machine));
  inside(lan.machine, "ip", "addr", "add", "10.0.0.1/24", "dev", "m0");
  inside(lan.machine, "ip", "link", "set", "dev", "m0", "up");
  inside(lan.host, "ip", "link", "set", "dev", "p0", "up");
  expect(await eventually(() => looks(sandbox), before)).toEqual(before);
  expect(await eventually(() => pings(lan, address), true)).toBe(true);
  expect(inside(sandbox, "ip", "route")).toBe(routes);
  // Its MTU follows the parent's both ways.
  inside(lan.host, "ip", "link", "set", "dev", "p0", "mtu", "1400");
  expect(looks(sandbox)).toMatchObject({ mtu: 1400 });
  inside(lan.host, "ip", "link", "set", "dev", "p0", "mtu", "1500");
  expect(await eventually(() => looks(sandbox), before)).toEqual(before);
  daemon.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
}, 60_000);
