import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseScenario } from "../src/lab/index.ts";
import { REFERENCE_PLUGINS } from "./support/cni/cni-machine.ts";
import {
  bookedAddresses,
  buildOwnPlugins,
  type OwnPlugins,
  startOwnDaemon,
} from "./support/cni/own-plugins.ts";
import {
  openPodRuntime,
  type Pod,
  type PodNetwork,
  type PodRuntime,
  runtimeKinds,
} from "./support/cni/pods.ts";
import { inside, pings, seenLinks } from "./support/lan.ts";
import { must } from "./support/must.ts";
import { scenarioDirectory } from "./support/scenario-files.ts";

// A runtime and its pods, on a machine that may be busy.
setDefaultTimeout(180_000);

/** The version that every runtime here understands (containerd 1.6 and podman 4.3 end at 1.0.0). */
const list = {
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "macvlan",
      master: "p0",
      mode: "bridge",
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", gateway: "10.0.0.1" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
};

const pods: PodNetwork = { name: list.name, text: JSON.stringify(list), file: "conflist" };

/** The configuration of scenario S25, to the byte. */
function documented(): PodNetwork {
  const path = join(scenarioDirectory, "S25-cni-macvlan.yaml");
  const { hosts } = must(parseScenario(readFileSync(path, "utf8"), path));
  const [network] = hosts[0]?.networks ?? [];
  if (network?.driver !== "macvlan") throw new Error("S25 has no such network");
  return { name: network.name, text: network.cni ?? "", file: "conf" };
}

let own: OwnPlugins;
beforeAll(async () => {
  own = await buildOwnPlugins();
});
afterAll(() => own[Symbol.dispose]());

/** What `ip -j` shows of eth0 in the pod; without its prefix length the address. */
async function look({ inside }: Pod) {
  const told = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await inside("ip", "-j", "-d", ...args);
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const [link] = await told("address", "show", "dev", "eth0");
  const [route] = await told("-4", "route", "show", "default");
  const rows: readonly { family: string; local: string; prefixlen: number }[] = link.addr_info;
  const [first, ...others] = rows.filter(({ family }) => family === "inet");
  expect(others).toEqual([]);
  expect(link.linkinfo?.info_kind).toBe("macvlan");
  expect([first?.prefixlen, route?.gateway]).toEqual([24, "10.0.0.1"]);
  const alias: string | undefined = link.ifalias;
  return { address: first?.local ?? "", alias };
}

async function reaches({ inside }: Pod, address: string): Promise<boolean> {
  return (await inside("ping", "-n", "-c", "3", "-W", "2", address)).status === 0;
}

/** The files of host-local that stand for addresses. */
function leasesOf({ machine }: PodRuntime, network = pods.name): readonly string[] {
  return machine.stateFiles(`cni/networks/${network}`).filter((name) => /^\d+\./.test(name));
}

function expectNothingLeft(runtime: PodRuntime): void {
  expect([leasesOf(runtime), runtime.machine.stateFiles("cni/results")]).toEqual([[], []]);
  expect(seenLinks(runtime.machine.lan.host).map(({ ifname }) => ifname)).toEqual(["p0"]);
}

/** The life of two pods; the addresses that they had. */
async function twoPods(runtime: PodRuntime, names: readonly [string, string]) {
  const { machine } = runtime;
  const [web, db] = [await runtime.start(names[0]), await runtime.start(names[1])];
  const [first, second] = [await look(web), await look(db)];
  expect(leasesOf(runtime)).toEqual([first.address, second.address].toSorted());
  expect(await reaches(web, second.address)).toBe(true);
  expect(await reaches(web, "10.0.0.1")).toBe(true);
  expect(pings(machine.lan.machine, first.address)).toBe("reachable");
  expect(machine.stateFiles("cni/results").filter((it) => it.startsWith(pods.name))).toHaveLength(
    2,
  );
  await web.remove();
  expect(leasesOf(runtime)).toEqual([second.address]);
  expect(await reaches(db, "10.0.0.1")).toBe(true);
  await db.remove();
  expectNothingLeft(runtime);
  return { addresses: [first.address, second.address], aliases: [first.alias, second.alias] };
}

