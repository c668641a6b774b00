import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { err, ok } from "../base/index.ts";
import { networkMissing, notPermitted, passthruCutsHost } from "../domain/index.ts";
import type { LabReport } from "../lab/index.ts";
import { runCli } from "./run-cli.ts";
import { FakePorts, type FakeSettings, lanNetwork, passedLab } from "./testing.ts";

async function run(line: string, settings: FakeSettings = {}) {
  const ports = new FakePorts(settings);
  const exitCode = await runCli(line === "" ? [] : line.split(" "), ports);
  return { exitCode: exitCode as number, ports, out: ports.out, errors: ports.errors };
}

test("a change of a network in flight is told by its name, a killed one with exit code 1", async () => {
  const facts = { subject: "network", network: lanNetwork.network.name, detail: "d" } as const;
  const running = { ...facts, kind: "running", action: "none" } as const;
  const killed = { ...facts, kind: "interrupted", action: "undo" } as const;
  const told = async (line: string, ...findings: (typeof running | typeof killed)[]) => {
    const { exitCode, out } = await run(line, { engine: { status: async () => ok(findings) } });
    return [exitCode, out];
  };
  expect(await told("status -q", running)).toEqual([0, "lan\n"]);
  const [exitCode, out] = await told("status --format json", killed);
  expect([exitCode, JSON.parse(`${out}`)]).toEqual([1, { schemaVersion: 1, findings: [killed] }]);
});

test.each([
  ["net set lan --mode vepa", "updateNetwork"],
  ["net rm lan", "removeNetwork"],
] as const)("%s can be called off", async (line, method) => {
  const signals: unknown[] = [];
  const called = async (_what: unknown, options: { readonly signal?: unknown } = {}) => {
    signals.push(options.signal);
    return ok(lanNetwork);
  };
  const { ports } = await run(line, { engine: { [method]: called } });
  expect(signals).toEqual([ports.signal]);
});

describe("a command that succeeds", () => {
  test("writes its data to stdout, nothing to stderr, and exits with 0", async () => {
    const { exitCode, out, errors } = await run("net ls -q");
    expect([exitCode, out, errors]).toEqual([0, "lan\n", ""]);
  });

  test("suggests the next one to a person", async () => {
    const terminal = "stdout and stderr";
    const attached = await run("attach lan --netns web --no-color", { terminal });
    expect(attached.errors).toBe("next: landfall detach ep-0000000001\n");
    expect((await run("attach lan --netns web")).errors).toBe("");
  });

  test("warns on stderr of what was done all the same", async () => {
    const warnings = [passthruCutsHost({ parent: "eth0", addresses: ["10.0.0.10"] })];
    const engine = { createNetwork: async () => ok({ ...lanNetwork, warnings }) };
    const create = "net create lan --parent eth0 --subnet 10.0.0.0/24 --mode passthru -q";
    const { exitCode, out, errors } = await run(create, { engine });
    expect([exitCode, out]).toEqual([0, "lan\n"]);
    expect(errors).toStartWith("warning: While an endpoint is attached, the host receives no");
    expect(errors).toContain("10.0.0.10");
  });

  test("writes no colours where nobody looks, or where they are not wanted", async () => {
    const csi = "\u001b[";
    expect((await run("net ls")).out).not.toContain(csi);
    expect((await run("net ls", { terminal: "stdout and stderr" })).out).toContain(csi);
    for (const settings of [{ env: { NO_COLOR: "1" } }, {}]) {
      const line = "env" in settings ? "net ls" : "--no-color net ls";
      const quiet = await run(line, { terminal: "stdout and stderr", ...settings });
      expect(quiet.out).not.toContain(csi);
    }
  });

  test("gets the directories that were named, and closes the host", async () => {
    const asked: unknown[] = [];
    await run("net ls --state-dir /s --run-dir /r", {
      openHost: async ({ stateDirectory, runDirectory }) => {
        asked.push(stateDirectory, runDirectory);
        return err(notPermitted({ action: "open", errno: "EPERM", command: undefined }));
      },
    });
    expect(asked).toEqual(["/s", "/r"]);
    expect((await run("net ls")).ports.calls).toEqual([["close host"]]);
  });
});

