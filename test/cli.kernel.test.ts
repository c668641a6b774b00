import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsHandle } from "../src/platform/index.ts";
import {
  inside,
  openLan,
  pathOf,
  pings,
  seenAddresses,
  seenLinks,
  seenState,
  settledState,
  tryInside,
} from "./support/lan.ts";
import {
  type Ending,
  enter,
  landfall,
  openProgramHost,
  type ProgramHost,
  problemOf,
} from "./support/program.ts";

// A test is up to a dozen runs of the program, on a machine that may be busy.
setDefaultTimeout(60_000);

/** An endpoint as the contract of the command line says it. */
interface ToldEndpoint {
  readonly id: string;
  readonly network: string;
  readonly sandbox: string;
  readonly ifname: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly gateway?: string;
  readonly state: string;
}

function succeeded({ exitCode, stdout, stderr }: Ending): unknown {
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

function endpointOf(ending: Ending): ToldEndpoint {
  return (succeeded(ending) as { endpoint: ToldEndpoint }).endpoint;
}

function createLan(host: ProgramHost): Promise<Ending> {
  const options = ["--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1"];
  return host.run("net", "create", "lan", "--parent", "p0", ...options);
}

/** A process in the sandbox, for --pid. */
function processIn(netns: NetnsHandle): Disposable & { readonly pid: string } {
  const child = Bun.spawn([...enter(netns), "sleep", "300"], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  // nsenter is the process until it has become sleep; its namespace counts from then on.
  const deadline = Date.now() + 5000;
  while (tryInside(netns, "readlink", `/proc/${child.pid}/ns/net`).stdout !== here(netns)) {
    if (Date.now() > deadline) throw new Error("the process did not enter the sandbox");
  }
  return { pid: String(child.pid), [Symbol.dispose]: () => child.kill("SIGKILL") };
}

function here(netns: NetnsHandle): string {
  return inside(netns, "readlink", "/proc/self/ns/net");
}

test("a network lives from net create to net rm", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  using inB = processIn(b);
  const emptyStates = [seenState(a), seenState(b)];

  expect(succeeded(await createLan(host))).toMatchObject({
    schemaVersion: 1,
    network: { name: "lan", driver: "macvlan", mode: "bridge", parent: "p0", endpoints: [] },
  });
  const wish = ["--ip", "10.0.0.40", "--mac", "02:00:00:00:00:40", "--name", "web"];
  const byPath = await host.run("attach", "lan", "--netns", pathOf(a), ...wish);
  expect(succeeded(byPath)).toMatchObject({
    schemaVersion: 1,
    endpoint: {
      id: expect.stringMatching(/^ep-[a-z0-9]+$/),
      network: "lan",
      sandbox: pathOf(a),
      ifname: "eth0",
      mac: "02:00:00:00:00:40",
      addresses: ["10.0.0.40/24"],
      gateway: "10.0.0.1",
      state: "attached",
    },
  });
  const first = endpointOf(byPath);
  const second = endpointOf(await host.run("attach", "lan", "--pid", inB.pid, "--ifname", "net7"));
  expect(second).toMatchObject({ sandbox: `/proc/${inB.pid}/ns/net`, ifname: "net7" });

  // What the program says is what the kernel has.
  for (const [sandbox, told] of [[a, first] as const, [b, second] as const]) {
    expect(seenLinks(sandbox)).toMatchObject([
      {
        ifname: told.ifname,
        address: told.mac,
        ifalias: expect.stringMatching(new RegExp(`^landfall:[0-9a-f-]{36}:${told.id}$`)),
        linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
      },
    ]);
    expect(seenAddresses(sandbox, told.ifname)).toEqual(told.addresses);
    const routes = JSON.parse(inside(sandbox, "ip", "-j", "route", "show", "default"));
    expect(routes).toMatchObject([{ gateway: "10.0.0.1", dev: told.ifname }]);
  }
  const addressOfB = second.addresses[0]?.split("/")[0] ?? "none";
  expect(pings(a, addressOfB)).toBe("reachable");
  expect(pings(b, "10.0.0.40")).toBe("reachable");
  expect(pings(lan.machine, addressOfB)).toBe("reachable");
  expect(pings(b, "10.0.0.1")).toBe("reachable");
  expect(tryInside(lan.host, "ping", "-n", "-c", "1", "-W", "1", "10.0.0.40").status).toBe(1);

  const listed = succeeded(await host.run("endpoint", "ls")) as { endpoints: ToldEndpoint[] };
  expect(listed).toMatchObject({ schemaVersion: 1 });
  const byId = (x: ToldEndpoint, y: ToldEndpoint): number => (x.id < y.id ? -1 : 1);
  expect(listed.endpoints.toSorted(byId)).toEqual([first, second].toSorted(byId));
  const inspected = succeeded(await host.run("net", "inspect", "lan"));
  const { network } = inspected as { network: { endpoints: string[] } };
  expect(network.endpoints.toSorted()).toEqual([first.id, second.id].toSorted());

  expect(endpointOf(await host.run("detach", first.id)).id).toBe(first.id);
  expect(seenState(a)).toBe(emptyStates[0] ?? "");
  const detached = await host.run("detach", "--pid", inB.pid, "--ifname", "net7");
  expect(endpointOf(detached).id).toBe(second.id);
  expect(seenState(b)).toBe(emptyStates[1] ?? "");
  expect(succeeded(await host.run("net", "rm", "lan"))).toMatchObject({ network: { name: "lan" } });
  expect(succeeded(await host.run("net", "ls"))).toEqual({ schemaVersion: 1, networks: [] });
  expect(succeeded(await host.run("endpoint", "ls"))).toEqual({ schemaVersion: 1, endpoints: [] });
  expect(host.book()).toMatchObject({ networks: [], endpoints: [], leases: [], operations: [] });
});

test("attaches that run at the same time get different addresses and links", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  succeeded(await createLan(host));
  const sandboxes = Array.from({ length: 4 }, lan.sandbox);
  const endings = await Promise.all(
    sandboxes.map((sandbox) => host.run("attach", "lan", "--netns", pathOf(sandbox))),
  );
  const told = endings.map(endpointOf);
  expect(new Set(told.flatMap(({ addresses }) => addresses)).size).toBe(4);
  expect(new Set(told.map(({ mac }) => mac)).size).toBe(4);
  const seen = sandboxes.flatMap((sandbox) => seenAddresses(sandbox, "eth0"));
  expect(seen).toEqual(told.flatMap(({ addresses }) => addresses));
});

