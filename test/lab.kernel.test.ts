import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCage } from "./support/cage.ts";
import {
  asOrdinaryUser,
  asPrivilegedUser,
  type Ending,
  landfall,
  nobody,
  problemOf,
  withoutPrivileges,
} from "./support/program.ts";
import { scenarioDirectory, scenarioFiles } from "./support/scenario-files.ts";

// Labs mostly wait, so the tests of this file run side by side, and each takes a while.
setDefaultTimeout(90_000);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-lab-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A scenario's result as the contract of the command line says it. */
interface ToldScenario {
  readonly id: string;
  readonly title: string;
  readonly status: "pass" | "fail" | "skip";
  readonly reason?: string;
  readonly kernel: "host" | "uml";
  readonly seconds: number;
  readonly checks: readonly ToldCheck[];
}

interface ToldCheck {
  readonly check: string;
  readonly expected: string;
  readonly measured: string;
  readonly because?: string;
  readonly ok: boolean;
  readonly evidence?: readonly string[];
}

function scenariosOf({ stdout }: Ending): readonly ToldScenario[] {
  const told: { schemaVersion: number; scenarios: ToldScenario[] } = JSON.parse(stdout);
  expect(told.schemaVersion).toBe(1);
  return told.scenarios;
}

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function run(...files: readonly string[]): Promise<Ending> {
  return landfall(["lab", "run", "--format", "json", ...files]);
}

/** A host with an endpoint and a machine beside it on the LAN; JSON is YAML. */
function lanScenario(checks: readonly object[]): string {
  const network = { parent: "eth0", subnets: ["192.168.1.0/24"], gateway: "192.168.1.1" };
  return JSON.stringify({
    id: "lan",
    title: "A host, its endpoint and a machine",
    needs: ["macvlan"],
    switches: { sw0: {} },
    hosts: {
      h1: {
        nics: { eth0: { switch: "sw0", addresses: ["192.168.1.10/24"] } },
        networks: { lan: network },
        containers: { c1: { networks: { lan: { ip: "192.168.1.100" } } } },
      },
    },
    machines: { pc: { switch: "sw0", addresses: ["192.168.1.9/24"] } },
    checks,
  });
}

/** A step of a scenario that runs a command on a node. */
function command(node: string, text: string): { readonly do: string } {
  return { do: `run ${JSON.stringify(text)} on ${node}` };
}