test("a daemon serves until it is told to end, and tells so", async () => {
  const { exitCode, out, ports } = await run("daemon --interval 5 --run-dir /r --format jsonl");
  expect([exitCode, JSON.parse(out)]).toEqual([0, { schemaVersion: 1 }]);
  const directories = expect.objectContaining({ runDirectory: "/r", stateOrigin: "default" });
  const docker = { kind: "wanted", path: "/run/docker/plugins/landfall.sock" };
  const request = { directories, interval: 5000, docker, logFormat: "json" };
  expect(ports.calls).toEqual([["serve", request]]);
  for (const interval of ["0", "86401", "x"]) {
    expect((await run(`daemon --interval ${interval}`)).exitCode).toBe(2);
  }
});

test("a daemon serves Docker where it is told to", async () => {
  const asked = async (socket: string): Promise<unknown> => {
    const { exitCode, ports } = await run(`daemon --docker-socket ${socket}`);
    const [call] = ports.calls as [string, { docker: unknown }][];
    return call === undefined ? exitCode : call[1].docker;
  };
  expect(await asked("none")).toEqual({ kind: "none" });
  expect(await asked("/p/lan.sock")).toEqual({ kind: "required", path: "/p/lan.sock" });
  for (const wrong of ["lan.sock", "/p/lan", "/p/.sock", "None"])
    expect(await asked(wrong)).toBe(2);
});

test("docker install and uninstall say what they did, and what is next", async () => {
  const installed = await run("docker install", { terminal: "stdout and stderr" });
  expect(installed.exitCode).toBe(0);
  expect(installed.ports.calls).toEqual([["installed", { effect: "done" }]]);
  expect(installed.out).toMatch(
    /^kept, changed by hand +\/etc\/systemd\/system\/landfall.service$/m,
  );
  expect(installed.errors).toContain("docker network create -d landfall");
  const dry = await run("docker uninstall --dry-run --root /image --format json");
  expect(dry.ports.calls).toEqual([["uninstalled", { effect: "dry-run", root: "/image" }]]);
  expect(JSON.parse(dry.out).install.steps[0]).toEqual({
    step: "created",
    what: "/etc/systemd/system/landfall.socket",
  });
  const quiet = await run("docker install -q");
  expect(quiet.out).toBe("/etc/systemd/system/landfall.socket\n");
});

test("docker install has no part in other directories than systemd's", async () => {
  const wrong = ["--state-dir /s", "--run-dir /r", "--root image"];
  for (const option of wrong) expect((await run(`docker install ${option}`)).exitCode).toBe(2);
  const env = { LANDFALL_STATE_DIR: "/s" };
  expect((await run("docker install", { env })).exitCode).toBe(2);
  expect((await run("docker uninstall", { env })).exitCode).toBe(0);
});

test("cni install and uninstall say which plugins, and where", async () => {
  const directories = { runDirectory: "/run/landfall", stateDirectory: "/var/lib/landfall" };
  const usual = { binDirectory: "/opt/cni/bin", confDirectory: "/etc/cni/net.d", directories };
  const installed = await run("cni install", { terminal: "stdout and stderr" });
  const own = { ...usual, effect: "done", plugins: ["landfall"] };
  expect(installed.ports.calls).toEqual([["installed", own]]);
  expect(installed.exitCode).toBe(0);
  expect(installed.errors).toContain("landfall daemon");
  const chosen = "cni install --replace static --replace macvlan --bin-dir /b --conf-dir /c";
  const moved = await run(`${chosen} --state-dir /s --run-dir /r --dry-run`);
  expect(moved.ports.calls).toEqual([
    [
      "installed",
      {
        effect: "dry-run",
        ...{ binDirectory: "/b", confDirectory: "/c" },
        plugins: ["macvlan", "landfall", "static"],
        directories: { runDirectory: "/r", stateDirectory: "/s" },
      },
    ],
  ]);
  const all = await run("cni install --replace all");
  const names = ["macvlan", "ipvlan", "vlan", "landfall", "host-local", "static"];
  expect(all.ports.calls).toEqual([["installed", { ...own, plugins: names }]]);
  const removed = await run("cni uninstall --format json");
  expect(removed.ports.calls).toEqual([["uninstalled", own]]);
  expect(JSON.parse(removed.out).install).toMatchObject({ subject: "cni", event: "uninstalled" });
});