test("of two attaches at the same time for one link name, one wins", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  succeeded(await createLan(host));
  const sandbox = lan.sandbox();
  const attach = (): Promise<Ending> => host.run("attach", "lan", "--netns", pathOf(sandbox));
  const endings = await Promise.all([attach(), attach()]);
  const winners = endings.filter(({ exitCode }) => exitCode === 0);
  expect(winners.length).toBe(1);
  const [loser] = endings.filter(({ exitCode }) => exitCode !== 0);
  expect(loser?.exitCode).toBe(5);
  expect(seenLinks(sandbox).map(({ ifname }) => ifname)).toEqual(["eth0"]);
  expect(host.book()).toMatchObject({ operations: [], leases: [{}], endpoints: [{}] });
});

test("a second attach needs a link name of its own", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  succeeded(await createLan(host));
  const sandbox = lan.sandbox();
  succeeded(await host.run("attach", "lan", "--netns", pathOf(sandbox)));
  const before = [await settledState(sandbox), host.book()];
  const again = await host.run("attach", "lan", "--netns", pathOf(sandbox));
  expect([again.exitCode, problemOf(again)]).toMatchObject([
    5,
    { code: "LF-IFNAME-TAKEN", command: "ip link show dev eth0" },
  ]);
  expect([seenState(sandbox), host.book()]).toEqual(before);
  succeeded(await host.run("attach", "lan", "--netns", pathOf(sandbox), "--ifname", "eth1"));
  expect(
    seenLinks(sandbox)
      .map(({ ifname }) => ifname)
      .toSorted(),
  ).toEqual(["eth0", "eth1"]);
});