const ours = expect.stringMatching(/^landfall:/);

describe.each(runtimeKinds)("%s", (kind) => {
  let runtime: PodRuntime;
  beforeAll(async () => {
    runtime = await openPodRuntime(kind, REFERENCE_PLUGINS, pods);
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test("control: Debian's plugins put pods on the LAN and leave nothing behind", async () => {
    const { addresses, aliases } = await twoPods(runtime, ["web", "db"]);
    expect([addresses, aliases]).toEqual([
      ["10.0.0.100", "10.0.0.101"],
      [undefined, undefined],
    ]);
  });

  test("ours do the same without a daemon", async () => {
    runtime.machine.usePlugins(own.folder);
    const { addresses, aliases } = await twoPods(runtime, ["web1", "db1"]);
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) expect(address).toMatch(/^10\.0\.0\.1\d\d$/);
    expect(aliases).toEqual([ours, ours]);
    expect(await bookedAddresses(runtime.machine)).toEqual([]);
  });

  test("a pod outlives the change of plugins, in either direction", async () => {
    runtime.machine.usePlugins(REFERENCE_PLUGINS);
    const theirs = await runtime.start("web2");
    const { address } = await look(theirs);
    runtime.machine.usePlugins(own.folder);
    const other = await runtime.start("db2");
    expect((await look(other)).address).not.toBe(address);
    await theirs.remove();
    expect(leasesOf(runtime)).toEqual([(await look(other)).address]);
    runtime.machine.usePlugins(REFERENCE_PLUGINS);
    await other.remove();
    expectNothingLeft(runtime);
  });

  test("ours do it through the daemon, whose book has what the files have", async () => {
    const { machine } = runtime;
    machine.usePlugins(own.folder);
    const program = await startOwnDaemon(machine);
    const web = await runtime.start("web3");
    const { address, alias } = await look(web);
    expect(alias).toEqual(ours);
    expect(await bookedAddresses(machine, program)).toEqual([address]);
    expect(leasesOf(runtime)).toEqual([address]);
    await web.remove();
    expectNothingLeft(runtime);
    expect(await bookedAddresses(machine, program)).toEqual([]);
  });
});

test.each(runtimeKinds)("%s takes the configuration of S25 as it is", async (kind) => {
  const network = documented();
  await using runtime = await openPodRuntime(kind, own.folder, network);
  const { host, machine } = runtime.machine.lan;
  inside(host, "sh", "-c", "ip link set dev p0 down && ip link set dev p0 name enp0s3 up");
  inside(host, "ip", "addr", "add", "192.168.1.10/24", "dev", "enp0s3");
  inside(machine, "ip", "addr", "add", "192.168.1.1/24", "dev", "m0");
  const [web, db] = [await runtime.start("web"), await runtime.start("db")];
  const addressOf = async (pod: Pod): Promise<string> =>
    (await pod.inside("ip", "-4", "-o", "addr", "show", "dev", "eth0")).stdout;
  expect(await addressOf(web)).toContain("inet 192.168.1.100/24 ");
  expect(await addressOf(db)).toContain("inet 192.168.1.101/24 ");
  expect(leasesOf(runtime, network.name)).toEqual(["192.168.1.100", "192.168.1.101"]);
  expect(await reaches(web, "192.168.1.101")).toBe(true);
  expect(pings(machine, "192.168.1.100")).toBe("reachable");
  await web.remove();
  await db.remove();
  expect(leasesOf(runtime, network.name)).toEqual([]);
  expect(seenLinks(host).map(({ ifname }) => ifname)).toEqual(["enp0s3"]);
});
