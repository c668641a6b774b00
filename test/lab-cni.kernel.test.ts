import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ending, landfall } from "./support/program.ts";
import { scenarioDirectory } from "./support/scenario-files.ts";

setDefaultTimeout(120_000);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-lab-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface ToldScenario {
  readonly status: string;
  readonly reason?: string;
  readonly checks: readonly { readonly ok: boolean; readonly measured: string }[];
}

function scenarioOf({ stdout }: Ending): ToldScenario {
  const { scenarios } = JSON.parse(stdout);
  return scenarios[0];
}

function run(...args: readonly string[]): Promise<Ending> {
  return landfall(["lab", "run", "--format", "json", ...args]);
}

/** A host with one container, and a machine beside it; JSON is YAML. */
function fileOf(name: string, network: object, checks: readonly object[]): string {
  const path = join(directory, `${name}.yaml`);
  const scenario = {
    ...{ id: name, title: "One container", door: "cni", switches: { sw0: {} } },
    hosts: {
      h1: {
        nics: { eth0: { switch: "sw0" } },
        networks: { lan: { parent: "eth0", ...network } },
        containers: { c1: { networks: { lan: { ip: "10.0.0.7", mac: "02:00:00:00:00:07" } } } },
      },
    },
    machines: { gw: { switch: "sw0", addresses: ["10.0.0.1/24", "fd00::1/64"] } },
    checks,
  };
  writeFileSync(path, JSON.stringify(scenario));
  return path;
}

const pool = { subnets: ["10.0.0.0/24"], gateway: "10.0.0.1", ranges: ["10.0.0.5-10.0.0.9"] };
const on = (node: string, command: string): object => ({
  do: `run ${JSON.stringify(command)} on ${node}`,
});

test("a configuration is made of the file's keys, and plugins see a host of their own", async () => {
  const dual = { subnets: [...pool.subnets, "fd00::/64"], gateway: ["10.0.0.1", "fd00::1"] };
  const file = fileOf("made", { ...pool, ...dual, mtu: 1400, mode: "private" }, [
    on("c1", "ip -d link show dev eth0 | grep -q 'macvlan mode private'"),
    on("c1", "ip link show dev eth0 | grep -q 'mtu 1400'"),
    on("c1", "ip link show dev eth0 | grep -q 02:00:00:00:00:07"),
    on("c1", "ip -4 addr show dev eth0 | grep -q 'inet 10.0.0.7/24 '"),
    on("c1", "ip -4 route | grep -q 'default via 10.0.0.1 dev eth0'"),
    on("c1", "ip -6 route | grep -q 'default via fd00::1 dev eth0'"),
    on("c1", "ping -c1 -W2 10.0.0.1"),
    on("h1", "ls /var/lib | grep -qx cni && ! ls /var/lib | grep -qvx cni"),
    { do: "stop c1" },
    on("h1", "! ls /var/lib/cni/networks/lan | grep -q '^[f1]' && ! ls /var/lib/cni/results/*"),
  ]);
  const { status, checks } = scenarioOf(await run(file));
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect([status, checks.length]).toEqual(["pass", 10]);
});

test("with our plugins, what they have in their book is checked", async () => {
  const plugins = join(directory, "plugins");
  mkdirSync(plugins);
  const program = join(import.meta.dirname, "../src/main.ts");
  for (const name of ["macvlan", "host-local"]) {
    const script = `#!/bin/sh\nexec ${process.execPath} ${program} cni-plugin ${name}\n`;
    writeFileSync(join(plugins, name), script, { mode: 0o755 });
  }
  const file = fileOf("booked", pool, [
    { leases: "h1", expect: ["c1 10.0.0.7"] },
    { status: "h1", expect: [] },
    { do: "attach late to lan" },
    { leases: "h1", expect: ["c1 10.0.0.7", "late 10.0.0.8"] },
    on("late", "ip link del dev eth0"),
    { status: "h1", expect: ["late link-missing"] },
    { do: "stop c1" },
    { leases: "h1", expect: ["late 10.0.0.8", "resting 10.0.0.7"] },
  ]);
  const { status, checks } = scenarioOf(await run("--cni-plugins", plugins, file));
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect([status, checks.length]).toEqual(["pass", 8]);
});

test("scenarios of another door come through CNI where that is asked for", async () => {
  const file = join(scenarioDirectory, "S02-bridge-mode.yaml");
  const { status, checks } = scenarioOf(await run("--door", "cni", file));
  expect([status, checks.length > 0]).toEqual(["pass", true]);
});

test("without plugins it is skipped, and says what to install", async () => {
  const file = fileOf("none", pool, []);
  const { status, reason } = scenarioOf(await run("--cni-plugins", join(directory, "no"), file));
  expect(status).toBe("skip");
  expect(reason).toContain("apt install containernetworking-plugins");
  const empty = scenarioOf(await run("--cni-plugins", directory, file));
  expect([empty.status, empty.reason]).toEqual([
    "fail",
    expect.stringContaining("LF-CNI-RUN-PLUGIN-MISSING"),
  ]);
});

test.each([
  ["a configuration that is broken", { cni: "{" }, "LF-CNI-RUN-CONF-MISSING"],
  ["one of another name", { cni: '{"name": "other", "type": "macvlan"}' }, "there is other"],
  ["what CNI has no words for", { exclude: ["10.0.0.8"] }, "does not drive exclude through CNI"],
])("%s is told", async (_, network, words) => {
  const { status, reason } = scenarioOf(await run(fileOf("wrong", { ...pool, ...network }, [])));
  expect([status, reason]).toEqual(["fail", expect.stringContaining(words)]);
});
