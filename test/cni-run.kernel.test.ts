import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetnsHandle } from "../src/platform/index.ts";
import {
  inside,
  type Lan,
  openLan,
  pathOf,
  pings,
  seenAddresses,
  seenLinks,
} from "./support/lan.ts";
import { type Ending, enter, landfall, problemOf } from "./support/program.ts";

// A test is up to a dozen runs of the program, on a machine that may be busy.
setDefaultTimeout(60_000);

/** The reference plugins of Debian 12 (package containernetworking-plugins). */
const PLUGINS = "/usr/lib/cni";

let lan: Lan;
let folder: string;
beforeEach(() => {
  lan = openLan();
  folder = mkdtempSync(join(tmpdir(), "landfall-cni-"));
  mkdirSync(join(folder, "net.d"));
});
afterEach(() => {
  lan[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const subnet = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", gateway: "10.0.0.1" };
const hostLocal = (): object => ({
  type: "host-local",
  ranges: [[subnet]],
  routes: [{ dst: "0.0.0.0/0" }],
  dataDir: join(folder, "leases"),
});
const macvlan = (): object => ({
  type: "macvlan",
  master: "p0",
  mode: "bridge",
  ipam: hostLocal(),
});

function conf(plugins: readonly object[], change: object = {}): void {
  const list = { cniVersion: "1.0.0", name: "pods", plugins, ...change };
  writeFileSync(join(folder, "net.d/10-pods.conflist"), JSON.stringify(list));
}

/** `landfall cni run` on the host of the LAN. */
function cni(operation: string, ...more: readonly string[]): Promise<Ending> {
  const where = ["--conf-dir", join(folder, "net.d"), "--plugin-dir", PLUGINS];
  const kept = ["--cache-dir", join(folder, "cache"), "--format", "json"];
  return landfall(["cni", "run", operation, "pods", ...where, ...kept, ...more], enter(lan.host));
}

function pod(netns: NetnsHandle, id = "web"): readonly string[] {
  return ["--netns", pathOf(netns), "--container-id", id];
}

function succeeded({ exitCode, stdout, stderr }: Ending): Record<string, unknown> {
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout).cni;
}

function namesIn(...path: readonly string[]): readonly string[] {
  const directory = join(folder, ...path);
  return existsSync(directory) ? readdirSync(directory).toSorted() : [];
}

const leases = (): readonly string[] => namesIn("leases/pods").filter((it) => /^\d+\./.test(it));

describe("macvlan with host-local", () => {
  test("add, check and del, seen by ip and ping", async () => {
    conf([macvlan()]);
    const [web, db] = [lan.sandbox(), lan.sandbox()];
    const added = succeeded(await cni("add", ...pod(web)));
    const [link] = seenLinks(web);
    expect(link).toMatchObject({ ifname: "eth0", linkinfo: { info_kind: "macvlan" } });
    expect(seenAddresses(web, "eth0")).toEqual(["10.0.0.100/24"]);
    const mac: string = link?.address ?? "";
    const interfaces = [{ name: "eth0", mac, sandbox: pathOf(web) }];
    expect(added.result).toMatchObject({ interfaces, ips: [{ address: "10.0.0.100/24" }] });
    succeeded(await cni("add", ...pod(db, "db")));
    expect(pings(web, "10.0.0.1")).toBe("reachable");
    expect(pings(web, "10.0.0.101")).toBe("reachable");
    succeeded(await cni("check", ...pod(web)));
    expect(namesIn("cache/results")).toEqual(["pods-db-eth0", "pods-web-eth0"]);

    succeeded(await cni("del", "--container-id", "web"));
    expect([seenLinks(web), leases()]).toEqual([[], ["10.0.0.101"]]);
    expect(namesIn("cache/results")).toEqual(["pods-db-eth0"]);
    succeeded(await cni("del", "--container-id", "web"));
    succeeded(await cni("del", "--container-id", "db", "--netns", ""));
    expect([leases(), namesIn("cache/results")]).toEqual([[], []]);
  });

  test("check tells what was changed", async () => {
    conf([macvlan()]);
    const web = lan.sandbox();
    succeeded(await cni("add", ...pod(web)));
    inside(web, "ip", "addr", "flush", "dev", "eth0");
    const checked = await cni("check", ...pod(web));
    expect(problemOf(checked)?.detail).toContain("macvlan refuses CHECK with code ");
    expect(checked.exitCode).toBe(5);
  });

  test("a second add changes nothing, and says how to go on", async () => {
    conf([macvlan()]);
    const web = lan.sandbox();
    succeeded(await cni("add", ...pod(web)));
    const again = problemOf(await cni("add", ...pod(web)));
    expect(again?.code).toBe("LF-CNI-RUN-ADDED");
    expect([seenAddresses(web, "eth0"), leases()]).toEqual([["10.0.0.100/24"], ["10.0.0.100"]]);
  });

  // macvlan of Debian 12 leaves its link behind where the address was refused.
  test("an add that fails leaves nothing behind, whatever the plugin does", async () => {
    conf([macvlan()]);
    const web = lan.sandbox();
    const refused = await cni("add", ...pod(web), "--arg", "IP=192.0.2.1");
    expect(problemOf(refused)?.code).toBe("LF-CNI-RUN-PLUGIN");
    expect(problemOf(refused)?.detail).toContain("192.0.2.1");
    expect([seenLinks(web), leases(), namesIn("cache/results")]).toEqual([[], [], []]);
  });

  test("gc takes away what has no namespace any more", async () => {
    conf([macvlan()]);
    const [web, db] = [lan.sandbox(), lan.sandbox()];
    succeeded(await cni("add", ...pod(web)));
    succeeded(await cni("add", ...pod(db, "db")));
    db.close();
    const { removed, kept } = succeeded(await cni("gc", "--keep-living"));
    expect([removed, kept]).toEqual([
      [{ containerId: "db", ifname: "eth0" }],
      [{ containerId: "web", ifname: "eth0" }],
    ]);
    expect(leases()).toEqual(["10.0.0.100"]);
    expect(pings(web, "10.0.0.1")).toBe("reachable");
  });
});

test("a list of several plugins: the second sees what the first made", async () => {
  conf([macvlan(), { type: "tuning", mtu: 1400 }]);
  const web = lan.sandbox();
  succeeded(await cni("add", ...pod(web)));
  expect(seenLinks(web)[0]?.mtu).toBe(1400);
  succeeded(await cni("check", ...pod(web)));
  succeeded(await cni("del", "--container-id", "web"));
  expect(seenLinks(web)).toEqual([]);
});

test("capabilities reach the plugins that have them: static and a MAC address", async () => {
  const capabilities = { ips: true, mac: true };
  conf([{ ...macvlan(), capabilities, ipam: { type: "static" } }]);
  const web = lan.sandbox();
  const told = { ips: ["10.0.0.7/24"], mac: "02:00:00:00:00:07" };
  succeeded(await cni("add", ...pod(web), "--cap-arg", JSON.stringify(told)));
  expect(seenAddresses(web, "eth0")).toEqual(["10.0.0.7/24"]);
  expect(seenLinks(web)[0]?.address).toBe("02:00:00:00:00:07");
  expect(pings(web, "10.0.0.1")).toBe("reachable");
});

test("other plugins do, too: bridge, and loopback without addresses", async () => {
  conf([{ type: "bridge", bridge: "br0", isGateway: true, ipam: hostLocal() }]);
  const web = lan.sandbox();
  succeeded(await cni("add", ...pod(web)));
  expect(seenLinks(web)[0]?.linkinfo?.info_kind).toBe("veth");
  succeeded(await cni("del", "--container-id", "web"));
  conf([{ type: "loopback" }], { cniVersion: "0.3.1" });
  const added = succeeded(await cni("add", ...pod(web), "--ifname", "lo"));
  expect(added.result).toMatchObject({ cniVersion: "0.3.1" });
  expect(problemOf(await cni("check", ...pod(web), "--ifname", "lo"))?.code).toBe(
    "LF-CNI-RUN-VERSION",
  );
});

test("versions are those that the plugins of Debian 12 know", async () => {
  conf([macvlan()]);
  const known = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"];
  expect(succeeded(await cni("versions")).plugins).toEqual([{ type: "macvlan", supported: known }]);
  conf([macvlan()], { cniVersion: "1.1.0" });
  const told = problemOf(await cni("versions"));
  expect(told?.code).toBe("LF-CNI-RUN-VERSION");
  const status = problemOf(await cni("status"));
  expect(status?.detail).toContain("macvlan refuses STATUS");
});
