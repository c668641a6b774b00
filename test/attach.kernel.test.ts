import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Ip, type Mac, parseIp, parseMac, parsePrefix } from "../src/addr/index.ts";
import {
  checkNetwork,
  type IfName,
  type NetworkName,
  type NetworkWish,
  type StoreSalt,
  type StoreUuid,
  type WorkloadName,
} from "../src/domain/index.ts";
import { type AttachRequest, type Engine, openEngine } from "../src/engine/index.ts";
import type { NetnsHandle, Platform } from "../src/platform/index.ts";
import { memoryStore, type Store } from "../src/store/index.ts";
import { walkRefusals } from "./support/fault-walk.ts";
import {
  inside,
  type Lan,
  openLan,
  pathOf,
  pings,
  seenAddresses,
  seenLinks,
  seenState,
  tryInside,
} from "./support/lan.ts";
import { codeOf, must } from "./support/must.ts";

let lan: Lan;
beforeAll(() => {
  lan = openLan();
});
afterAll(() => lan[Symbol.dispose]());

const UUID = "0f0e0d0c-0000-4000-8000-000000000001" as StoreUuid;

function newStore(): Store {
  return memoryStore({ uuid: UUID, salt: "00" as StoreSalt });
}

function engineOn(store: Store, platform: Platform = lan.platform): Engine {
  return openEngine({ platform, hostNamespace: lan.host, store });
}

function wish(change: Partial<NetworkWish> = {}): NetworkWish {
  return {
    name: "lan" as NetworkName,
    parent: "p0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [must(parsePrefix("10.0.0.0/24")), must(parsePrefix("fd00::/64"))],
    gateways: [must(parseIp("10.0.0.1")), must(parseIp("fd00::1"))],
    ranges: [],
    exclusions: [],
    routes: [],
    reach: "routed",
    ...change,
  };
}

async function engineWithLan(change: Partial<NetworkWish> = {}): Promise<Engine> {
  const engine = engineOn(newStore());
  must(await engine.createNetwork(must(checkNetwork(wish(change)))));
  return engine;
}

function request(netns: NetnsHandle, change: Partial<AttachRequest> = {}): AttachRequest {
  return {
    network: "lan" as NetworkName,
    sandbox: { netns, path: pathOf(netns) },
    ifname: "eth0" as IfName,
    addresses: [],
    ...change,
  };
}

const ip = (text: string): Ip => must(parseIp(text));
const mac = (text: string): Mac => must(parseMac(text));

/** Everything that an attach or detach could leave behind: in the sandbox, and on the parent. */
function seenBoth(sandbox: NetnsHandle): string {
  return `${seenState(sandbox)}\n${inside(lan.host, "bridge", "fdb", "show", "dev", "p0")}`;
}

async function book(store: Store): Promise<unknown> {
  return must(
    await store.transact((tx) => ({
      ok: true,
      value: {
        endpoints: tx.endpoints.all(),
        operations: tx.operations.all(),
        leases: tx.leases.bySegment("p0" as never),
      },
    })),
  );
}

test("an attached sandbox has the link, addresses and routes that were asked for", async () => {
  const engine = await engineWithLan({
    routes: [
      { to: must(parsePrefix("172.16.0.0/16")), via: ip("10.0.0.254") },
      { to: must(parsePrefix("192.0.2.0/24")) },
    ],
  });
  const sandbox = lan.sandbox();
  const { endpoint } = must(
    await engine.attach(
      request(sandbox, {
        addresses: [ip("10.0.0.77"), ip("fd00::77")],
        mac: mac("02:00:00:00:00:77"),
        workload: "web" as WorkloadName,
      }),
    ),
  );
  const [link, ...others] = seenLinks(sandbox);
  expect(others).toEqual([]);
  expect(link).toMatchObject({
    ifname: "eth0",
    address: "02:00:00:00:00:77",
    mtu: 1500,
    ifalias: `landfall:${UUID}:${endpoint.id}`,
    linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
  });
  expect(link?.flags).toContain("UP");
  expect(seenAddresses(sandbox, "eth0")).toEqual(["10.0.0.77/24", "fd00::77/64"]);
  const routes: { dst: string; gateway?: string; scope?: string }[] = JSON.parse(
    inside(sandbox, "ip", "-j", "route", "show"),
  );
  expect(routes).toContainEqual(expect.objectContaining({ dst: "default", gateway: "10.0.0.1" }));
  expect(routes).toContainEqual(
    expect.objectContaining({ dst: "172.16.0.0/16", gateway: "10.0.0.254" }),
  );
  expect(routes).toContainEqual(expect.objectContaining({ dst: "192.0.2.0/24", scope: "link" }));
  const routes6: { dst: string; gateway?: string }[] = JSON.parse(
    inside(sandbox, "ip", "-6", "-j", "route", "show"),
  );
  expect(routes6).toContainEqual(expect.objectContaining({ dst: "default", gateway: "fd00::1" }));
  expect(endpoint.state).toBe("attached");
});

