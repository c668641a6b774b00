/** IPAM `dhcp` as it is in the field: Go plugins and their daemon, and a DHCP server on the LAN. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CniSite, openCniSite } from "./support/cni-site.ts";
import { rootOf } from "./support/docker-engine.ts";
import {
  inside,
  type Lan,
  openLan,
  pathOf,
  pings,
  seenAddresses,
  seenLinks,
} from "./support/lan.ts";
import { must } from "./support/must.ts";

const UP_WITHIN_MS = 10_000;

/** Where the reference plugins are: those of the machine's Debian, or of its next release. */
let plugins = "";
let directory = "";
let lan: Lan;
let cni: CniSite;
const running: Bun.Subprocess[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "lf-dhcp-"));
  lan = openLan();
  cni = openCniSite(lan.platform, lan.host);
  await startServer();
  await startDaemon();
});

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill();
    await program.exited;
  }
  cni[Symbol.dispose]();
  lan[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

const socketPath = () => join(directory, "dhcp.sock");
const daemonLog = () => join(directory, "dhcp.log");
const leasesPath = () => join(directory, "leases");

/** dnsmasq on the LAN, with a router to tell of. */
async function startServer(): Promise<void> {
  const log = join(directory, "dnsmasq.log");
  const words = [
    ...["dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--no-resolv"],
    ...["--user=root", `--pid-file=${join(directory, "dnsmasq.pid")}`, "--interface=m0"],
    ...["--dhcp-range=10.0.0.100,10.0.0.109,2m", "--dhcp-option=option:router,10.0.0.1"],
    ...["--dhcp-sequential-ip", "--no-ping", `--dhcp-leasefile=${leasesPath()}`],
    `--log-facility=${log}`,
  ];
  running.push(Bun.spawn(["nsenter", `--net=${pathOf(lan.machine)}`, "--", ...words]));
  await until(() => existsSync(log) && readFileSync(log, "utf8").includes("started"));
}

async function startDaemon(): Promise<void> {
  const words = [join(plugins, "dhcp"), "daemon", "-socketpath", socketPath()];
  running.push(Bun.spawn(words, { stdio: ["ignore", "ignore", Bun.file(daemonLog())] }));
  await until(() => existsSync(socketPath()));
}

/** The one that was started last. */
async function endDaemon(): Promise<void> {
  const away = running.pop();
  away?.kill();
  await away?.exited;
  rmSync(socketPath(), { force: true });
}

async function until(met: () => boolean): Promise<void> {
  for (const deadline = Date.now() + UP_WITHIN_MS; !met(); await Bun.sleep(10)) {
    if (Date.now() > deadline) throw new Error("it did not come up");
  }
}

const config = () => ({
  ...{ cniVersion: "1.0.0", name: "leased", type: "macvlan", master: "p0" },
  ipam: { type: "dhcp", daemonSocketPath: socketPath() },
});
const run = (command: string, pod: Readonly<Record<string, string>>, what: object = config()) =>
  cni.run("macvlan", command, what, { CNI_PATH: plugins, ...pod });
const done = { exitCode: 0, stdout: "" } as const;

/** "MAC ADDRESS" of what the server has given. */
const leased = () =>
  readFileSync(leasesPath(), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" ").slice(1, 3).join(" "));

