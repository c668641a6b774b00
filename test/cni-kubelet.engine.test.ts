import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildOwnPlugins, type OwnPlugins } from "./support/cni/own-plugins.ts";
import { type Lan, openLan, pathOf, pings, seenAddresses, seenLinks } from "./support/lan.ts";
import { type Ending, enter, landfall } from "./support/program.ts";

setDefaultTimeout(120_000);

let own: OwnPlugins;
let lan: Lan;
const folder = mkdtempSync(join(tmpdir(), "landfall-cni-"));
beforeAll(async () => {
  own = await buildOwnPlugins();
  lan = openLan();
  mkdirSync(join(folder, "net.d"));
});
afterAll(() => {
  lan[Symbol.dispose]();
  own[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** With state and sockets of the test's own, so that no daemon of the machine is asked. */
function cni(operation: string, ...more: readonly string[]): Promise<Ending> {
  return cniOn("pods", operation, ...more);
}

function cniOn(network: string, operation: string, ...more: readonly string[]): Promise<Ending> {
  const env = ["STATE", "RUN"].map((what) => `LANDFALL_${what}_DIR=${join(folder, what)}`);
  const where = ["--conf-dir", join(folder, "net.d"), "--plugin-dir", own.folder];
  const kept = ["--cache-dir", join(folder, "cache"), "--format", "json"];
  const behind = [...enter(lan.host), "env", ...env];
  return landfall(["cni", "run", operation, network, ...where, ...kept, ...more], behind);
}

function succeeded({ exitCode, stdout, stderr }: Ending): Record<string, unknown> {
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout).cni;
}

function leases(): readonly string[] {
  const path = join(folder, "leases/pods");
  const names = existsSync(path) ? readdirSync(path) : [];
  return names.filter((name) => /^\d+\./.test(name)).toSorted();
}

const subnet = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", gateway: "10.0.0.1" };

function configure(): void {
  const ipam = { type: "host-local", ranges: [[subnet]], dataDir: join(folder, "leases") };
  const plugins = [{ type: "macvlan", master: "p0", ipam }];
  const list = { cniVersion: "1.1.0", name: "pods", plugins };
  writeFileSync(join(folder, "net.d/pods.conflist"), JSON.stringify(list));
}

// What kubelet and its runtime ask in the life of a pod, and what none of them asks yet: STATUS, GC.
test("our plugins in the life of a pod: STATUS, ADD, CHECK, DEL, DEL again, GC", async () => {
  configure();
  const [web, lost] = [lan.sandbox(), lan.sandbox()];
  const pod = ["--container-id", "web"];
  expect(succeeded(await cni("status"))).toEqual({ event: "ready", network: "pods" });
  const { plugins } = succeeded(await cni("versions"));
  expect(plugins).toEqual([
    { type: "macvlan", supported: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] },
  ]);
  const added = succeeded(await cni("add", ...pod, "--netns", pathOf(web)));
  expect(added.result).toMatchObject({ cniVersion: "1.1.0", ips: [{ address: "10.0.0.100/24" }] });
  expect(seenAddresses(web, "eth0")).toEqual(["10.0.0.100/24"]);
  expect(pings(web, "10.0.0.1")).toBe("reachable");
  succeeded(await cni("check", ...pod, "--netns", pathOf(web)));
  succeeded(await cni("add", "--container-id", "lost", "--netns", pathOf(lost)));
  expect(leases()).toEqual(["10.0.0.100", "10.0.0.101"]);

  succeeded(await cni("del", ...pod));
  expect([seenLinks(web), leases()]).toEqual([[], ["10.0.0.101"]]);
  succeeded(await cni("del", ...pod, "--netns", ""));

  // Nobody sends a DEL for this one, and nobody kept its result.
  lost.close();
  rmSync(join(folder, "cache/results"), { recursive: true });
  const { removed } = succeeded(await cni("gc", "--keep-none"));
  expect(removed).toEqual([]);
  expect(leases()).toEqual([]);
});

// A meta-plugin has a pod's second network made like this: one plugin's configuration with its
// wishes inside, the pod's names in CNI_ARGS, and an interface called net1.
test("our plugin makes a second network of a pod, which goes before the first", async () => {
  configure();
  const web = lan.sandbox();
  const pod = ["--container-id", "two", "--netns", pathOf(web)];
  const ipam = { type: "host-local", ranges: [[subnet]], dataDir: join(folder, "second") };
  const wishes = { cni: { ips: ["10.0.0.150"] } };
  const delegate = { cniVersion: "0.3.1", name: "second", type: "macvlan", master: "p0" };
  const capabilities = { mac: true };
  const conf = { ...delegate, mode: "bridge", capabilities, args: wishes, ipam };
  writeFileSync(join(folder, "net.d/second.conf"), JSON.stringify(conf));
  succeeded(await cni("add", ...pod));
  const names = ["K8S_POD_NAMESPACE=default", "K8S_POD_NAME=two", "IgnoreUnknown=true"];
  const args = names.flatMap((pair) => ["--arg", pair]);
  const mac = ["--cap-arg", JSON.stringify({ mac: "02:00:00:00:01:50" })];
  const added = await cniOn("second", "add", ...pod, "--ifname", "net1", ...args, ...mac);
  expect(succeeded(added).result).toMatchObject({
    cniVersion: "0.3.1",
    ips: [{ version: "4", address: "10.0.0.150/24" }],
  });
  expect(seenAddresses(web, "net1")).toEqual(["10.0.0.150/24"]);
  const links = seenLinks(web).map(({ ifname, address }) => [ifname, address]);
  expect(links).toContainEqual(["net1", "02:00:00:00:01:50"]);
  expect(pings(lan.machine, "10.0.0.150")).toBe("reachable");
  succeeded(await cniOn("second", "del", ...pod, "--ifname", "net1"));
  expect(seenLinks(web).map(({ ifname }) => ifname)).toEqual(["eth0"]);
  succeeded(await cni("del", ...pod));
  expect([seenLinks(web), leases()]).toEqual([[], []]);
});