test("plugins that are none, and directories that depend on where one stands, are refused", async () => {
  for (const wrong of ["--replace bridge", "--replace landfall", "--bin-dir b", "--conf-dir ."]) {
    const { exitCode, ports } = await run(`cni install ${wrong}`);
    expect([wrong, exitCode, ports.calls]).toEqual([wrong, 2, []]);
  }
});

describe("a command that fails", () => {
  test("writes words to stderr and exits with the problem's code", async () => {
    const { exitCode, out, errors } = await run("net inspect lna");
    expect([exitCode, out]).toEqual([5, ""]);
    expect(errors).toStartWith('error: There is no network "lna"');
  });

  test("writes its problem as JSON to stdout too when that is the format", async () => {
    const { exitCode, out, errors } = await run("net inspect lna --format json");
    expect(exitCode).toBe(5);
    expect(JSON.parse(out).problem.code).toBe("LF-NETWORK-MISSING");
    expect(errors).toContain("LF-NETWORK-MISSING");
  });

  test.each([
    "net lss --format json",
    "--format=jsonl net ls --mtu",
    "--format table net --format jsonl x",
  ])("does so even when the command line is wrong: %s", async (line) => {
    const { exitCode, out } = await run(line);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out).problem.code).toBe("LF-USAGE");
  });

  test("exits with 4 when it is not permitted", async () => {
    const openHost = async () =>
      err(notPermitted({ action: "open", errno: "EPERM", command: undefined }));
    expect((await run("net ls", { openHost })).exitCode).toBe(4);
  });
});

describe("a sandbox", () => {
  test("is open while the engine works on it, and closed before the host", async () => {
    const { ports } = await run("attach lan --netns web --ip 10.0.0.9 --name web");
    const [attach, ...rest] = ports.calls;
    expect(attach).toMatchObject([
      "attach",
      {
        network: "lan",
        sandbox: { path: "/run/netns/web" },
        ifname: "eth0",
        addresses: ["10.0.0.9"],
        workload: "web",
      },
    ]);
    expect(rest).toEqual([["close", "/run/netns/web"], ["close host"]]);
  });

  test("of a container is asked for by its name", async () => {
    const { ports } = await run("attach lan --container web");
    expect(ports.calls).toMatchObject([
      ["attach", { sandbox: { path: "/containers/web" } }],
      ["close", "/containers/web"],
      ["close host"],
    ]);
    const detached = await run("detach --container web --ifname net1");
    expect(detached.ports.calls[0]).toMatchObject([
      "detach",
      { kind: "owner", sandbox: { path: "/containers/web" }, ifname: "net1" },
    ]);
  });

  test("is needed to detach by owner, and not to detach by id", async () => {
    const byOwner = await run("detach --pid 7 --ifname net1");
    expect(byOwner.ports.calls).toMatchObject([
      ["detach", { kind: "owner", sandbox: { path: "/proc/7/ns/net" }, ifname: "net1" }],
      ["close", "/proc/7/ns/net"],
      ["close host"],
    ]);
    const byId = await run("detach ep-1");
    expect(byId.ports.calls).toEqual([["detach", { kind: "id", id: "ep-1" }], ["close host"]]);
  });

  test.each([
    ["/x/ENOENT", 5, "LF-SANDBOX-MISSING"],
    ["/x/ENOTDIR", 5, "LF-SANDBOX-MISSING"],
    ["/x/ESRCH", 5, "LF-SANDBOX-MISSING"],
    ["/x/EINVAL", 5, "LF-SANDBOX-NOT-NETNS"],
    ["/x/EACCES", 4, "LF-NOT-PERMITTED"],
    ["/x/EPERM", 4, "LF-NOT-PERMITTED"],
    ["/x/EMFILE", 5, "LF-KERNEL-REFUSED"],
  ])("that cannot be opened is a problem: %s", async (path, exitCode, code) => {
    for (const command of ["attach lan", "detach"]) {
      const result = await run(`${command} --netns ${path}`);
      expect(result.exitCode).toBe(exitCode);
      expect(result.errors).toContain(code);
      expect(result.errors).toContain(path);
      expect(result.ports.calls).toEqual([["close host"]]);
    }
  });
});