test("endpoints reach each other and the LAN by both IP versions, and the host reaches none", async () => {
  const engine = await engineWithLan();
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  const first = must(await engine.attach(request(a))).endpoint;
  must(await engine.attach(request(b)));
  const [ip4 = "", ip6 = ""] = first.addresses.map((address) => address.split("/")[0]);
  expect(pings(b, ip4)).toBe("reachable");
  expect(pings(b, ip6)).toBe("reachable");
  expect(pings(lan.machine, ip4)).toBe("reachable");
  expect(pings(a, "10.0.0.1")).toBe("reachable");
  expect(pings(a, "fd00::1")).toBe("reachable");
  expect(tryInside(lan.host, "ping", "-n", "-c", "1", "-W", "1", ip4).status).toBe(1);
});

/** As root it insists on becoming another user, and in a user namespace there is none. */
const tcpdumpCanRun = readFileSync("/proc/self/uid_map", "utf8").trim().endsWith("4294967295");

/** What tcpdump sees on the machine's link while `work` goes on. */
async function captured(machine: NetnsHandle, work: () => Promise<void>): Promise<Seen> {
  const tcpdump = ["tcpdump", "-n", "-l", "--immediate-mode", "-i", "m0"];
  const capture = Bun.spawn(["nsenter", `--net=${pathOf(machine)}`, "--", ...tcpdump], {
    stderr: "pipe",
    stdout: "pipe",
  });
  await capture.stderr.getReader().read(); // "listening on m0": nothing is missed from here on.
  await work();
  await Bun.sleep(100);
  capture.kill("SIGINT");
  const lines = (await new Response(capture.stdout).text()).split("\n");
  return { count: (pattern) => lines.filter((line) => pattern.test(line)).length };
}

interface Seen {
  /** How many frames match. */
  count(pattern: RegExp): number;
}

const announced4 = /ARP, Request who-has 10\.0\.0\.88 .*tell 10\.0\.0\.88/;
const announced6 = /> ff02::1: ICMP6, neighbor advertisement, tgt is fd00::88/;
const withBoth = { addresses: [ip("10.0.0.88"), ip("fd00::88")] };

const announcedOnce = "each address is announced once, by ARP and by an unsolicited advertisement";
test.skipIf(!tcpdumpCanRun)(announcedOnce, async () => {
  const engine = await engineWithLan();
  const seen = await captured(lan.machine, async () => {
    must(await engine.attach(request(lan.sandbox(), withBoth)));
    expect(pings(lan.machine, "fd00::88")).toBe("reachable");
  });
  expect([seen.count(announced4), seen.count(announced6)]).toEqual([1, 1]);
});

const comesToLife = "an endpoint on a parent that is down comes to life when that is set up";
test.skipIf(!tcpdumpCanRun)(comesToLife, async () => {
  using dark = openLan();
  inside(dark.host, "ip", "link", "set", "dev", "p0", "down");
  const engine = openEngine({ ...dark, hostNamespace: dark.host, store: newStore() });
  const sandbox = dark.sandbox();
  const empty = seenLinks(sandbox);
  must(await engine.createNetwork(must(checkNetwork(wish()))));
  const first = must(await engine.attach(request(sandbox, withBoth)));
  expect(first.warnings?.map(({ code }) => code)).toEqual(["LF-PARENT-DOWN"]);
  const shown = inside(sandbox, "ip", "address", "show", "dev", "eth0");
  expect(shown).toMatch(/NO-CARRIER[\s\S]*fd00::88\/64 scope global tentative/);
  const detached = await engine.detach({ kind: "id", id: first.endpoint.id });
  expect([codeOf(detached), seenLinks(sandbox)]).toEqual(["done", empty]);
  must(await engine.attach(request(sandbox, withBoth)));
  expect(must(await engine.status()).map(({ kind }) => kind)).toEqual(["parent-down"]);
  const seen = await captured(dark.machine, async () => {
    inside(dark.host, "ip", "link", "set", "dev", "p0", "up");
    expect(pings(dark.machine, "10.0.0.88")).toBe("reachable");
    expect(pings(dark.machine, "fd00::88")).toBe("reachable");
  });
  expect(must(await engine.status())).toEqual([]);
  for (const version of ["-4", "-6"]) {
    const routes = inside(sandbox, "ip", version, "route", "show", "default");
    expect(routes).toContain("default via");
    expect(routes).not.toContain("linkdown");
  }
  // Only what waited for duplicate address detection is still announced.
  expect([seen.count(announced4), seen.count(announced6)]).toEqual([0, 1]);
});

test("detach leaves nothing: no link, no lease, and the address can be asked for again", async () => {
  const store = newStore();
  const engine = engineOn(store);
  must(await engine.createNetwork(must(checkNetwork(wish()))));
  const sandbox = lan.sandbox();
  const before = seenBoth(sandbox);
  const bookBefore = await book(store);
  const again = request(sandbox, { addresses: [ip("10.0.0.60"), ip("fd00::60")] });
  const { endpoint } = must(await engine.attach(again));
  must(await engine.detach({ kind: "id", id: endpoint.id }));
  expect(seenLinks(sandbox)).toEqual([]);
  expect(seenBoth(sandbox)).toBe(before);
  expect(await book(store)).toEqual(bookBefore);
  must(await engine.attach(again));
  const owner = { kind: "owner", sandbox: again.sandbox, ifname: again.ifname } as const;
  must(await engine.detach(owner));
  expect(seenBoth(sandbox)).toBe(before);
});

