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
import { faultyPlatform, type NetnsHandle, type Platform } from "../src/platform/index.ts";
import { memoryStore, type Store } from "../src/store/index.ts";
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

const announcedOnce = "each address is announced once, by ARP and by an unsolicited advertisement";
test.skipIf(!tcpdumpCanRun)(announcedOnce, async () => {
  const engine = await engineWithLan();
  const tcpdump = ["tcpdump", "-n", "-l", "--immediate-mode", "-i", "m0"];
  const capture = Bun.spawn(["nsenter", `--net=${pathOf(lan.machine)}`, "--", ...tcpdump], {
    stderr: "pipe",
    stdout: "pipe",
  });
  await capture.stderr.getReader().read(); // "listening on m0": nothing is missed from here on.
  const sandbox = lan.sandbox();
  must(await engine.attach(request(sandbox, { addresses: [ip("10.0.0.88"), ip("fd00::88")] })));
  expect(pings(lan.machine, "fd00::88")).toBe("reachable");
  await Bun.sleep(100);
  capture.kill("SIGINT");
  const lines = (await new Response(capture.stdout).text()).split("\n");
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  expect(count(/ARP, Request who-has 10\.0\.0\.88 .*tell 10\.0\.0\.88/)).toBe(1);
  expect(count(/> ff02::1: ICMP6, neighbor advertisement, tgt is fd00::88/)).toBe(1);
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
  for (let i = 0; i < 200 && filter().includes(endpoint.link.mac); i++) await Bun.sleep(10);
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

/** Runs `work` with the n-th kernel request refused, for n = 1, 2, … until it is never reached. */
async function faultWalk(
  work: (platform: Platform, n: number) => Promise<"reached" | "passed">,
): Promise<number> {
  for (let n = 1; n < 200; n++) {
    const platform = faultyPlatform(lan.platform, { failAt: n, errno: "ENOMEM" });
    if ((await work(platform, n)) === "passed") return n - 1;
  }
  throw new Error("the fault walk does not end");
}

test("whichever kernel request of an attach is refused, kernel and book are as before", async () => {
  const store = newStore();
  must(await engineOn(store).createNetwork(must(checkNetwork(wish()))));
  const sandbox = lan.sandbox();
  const before = seenBoth(sandbox);
  const bookBefore = await book(store);
  const walked = await faultWalk(async (platform, n) => {
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
  const walked = await faultWalk(async (platform, n) => {
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