test("an endpoint is found by its id, or a near one is named", async () => {
  expect((await run("endpoint inspect ep-0000000001 -q")).out).toBe("ep-0000000001\n");
  const missing = await run("endpoint inspect ep-0000000002");
  expect(missing.exitCode).toBe(5);
  expect(missing.errors).toContain("Did you mean ep-0000000001?");
});

test("leases are listed, and one is released where it was asked for", async () => {
  expect((await run("lease ls -q")).out).toBe("10.0.0.2\n10.0.0.3\n");
  const { out, ports } = await run("lease release 10.0.0.3 --segment eth0");
  expect(out).toBe("10.0.0.3\n");
  expect(ports.calls[0]).toMatchObject(["release", { address: "10.0.0.3", segment: "eth0" }]);
});

test("the engine gets the network that was described", async () => {
  const { ports } = await run("net create lan --parent eth0 --subnet 10.0.0.0/24");
  expect(ports.calls[0]).toMatchObject(["create", { name: "lan", parent: "eth0" }]);
});

describe("a lab", () => {
  const failed: LabReport = {
    scenarios: passedLab.scenarios.map((scenario) => ({ ...scenario, status: "fail" })),
  };
  const skipped: LabReport = {
    scenarios: passedLab.scenarios.map((scenario) => ({ ...scenario, status: "skip" })),
  };

  test("gets its files and how to run them, and never opens the host", async () => {
    const how = "--kernel host --door docker --docker-root /opt/engine";
    const { ports, exitCode } = await run(`lab run a.yaml b.yaml ${how}`);
    expect(exitCode).toBe(0);
    expect(ports.calls).toEqual([
      ["run", ["a.yaml", "b.yaml"], { kernel: "host", door: "docker", dockerRoot: "/opt/engine" }],
    ]);
  });

  test.each([
    ["demo", passedLab, 0],
    ["demo", failed, 1],
    ["demo", skipped, 4],
    ["lab run a", passedLab, 0],
    ["lab run a", failed, 1],
    ["lab run a", skipped, 0],
  ] as const)("%s exits by its checks", async (line, report, exitCode) => {
    const lab = { demo: async () => ok(report), run: async () => ok(report) };
    expect((await run(line, { lab })).exitCode).toBe(exitCode);
  });

  test("exits by its problem when it cannot run", async () => {
    const problem = networkMissing({ network: "x", known: [], nearest: undefined });
    expect((await run("demo", { lab: { demo: async () => err(problem) } })).exitCode).toBe(5);
  });

  test("tells its progress on stderr, unless a program reads or nobody wants it", async () => {
    expect((await run("demo")).errors).toBe("  up in 0.4 s: 1 switch, 1 host\n");
    for (const line of ["demo -q", "demo --format json", "demo --format jsonl"]) {
      expect((await run(line)).errors).toBe("");
    }
  });
});

test("any command line ends with an agreed exit code, and JSON is JSON", async () => {
  const vocabulary = [
    "demo",
    "lab",
    "run",
    "net",
    "create",
    "ls",
    "inspect",
    "rm",
    "attach",
  ].concat(
    ["detach", "endpoint", "completion", "help", "bash", "lan", "eth0", "web", "--", "-", "-q"],
    ["--help", "--version", "--format", "json", "--format=json", "--netns", "--pid", "7", "--ip"],
    ["--parent", "--subnet", "10.0.0.0/24", "--state-dir", "--kernel", "uml", "--internal", "-h"],
  );
  const arg = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...vocabulary) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(arg, { maxLength: 9 }), async (argv) => {
      const ports = new FakePorts();
      const exitCode = await runCli(argv, ports);
      expect([0, 1, 2, 3, 4, 5]).toContain(exitCode);
      expect(ports.errors).not.toContain("\u001b");
      if (exitCode === 0) return;
      expect(ports.errors).toStartWith("error: ");
      if (ports.out !== "") expect(JSON.parse(ports.out).schemaVersion).toBe(1);
    }),
    { numRuns: 300 },
  );
}, 30_000);