test("a sandbox that is gone is detached; one that lost its path but lives is not", async () => {
  const engine = await engineWithLan();
  const sandbox = lan.sandbox();
  const gone = must(lan.platform.namespaces.open(pathOf(sandbox)));
  const { endpoint } = must(
    await engine.attach(request(gone, { sandbox: { netns: gone, path: "/nowhere/a" } })),
  );
  expect(codeOf(await engine.detach({ kind: "id", id: endpoint.id }))).toBe(
    "LF-SANDBOX-UNREACHABLE",
  );
  gone.close();
  sandbox.close();
  // The kernel removes a namespace some time after its last user has left.
  const filter = (): string => inside(lan.host, "bridge", "fdb", "show", "dev", "p0");
  const { mac = "" } = endpoint.link;
  for (let i = 0; i < 200 && filter().includes(mac); i++) await Bun.sleep(10);
  expect(codeOf(await engine.detach({ kind: "id", id: endpoint.id }))).toBe("done");
});

test("a second network in one sandbox keeps the default route of the first", async () => {
  const engine = await engineWithLan();
  const sandbox = lan.sandbox();
  must(await engine.attach(request(sandbox)));
  must(await engine.attach(request(sandbox, { ifname: "eth1" as IfName })));
  const routes: { dst: string; dev: string }[] = JSON.parse(
    inside(sandbox, "ip", "-j", "route", "show", "default"),
  );
  expect(routes.map((route) => route.dev)).toEqual(["eth0"]);
  const names = () => seenLinks(sandbox).map((link) => link.ifname);
  expect(names().sort()).toEqual(["eth0", "eth1"]);
  // Where the question of the route to nowhere gets another answer, the list is read.
  inside(sandbox, "ip", "route", "add", "unreachable", "192.0.2.0/24");
  inside(sandbox, "ip", "-6", "route", "add", "2001:db8::/32", "dev", "eth0");
  must(await engine.attach(request(sandbox, { ifname: "eth2" as IfName })));
  expect(inside(sandbox, "ip", "route", "show", "default", "dev", "eth2")).toBe("");
  expect(names().sort()).toEqual(["eth0", "eth1", "eth2"]);
});

test("the same workload gets the same MAC again, another workload another one", async () => {
  const engine = await engineWithLan();
  const sandbox = lan.sandbox();
  const macOf = async (workload: string): Promise<string> => {
    const change = { workload: workload as WorkloadName };
    const { endpoint } = must(await engine.attach(request(sandbox, change)));
    const seen = seenLinks(sandbox)[0]?.address ?? "none";
    must(await engine.detach({ kind: "id", id: endpoint.id }));
    return seen;
  };
  const first = await macOf("web");
  expect(await macOf("web")).toBe(first);
  expect(await macOf("db")).not.toBe(first);
});

test("whichever kernel request of an attach is refused, kernel and book are as before", async () => {
  const store = newStore();
  must(await engineOn(store).createNetwork(must(checkNetwork(wish()))));
  const sandbox = lan.sandbox();
  const before = seenBoth(sandbox);
  const bookBefore = await book(store);
  const walked = await walkRefusals(lan.platform, async (platform, n) => {
    const attached = await engineOn(store, platform).attach(request(sandbox));
    if (attached.ok) {
      must(await engineOn(store).detach({ kind: "id", id: attached.value.endpoint.id }));
      return "passed";
    }
    expect([n, attached.error.facts.errno]).toEqual([n, "ENOMEM"]);
    expect([n, seenBoth(sandbox)]).toEqual([n, before]);
    expect([n, await book(store)]).toEqual([n, bookBefore]);
    return "reached";
  });
  expect(walked).toBeGreaterThan(8);
});

test("whichever kernel request of a detach is refused, the endpoint is attached or gone", async () => {
  const store = newStore();
  const engine = engineOn(store);
  must(await engine.createNetwork(must(checkNetwork(wish()))));
  const sandbox = lan.sandbox();
  const empty = seenBoth(sandbox);
  const walked = await walkRefusals(lan.platform, async (platform, n) => {
    const { endpoint } = must(await engine.attach(request(sandbox)));
    const before = await book(store);
    const detached = await engineOn(store, platform).detach({ kind: "id", id: endpoint.id });
    if (!detached.ok) {
      expect([n, seenLinks(sandbox).length]).toEqual([n, 1]);
      expect([n, await book(store)]).toEqual([n, before]);
      must(await engine.detach({ kind: "id", id: endpoint.id }));
    }
    expect([n, seenBoth(sandbox)]).toEqual([n, empty]);
    return detached.ok ? "passed" : "reached";
  });
  expect(walked).toBeGreaterThan(3);
});
