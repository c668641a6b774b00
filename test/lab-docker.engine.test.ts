/** Labs whose containers come through a real Docker engine, of both kinds. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineKinds, rootOf } from "./support/docker-engine.ts";
import { dockerLeftovers } from "./support/docker-leftovers.ts";
import {
  asOrdinaryUser,
  commandLine,
  type Ending,
  landfall,
  listPids,
  livingPids,
  livingProcesses,
  type Running,
  start,
} from "./support/program.ts";
import { scenarioDirectory, scenarioFiles } from "./support/scenario-files.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
setDefaultTimeout(180_000);

const dockerScenarios = scenarioFiles("engine");

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "landfall-lab-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface ToldScenario {
  readonly id: string;
  readonly status: string;
  readonly reason?: string;
  readonly checks: readonly { readonly ok: boolean }[];
}

function scenariosOf({ stdout }: Ending): readonly ToldScenario[] {
  return JSON.parse(stdout).scenarios;
}

/** A host with one container through Docker; JSON is YAML. */
function fileOf(name: string, checks: readonly object[], network: object = {}): string {
  const path = join(directory, `${name}.yaml`);
  const lan = { parent: "eth0", subnets: ["192.168.1.0/24"], gateway: "192.168.1.1", ...network };
  const scenario = {
    ...{ id: name, title: "One container", door: "docker", switches: { sw0: {} } },
    hosts: {
      h1: {
        nics: { eth0: { switch: "sw0", addresses: ["192.168.1.10/24"] } },
        networks: { lan },
        containers: { c1: { networks: { lan: { ip: "192.168.1.100" } } } },
      },
    },
    machines: { gw: { switch: "sw0", addresses: ["192.168.1.1/24"] } },
    checks,
  };
  writeFileSync(path, JSON.stringify(scenario));
  return path;
}

const run = (...args: readonly string[]): Promise<Ending> =>
  landfall(["lab", "run", "--format", "json", ...args]);

test.concurrent("every scenario of Docker's passes on both engines, each check of it", async () => {
  expect(dockerScenarios.length).toBe(4);
  const runs = engineKinds.map(async (kind) => {
    const ending = await run("--docker-root", await rootOf(kind), ...dockerScenarios);
    const scenarios = scenariosOf(ending);
    return {
      kind,
      exitCode: ending.exitCode,
      ids: scenarios.map(({ id, status }) => `${id} ${status}`),
      wrong: scenarios.flatMap(({ id, reason, checks }) => [
        ...(reason === undefined ? [] : [{ id, reason }]),
        ...checks.filter(({ ok }) => !ok).map((check) => ({ id, check })),
      ]),
    };
  });
  const ids = ["S21 pass", "S22-docker pass", "S43 pass", "S45-docker pass"];
  expect(await Promise.all(runs)).toEqual(
    engineKinds.map((kind) => ({ kind, exitCode: 0, ids, wrong: [] })),
  );
});

test.concurrent("a scenario of another door comes through Docker where that is asked for", async () => {
  const file = join(scenarioDirectory, "S04-own-place-on-the-lan.yaml");
  const [scenario] = scenariosOf(await run("--door", "docker", file));
  expect([scenario?.id, scenario?.status]).toEqual(["S04", "pass"]);
});

test.concurrent("the example of the documents passes", async () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/scenarios.md"), "utf8");
  const file = join(directory, "names.yaml");
  writeFileSync(file, /```yaml\n(id: names\n[\s\S]*?)```/.exec(page)?.[1] ?? "");
  const [scenario] = scenariosOf(await run(file));
  expect([scenario?.id, scenario?.status]).toEqual(["names", "pass"]);
  expect(scenario?.checks.every(({ ok }) => ok)).toBeTrue();
});

test.concurrent("what Docker has no words for is refused, and said", async () => {
  const odd = { subnets: ["fd00::/64"], gateway: "fd00::1" };
  const [scenario] = scenariosOf(await run(fileOf("odd", [], odd)));
  expect(scenario?.status).toBe("fail");
  expect(scenario?.reason).toContain("LF-LAB-UNSUPPORTED");
  expect(scenario?.reason).toContain("a network without IPv4");
});