test.concurrent("every scenario that any kernel can run passes, each check of it", async () => {
  // Labs mostly wait, and there are many; long ones stand side by side.
  const files = scenarioFiles("kernel");
  const shares = [0, 1, 2].map((share) => files.filter((_, n) => n % 3 === share));
  const endings = await Promise.all(shares.map((files) => run(...files)));
  const scenarios = endings.flatMap(scenariosOf);
  const failed = scenarios.flatMap(({ id, reason, checks }) => [
    ...(reason === undefined ? [] : [{ id, reason }]),
    ...checks.filter(({ ok }) => !ok).map((check) => ({ id, check })),
  ]);
  expect(failed).toEqual([]);
  expect(scenarios.map(({ id }) => id).toSorted()).toEqual([
    ...["S02", "S03", "S04", "S05", "S06", "S07", "S08", "S09", "S10", "S14"],
    ...[
      "S15",
      "S22",
      "S25",
      "S34",
      "S35",
      "S38",
      "S41",
      "S42",
      "S45",
      "S46",
      "S47",
      "S48",
      "S50",
      "first",
    ],
  ]);
  for (const scenario of scenarios) {
    expect(scenario).toMatchObject({ status: "pass", kernel: "host" });
    expect(scenario.checks.length).toBeGreaterThan(3);
    expect(scenario.seconds).toBeGreaterThan(0);
  }
  expect(endings.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  const isolated = scenarios.flatMap(({ checks }) => checks).filter(({ because }) => because);
  expect(isolated).toContainEqual({
    check: "h1 -> c1 tcp 9090",
    expected: "unreachable",
    measured: "unreachable",
    because: "parent-isolated",
    ok: true,
  });
});

test.concurrent("a wrong expectation fails its check, with evidence, and the run", async () => {
  const text = readFileSync(join(scenarioDirectory, "S02-bridge-mode.yaml"), "utf8");
  const right = "{ capture: sw0/p1, filter: icmp, during: c1 -> pc, expect: some }";
  const wrong = right.replace("some", "none");
  expect(text).toContain(right);
  const ending = await run(fileOf("wrong.yaml", text.replace(right, wrong)));
  expect(ending.exitCode).toBe(1);
  const [scenario] = scenariosOf(ending);
  expect(scenario?.status).toBe("fail");
  const failed = scenario?.checks.filter(({ ok }) => !ok) ?? [];
  expect(failed).toMatchObject([
    { expected: "no frames", measured: expect.stringMatching(/^[1-9]\d* frames?$/) },
  ]);
  expect(failed[0]?.evidence?.join("\n")).toContain("192.168.1.100 > 192.168.1.9");
});

test.concurrent.each([
  ["an unknown key", "id: a\ntitle: b\nswitchs: {}\n", "3:1"],
  ["text that is not YAML", "id: a\ntitle: [b\nchecks: []\n", "3:1"],
  [
    "a flow to nobody",
    "id: a\ntitle: b\nchecks:\n  - { flow: c1 -> c2, expect: reachable }\n",
    "4:",
  ],
] as const)("a file with %s is a problem that says where", async (what, text, place) => {
  const file = fileOf(`${what.replaceAll(" ", "-")}.yaml`, text);
  const ending = await run(join(scenarioDirectory, "S02-bridge-mode.yaml"), file);
  expect([ending.exitCode, problemOf(ending)?.code]).toEqual([2, "LF-SCENARIO-INVALID"]);
  expect(problemOf(ending)?.detail).toContain(`${file}:${place}`);
});

test.concurrent("a file that is not there is a problem", async () => {
  const file = join(directory, "missing.yaml");
  const ending = await run(file);
  expect([ending.exitCode, problemOf(ending)]).toMatchObject([
    2,
    { code: "LF-FILE-UNREADABLE", detail: expect.stringContaining(file), command: `ls -l ${file}` },
  ]);
});

test.concurrent("a container that is stopped gives back what it has, and is started anew", async () => {
  const ending = await run(
    fileOf(
      "stop.yaml",
      lanScenario([
        { do: "stop c1" },
        command("h1", "! bridge fdb show dev eth0 | grep -q macvlan"),
        { status: "h1", expect: [] },
        { leases: "h1", expect: ["resting 192.168.1.100"] },
        { do: ["start c1", "restart c1"] },
        command("pc", "ping -n -c 1 -W 2 192.168.1.100"),
        { leases: "h1", expect: ["c1 192.168.1.100"] },
        { do: "kill engine on h1", expect: "refused", code: "LF-LAB-UNSUPPORTED" },
        { do: "restart daemon on h1", expect: "refused", code: "LF-LAB-UNSUPPORTED" },
      ]),
    ),
  );
  const [scenario] = scenariosOf(ending);
  expect(scenario?.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(ending.exitCode).toBe(0);
});

test.concurrent("ping and ip confirm what the lab builds", async () => {
  const seen = join(directory, "seen.json");
  const ending = await run(
    fileOf(
      "ping.yaml",
      lanScenario([
        command("pc", "ping -n -c 1 -W 2 192.168.1.100"),
        command("c1", "ping -n -c 1 -W 2 192.168.1.9"),
        command("h1", "ping -n -c 1 -W 2 192.168.1.9"),
        command("c1", "! ping -n -c 1 -W 1 192.168.1.10"),
        command("h1", "! ping -n -c 1 -W 1 192.168.1.100"),
        command("c1", `ip -j -d addr show dev eth0 > ${seen}`),
        { flow: "h1 -> c1", expect: "unreachable" },
      ]),
    ),
  );
  const [scenario] = scenariosOf(ending);
  expect(scenario?.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(ending.exitCode).toBe(0);
  expect(JSON.parse(readFileSync(seen, "utf8"))).toMatchObject([
    {
      linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
      addr_info: [{ local: "192.168.1.100", prefixlen: 24 }, {}],
    },
  ]);
});

test.concurrent("a command that fails makes the run fail, with its words", async () => {
  const ending = await run(
    fileOf(
      "command.yaml",
      lanScenario([command("h1", "ping -n -c 1 -W 1 192.168.1.100"), command("h1", "true")]),
    ),
  );
  expect(ending.exitCode).toBe(1);
  const [ping, after] = scenariosOf(ending)[0]?.checks ?? [];
  expect(ping).toMatchObject({ ok: false, measured: "refused LF-LAB-COMMAND-FAILED" });
  expect(ping?.evidence?.join("\n")).toContain("100% packet loss");
  expect(after?.ok).toBe(true);
});

test.concurrent("tcpdump counts the frames that the lab's capture counts", async () => {
  const packets = join(directory, "witness.pcap");
  const words = join(directory, "tcpdump.words");
  const tcpdump = `tcpdump --immediate-mode -U -i eth0 -w ${packets} icmp 2> ${words}`;
  const listening = `for i in $(seq 200); do grep -q listening ${words} && exit; sleep 0.02; done`;
  const checks = [
    command("h1", `${tcpdump} & ${listening}; false`),
    { capture: "h1/eth0", filter: "icmp", during: "pc -> c1", expect: "some" },
    // tcpdump may take a little longer to write what it saw.
    { do: "wait 200 ms" },
    command("h1", `tcpdump -n -r ${packets} > ${packets}.txt`),
  ];
  const file = fileOf("tcpdump.yaml", lanScenario(checks));
  const ending = await landfall(["lab", "run", "--format", "json", file], asPrivilegedUser);
  expect(ending.exitCode).toBe(0);
  const capture = scenariosOf(ending)[0]?.checks[1];
  const lines = readFileSync(`${packets}.txt`, "utf8").trimEnd().split("\n");
  expect(lines[0]).toContain("192.168.1.9 > 192.168.1.100: ICMP echo request");
  expect(capture?.measured).toBe(`${lines.length} frames`);
});

test.concurrent("two demos at the same time pass, and show matrix and reasons", async () => {
  const endings = await Promise.all([landfall(["demo"]), landfall(["demo"])]);
  for (const { exitCode, stdout } of endings) {
    expect(exitCode).toBe(0);
    const [heading = "", ...rows] = stdout.split("\n").map((line) => line.split(/ {2,}| (?=✗)/));
    expect(heading[0]).toBe("from \\ to");
    const row = (name: string): readonly string[] => rows.find(([from]) => from === name) ?? [];
    expect(row("h1")).toEqual(["h1", "✗ A", "✗ A", "✗ A", "·", "✓", "✓"]);
    expect(row("gw")).toEqual(["gw", "✓", "✓", "✓", "✓", "·", "✓"]);
    expect(stdout).toMatch(/^A {2}parent-isolated: /m);
    expect(stdout).toContain("35 of 35 expectations confirmed by real packets.");
  }
});

test.concurrent("an ordinary user's demo passes", async () => {
  const { exitCode, stderr } = await landfall(["demo", "-q"], nobody());
  expect([exitCode, stderr]).toEqual([0, ""]);
});

test.concurrent("without privileges a lab lives in a user namespace of its own", async () => {
  using cage = await openCage();
  const owner = join(directory, "owner");
  const checks = [command("h1", `readlink /proc/self/ns/user > ${owner}`)];
  const file = fileOf("owner.yaml", lanScenario(checks));
  const { exitCode } = await landfall(["lab", "run", file], [...cage.enter, ...asOrdinaryUser]);
  expect(exitCode).toBe(0);
  const inCage = cage.inside("readlink", "/proc/self/ns/user");
  const inLab = readFileSync(owner, "utf8");
  expect(inLab).toMatch(/^user:\[\d+\]\n$/);
  expect(inLab).not.toBe(inCage);
});

test.concurrent.each([["demo"], ["lab", "run", ...scenarioFiles("kernel")]])(
  "where user namespaces are forbidden, %s says so",
  async (...args) => {
    using cage = await openCage();
    cage.forbidUserNamespaces();
    const behind = [...cage.enter, ...withoutPrivileges];
    const ending = await landfall([...args, "--format", "json"], behind);
    expect([ending.exitCode, problemOf(ending)]).toMatchObject([
      4,
      {
        code: "LF-USERNS-FORBIDDEN",
        detail: expect.stringContaining("No space left on device"),
        remedy: expect.stringContaining("user.max_user_namespaces"),
        command: "unshare --user --map-root-user --net true",
      },
    ]);
  },
);

test.concurrent("what the running kernel lacks is skipped by name", async () => {
  const file = fileOf("skip.yaml", "id: ipvlan\ntitle: Two on ipvlan\nneeds: [macvlan, ipvlan]\n");
  const ending = await run("--kernel", "host", file);
  expect(ending.exitCode).toBe(0);
  expect(scenariosOf(ending)).toMatchObject([{ status: "skip", checks: [] }]);
  const reason = scenariosOf(ending)[0]?.reason;
  expect(reason).toContain("ipvlan");
  expect(reason).not.toContain("macvlan");
  const { stdout } = await landfall(["lab", "run", "--kernel", "host", file]);
  expect(stdout).toContain("1 scenario, 0 passed, 0 failed, 1 skipped.");
});

test.concurrent("what a check before looked for in vain is looked for again where it is captured", async () => {
  // Its last question, of three, was asked a moment ago, and the answer is waited for.
  const asks = "sh -c 'ping -n -c 3 -i 1 -W 1 192.168.1.77 >/dev/null 2>&1 & sleep 2.15'";
  const capture = { capture: "pc/eth0", filter: "arp", during: "pc -> 192.168.1.77" };
  const checks = [command("pc", asks), { ...capture, expect: "some" }];
  const [scenario] = scenariosOf(await run(fileOf("in-vain.yaml", lanScenario(checks))));
  expect(scenario?.checks.map(({ ok }) => ok)).toEqual([true, true]);
});