test("what is detached cannot be detached again", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  succeeded(await createLan(host));
  const sandbox = lan.sandbox();
  const { id } = endpointOf(await host.run("attach", "lan", "--netns", pathOf(sandbox)));
  succeeded(await host.run("detach", "--netns", pathOf(sandbox)));
  for (const target of [[id], ["--netns", pathOf(sandbox)]]) {
    const again = await host.run("detach", ...target);
    expect([again.exitCode, problemOf(again)?.code]).toEqual([5, "LF-ENDPOINT-MISSING"]);
  }
});

test("the state is that of the directory, which an option or a variable names", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  using other = openProgramHost(lan.host);
  succeeded(await createLan(host));
  expect(succeeded(await other.run("net", "ls"))).toEqual({ schemaVersion: 1, networks: [] });
  const variable = `LANDFALL_STATE_DIR=${host.stateDirectory}`;
  const named = await landfall(["net", "ls", "-q"], [...enter(lan.host), "env", variable]);
  expect(named).toEqual({ exitCode: 0, stdout: "lan\n", stderr: "" });
});

test("-q writes names and ids, one a line, and a table has a heading", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  const quietly = (...args: readonly string[]): Promise<Ending> =>
    landfall([...args, "--state-dir", host.stateDirectory], enter(lan.host));
  succeeded(await createLan(host));
  const sandbox = lan.sandbox();
  const attached = await quietly("attach", "lan", "--netns", pathOf(sandbox), "-q");
  expect(attached.stdout).toMatch(/^ep-[a-z0-9]+\n$/);
  expect((await quietly("endpoint", "ls", "-q")).stdout).toBe(attached.stdout);
  const table = await quietly("endpoint", "ls");
  expect(table.stdout.split("\n")[0]).toMatch(/^ENDPOINT +NETWORK +IFNAME +ADDRESS +MAC +STATE/);
  expect(table.stdout).toContain(seenLinks(sandbox)[0]?.address ?? "no link");
  // No terminal: no colours, and no words beside the data.
  expect(table.stdout).not.toContain("\u001b");
  expect(table.stderr).toBe("");
  const detached = await quietly("detach", attached.stdout.trim(), "-q");
  expect(detached).toEqual({ exitCode: 0, stdout: attached.stdout, stderr: "" });
});

test("a refusal is one JSON object for programs, and words on stderr", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  const refused = await host.run("net", "rm", "lan");
  expect(JSON.parse(refused.stdout)).toEqual({
    schemaVersion: 1,
    problem: {
      code: "LF-NETWORK-MISSING",
      title: "No such network",
      detail: expect.stringContaining('"lan"'),
      remedy: expect.stringContaining("landfall net create"),
      command: "landfall net ls",
      retryable: false,
    },
  });
  expect(refused.stderr).toContain("LF-NETWORK-MISSING");
});

test("detaching an endpoint whose sandbox is gone frees its address", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  succeeded(await createLan(host));
  const wish = ["--ip", "10.0.0.60", "--mac", "02:00:00:00:00:60"];
  const sandbox = lan.sandbox();
  const { id } = endpointOf(await host.run("attach", "lan", "--netns", pathOf(sandbox), ...wish));
  sandbox.close();
  const filter = (): string => inside(lan.host, "bridge", "fdb", "show", "dev", "p0");
  for (let i = 0; i < 300 && filter().includes("02:00:00:00:00:60"); i++) await Bun.sleep(10);
  succeeded(await host.run("detach", id));
  const next = await host.run("attach", "lan", "--netns", pathOf(lan.sandbox()), ...wish);
  expect(endpointOf(next).addresses).toEqual(["10.0.0.60/24"]);
});

test("a command on the host loads nothing that only labs need", () => {
  using lan = openLan();
  const program = [process.execPath, join(import.meta.dirname, "../src/main.ts")];
  const directory = mkdtempSync(join(tmpdir(), "landfall-loaded-"));
  const command = [...program, "net", "ls", "--state-dir", directory];
  const calls = inside(
    lan.host,
    "sh",
    "-c",
    'exec strace -f -e trace=open,openat "$@" 2>&1',
    "-",
    ...command,
  );
  rmSync(directory, { recursive: true });
  // What is loaded shows: the engine of the host does.
  expect(calls).toContain("src/engine/open-engine.ts");
  const heavy = ["src/lab/run-lab.ts", "node_modules/zod", "node_modules/yaml"];
  expect(heavy.filter((path) => calls.includes(path))).toEqual([]);
});