describe("without an engine", () => {
  test.concurrent("there is the reason and the remedy, and no failure", async () => {
    const file = fileOf("none", []);
    const empty = join(directory, "empty");
    mkdirSync(empty);
    const ending = await run("--docker-root", empty, file);
    const [missing] = scenariosOf(ending);
    expect([ending.exitCode, missing?.status]).toEqual([0, "skip"]);
    expect(missing?.reason).toMatch(/there is no dockerd, .*apt install docker\.io/);
    const user = await landfall(["lab", "run", "--format", "json", file], asOrdinaryUser);
    const [unprivileged] = scenariosOf(user);
    expect([user.exitCode, unprivileged?.status]).toEqual([0, "skip"]);
    expect(unprivileged?.reason).toMatch(/needs root.*sudo/);
  });

  test.concurrent("one that does not start is a failure, with the end of its log", async () => {
    const root = brokenEngine();
    const [scenario] = scenariosOf(await run("--docker-root", root, fileOf("broken", [])));
    expect(scenario?.status).toBe("fail");
    expect(scenario?.reason).toMatch(/LF-DOCKERD-FAILED: .*ended:\nline 9\n[\s\S]*line 20 The/);
  });
});

/** A folder in which dockerd says twenty lines and ends. */
function brokenEngine(): string {
  const root = join(directory, "broken");
  for (const folder of ["bin", "usr/sbin", "dev", "proc", "run", "sys", "tmp", "etc/docker"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const name of ["dockerd", "docker", "containerd", "runc", "iptables"]) {
    const path = join(root, "usr/sbin", name);
    writeFileSync(
      path,
      "#!/bin/busybox sh\nfor n in $(/bin/busybox seq 20); do echo line $n; done\n",
    );
    chmodSync(path, 0o755);
  }
  return root;
}

/** What a run has made by now: its process id, and the namespaces of its machine. */
interface Made {
  readonly pid: number;
  readonly namespaces: readonly string[];
}

/** Mount and PID namespace of a process; nothing where it has ended. */
function namespacesOf(pid: string): readonly string[] {
  try {
    return ["mnt", "pid"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return [];
  }
}

async function soon(holds: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await Bun.sleep(20)) {
    if (holds()) return true;
  }
  return holds();
}

/** Waits until the lab has come as far as one of the processes on its machine shows. */
async function reach(running: Running, process: RegExp): Promise<Made> {
  const own = namespacesOf("self");
  const found = (): readonly string[] => {
    const made = livingPids(running)
      .flatMap(namespacesOf)
      .filter((one) => !own.includes(one));
    return livingIn(made).some((line) => process.test(line)) ? made : [];
  };
  await soon(() => found().length > 0);
  const keeper = livingProcesses(running).find((line) => line.includes("lf-docker-"));
  return { pid: Number(/lf-docker-(\d+)-/.exec(keeper ?? "")?.[1]), namespaces: found() };
}

/**
 * Holds the namespaces of a run: the kernel gives the number of one that is gone to the next that is
 * made, and that may be another lab's.
 */
function hold(running: Running): Disposable {
  const descriptors = livingPids(running).flatMap((pid) =>
    ["mnt", "pid"].flatMap((kind) => {
      try {
        return [openSync(`/proc/${pid}/ns/${kind}`, "r")];
      } catch {
        return [];
      }
    }),
  );
  const close = (): void => {
    for (const one of descriptors) closeSync(one);
  };
  return { [Symbol.dispose]: close };
}

/** The command lines of processes that are in one of these namespaces. */
function livingIn(namespaces: readonly string[]): readonly string[] {
  return listPids()
    .filter((pid) => namespacesOf(pid).some((namespace) => namespaces.includes(namespace)))
    .map(commandLine);
}

const moments = [
  { when: "while its engine starts", process: /^dockerd --config-file=/ },
  { when: "while a container works", process: /^sleep 1003$/ },
] as const;
const exitCodes = { SIGINT: 130, SIGKILL: 137 } as const;
const cases = moments.flatMap((moment) =>
  (["SIGINT", "SIGKILL"] as const).map((signal) => ({ ...moment, signal })),
);

test.concurrent.each(cases)(
  "a run that gets $signal $when leaves nothing",
  async ({ signal, process }) => {
    const file = fileOf("long", [{ do: 'run "sleep 1003" on c1' }]);
    const running = start(["lab", "run", file]);
    const { pid, namespaces } = await reach(running, process);
    using _held = hold(running);
    running.kill(signal);
    expect(namespaces).not.toEqual([]);
    expect((await running.ended).exitCode).toBe(exitCodes[signal]);
    await soon(() => livingProcesses(running).length === 0);
    expect(livingProcesses(running)).toEqual([]);
    expect(livingIn(namespaces)).toEqual([]);
    expect(dockerLeftovers(pid)).toEqual([]);
  },
);