describe("with the plugin of Debian", () => {
  beforeAll(() => {
    plugins = "/usr/lib/cni";
  });

  test("a pod gets its address from the LAN's DHCP server, and gives it back", async () => {
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    const added = await run("ADD", pod);
    const result = JSON.parse(added.stdout);
    const [link] = seenLinks(netns).filter(({ ifname }) => ifname === "eth0");
    expect(result).toEqual({
      cniVersion: "1.0.0",
      interfaces: [{ name: "eth0", mac: link?.address, mtu: 1500, sandbox: pathOf(netns) }],
      ips: [{ address: "10.0.0.100/24", gateway: "10.0.0.1", interface: 0 }],
      routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }],
    });
    expect(seenAddresses(netns, "eth0")).toEqual(["10.0.0.100/24"]);
    expect(inside(netns, "ip", "route", "show", "default")).toContain("via 10.0.0.1 dev eth0");
    expect(pings(netns, "10.0.0.1")).toBe("reachable");
    expect(leased()).toEqual([`${link?.address} 10.0.0.100`]);
    // The book has it too: nobody else on the segment is given it.
    const rival = {
      ...{ ...config(), name: "fixed" },
      ipam: { type: "static", addresses: [{ address: "10.0.0.100/24" }] },
    };
    expect((await run("ADD", cni.pod("pod2", lan.sandbox()), rival)).exitCode).toBe(1);
    const later = { ...config(), prevResult: result };
    expect(await run("CHECK", pod, later)).toEqual(done);
    expect(await run("DEL", pod, later)).toEqual(done);
    expect(seenLinks(netns)).toEqual([]);
    await until(() => leased().length === 0);
    expect(await run("DEL", pod, later)).toEqual(done);
  }, 30_000);

  test("a link that somebody deleted comes back with what it leased, and gives it back then", async () => {
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    const { ips } = JSON.parse((await run("ADD", pod)).stdout);
    const look = () => [
      seenLinks(netns).map(({ ifname, address }) => `${ifname} ${address}`),
      seenAddresses(netns, "eth0"),
      inside(netns, "ip", "route", "show", "default").trim(),
    ];
    const before = look();
    inside(netns, "ip", "link", "delete", "eth0");
    expect(must(await cni.engine.reconcile()).map(({ finding }) => finding.kind)).toEqual([
      "link-missing",
    ]);
    expect(look()).toEqual(before);
    expect(pings(netns, "10.0.0.1")).toBe("reachable");
    expect(leased()).toEqual([
      `${String(before[0]).split(" ")[1]} ${ips[0].address.split("/")[0]}`,
    ]);
    expect(await run("DEL", pod)).toEqual(done);
    expect(seenLinks(netns)).toEqual([]);
    await until(() => leased().length === 0);
  }, 30_000);

  test("with the plugin's daemon away nothing stays, and a DEL takes the link all the same", async () => {
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    expect((await run("ADD", pod)).exitCode).toBe(0);
    const away = running.pop();
    away?.kill();
    await away?.exited;
    rmSync(socketPath(), { force: true });
    expect((await run("DEL", pod)).exitCode).toBe(1);
    expect(seenLinks(netns)).toEqual([]);
    expect((await run("ADD", pod)).exitCode).toBe(1);
    expect(seenLinks(netns)).toEqual([]);
    // With it back, the same calls work.
    await startDaemon();
    expect(await run("DEL", pod)).toEqual(done);
    expect((await run("ADD", pod)).exitCode).toBe(0);
    expect(seenAddresses(netns, "eth0")).toHaveLength(1);
  }, 30_000);
});

/**
 * Debian's plugin knows no version that has GC. This one sends what it releases from 0.0.0.0, which
 * dnsmasq does not hear: so what it did is in its daemon's log alone.
 */
describe("with the plugin of the next Debian", () => {
  beforeAll(async () => {
    plugins = join(await rootOf("next"), "usr/lib/cni");
  });
  const collect = (valid: readonly string[]) => {
    const list = valid.map((containerID) => ({ containerID, ifname: "eth0" }));
    const nobody = { CNI_CONTAINERID: "", CNI_IFNAME: "", CNI_NETNS: "" };
    const asked = { ...config(), cniVersion: "1.1.0", "cni.dev/valid-attachments": list };
    return run("GC", nobody, asked);
  };
  /** Pods whose lease its daemon gave back. */
  const released = () =>
    [...readFileSync(daemonLog(), "utf8").matchAll(/(\S+)\/leased\/eth0: releasing lease/g)].map(
      ([, pod]) => pod,
    );

  test("a GC gives back what pods leased that are gone, and nothing else", async () => {
    const [alive, stale] = [lan.sandbox(), lan.sandbox()];
    for (const [name, netns] of Object.entries({ alive, stale })) {
      expect((await run("ADD", cni.pod(name, netns))).exitCode).toBe(0);
    }
    expect(await collect(["alive"])).toEqual(done);
    expect(seenLinks(stale)).toEqual([]);
    expect(pings(alive, "10.0.0.1")).toBe("reachable");
    expect(released()).toEqual(["stale"]);
  }, 30_000);

  test("a GC ends a pod's namespace that nothing but the plugin's daemon keeps", async () => {
    const gone = lan.sandbox();
    expect((await run("ADD", cni.pod("gone", gone))).exitCode).toBe(0);
    gone[Symbol.dispose]();
    expect(await collect([])).toEqual(done);
    expect(must(await cni.engine.attachments.list())).toEqual([]);
    expect(released()).toEqual(["gone"]);
  }, 30_000);

  test("a GC keeps in the book what could not be given back, for the next one", async () => {
    const gone = lan.sandbox();
    expect((await run("ADD", cni.pod("gone", gone))).exitCode).toBe(0);
    await endDaemon();
    gone[Symbol.dispose]();
    const kept = async () => must(await cni.engine.attachments.list()).map(({ key }) => key);
    expect(JSON.parse((await collect([])).stdout).msg).toContain(socketPath());
    expect(await kept()).toHaveLength(1);
    await startDaemon();
    expect(await collect([])).toEqual(done);
    expect(await kept()).toEqual([]);
  }, 30_000);
});
