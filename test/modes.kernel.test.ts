/** The modes of macvlan through the engine, on the real kernel; `ip -j` is the witness. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { type Mac, parsePrefix } from "../src/addr/index.ts";
import {
  checkNetwork,
  type DriverWish,
  type IfName,
  type NetworkName,
  parseDriver,
  type StoreSalt,
  type StoreUuid,
  tapDevice,
} from "../src/domain/index.ts";
import { type AttachRequest, type Engine, openEngine } from "../src/engine/index.ts";
import type { NetnsHandle } from "../src/platform/index.ts";
import { memoryStore } from "../src/store/index.ts";
import {
  inside,
  type Lan,
  openLan,
  pathOf,
  pings,
  seenLinks,
  settledState,
} from "./support/lan.ts";
import { codeOf, must } from "./support/must.ts";

// Pings that get no answer take their time.
setDefaultTimeout(30_000);

const lanName = "lan" as NetworkName;
const [A, B, C] = ["02:00:00:00:0a:01", "02:00:00:00:0a:02", "02:00:00:00:0a:03"] as Mac[];
const peers = (...macs: readonly (Mac | undefined)[]): Mac[] =>
  macs.filter((mac) => mac !== undefined);

function engineOn(lan: Lan): Engine {
  const uuid = "0f0e0d0c-0000-4000-8000-000000000001" as StoreUuid;
  const store = memoryStore({ uuid, salt: "00" as StoreSalt });
  return openEngine({ platform: lan.platform, hostNamespace: lan.host, store });
}

function create(engine: Engine, wish: Omit<DriverWish, "kind">, name: string = lanName) {
  const spec = checkNetwork({
    name: name as NetworkName,
    parent: "p0" as IfName,
    driver: must(parseDriver({ kind: "macvlan", ...wish })),
    subnets: [must(parsePrefix("10.0.0.0/24"))],
    gateways: [],
    ranges: [],
    exclusions: [],
    routes: [],
    reach: "routed",
  });
  return engine.createNetwork(must(spec));
}

function request(netns: NetnsHandle, change: Partial<AttachRequest> = {}): AttachRequest {
  const sandbox = { netns, path: pathOf(netns) };
  return { network: lanName, sandbox, ifname: "eth0" as IfName, addresses: [], ...change };
}

/** Kind, mode and what else `ip` shows of the one link in a sandbox. */
function dataOf(sandbox: NetnsHandle): Readonly<Record<string, unknown>> {
  const [link] = seenLinks(sandbox);
  return { kind: link?.linkinfo?.info_kind, ...link?.linkinfo?.info_data };
}

const listOf = (sandbox: NetnsHandle): unknown =>
  [...((dataOf(sandbox).macaddr_data as string[] | undefined) ?? [])].toSorted();
const macsOf = (netns: NetnsHandle): string[] => seenLinks(netns).map(({ address }) => address);

test.each(["bridge", "private", "vepa"])(
  "a link in mode %s has its queue's length",
  async (mode) => {
    using lan = openLan();
    const engine = engineOn(lan);
    must(await create(engine, { mode, bcQueueLen: 77 }));
    const sandbox = lan.sandbox();
    const view = must(await engine.attach(request(sandbox)));
    expect(view.warnings).toBeUndefined();
    expect(dataOf(sandbox)).toMatchObject({ kind: "macvlan", mode, bcqueuelen: 77 });
  },
);

test("two networks of different mode share a parent, unless one is passthru", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "vepa" }));
  must(await create(engine, { mode: "private" }, "other"));
  const refused = await create(engine, { mode: "passthru" }, "third");
  expect(codeOf(refused)).toBe("LF-PASSTHRU-EXCLUSIVE");
  expect(!refused.ok && refused.error.detail).toMatch(/network (lan|other)/);
  must(await engine.removeNetwork(lanName));
  must(await engine.removeNetwork("other" as NetworkName));
  must(await create(engine, { mode: "passthru" }, "third"));
  expect(codeOf(await create(engine, { mode: "bridge" }))).toBe("LF-PASSTHRU-EXCLUSIVE");
});

test("a passthru endpoint has the parent's MAC, and the host is cut off while it is there", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  const [parent] = macsOf(lan.host);
  const before = await settledState(lan.host);
  const made = must(await create(engine, { mode: "passthru" }));
  const told = made.warnings?.map(({ code, detail }) => `${code} ${detail}`) ?? [];
  expect(told).toEqual([expect.stringContaining("10.0.0.10")]);
  expect(told[0]).toStartWith("LF-PASSTHRU-CUTS-HOST");
  expect(pings(lan.machine, "10.0.0.10")).toBe("reachable");
  const [sandbox, second] = [lan.sandbox(), lan.sandbox()];
  expect(codeOf(await engine.attach(request(sandbox, { mac: peers(A)[0] as Mac })))).toBe(
    "LF-PASSTHRU-MAC",
  );
  const { endpoint, warnings } = must(await engine.attach(request(sandbox)));
  expect(warnings?.map(({ code }) => code)).toEqual(["LF-PASSTHRU-CUTS-HOST"]);
  expect([endpoint.link.mac as string, ...macsOf(sandbox)]).toEqual([`${parent}`, `${parent}`]);
  expect(dataOf(sandbox)).toMatchObject({ kind: "macvlan", mode: "passthru" });
  const [address = ""] = endpoint.addresses;
  inside(lan.machine, "ip", "neigh", "flush", "dev", "m0");
  expect(pings(lan.machine, address.replace("/24", ""))).toBe("reachable");
  expect(pings(lan.machine, "10.0.0.10")).toBe("unreachable");
  const refused = await engine.attach(request(second));
  expect(codeOf(refused)).toBe("LF-PASSTHRU-EXCLUSIVE");
  expect(!refused.ok && refused.error.detail).toContain(endpoint.id);
  expect(seenLinks(second)).toEqual([]);
  must(await engine.detach({ kind: "id", id: endpoint.id }));
  expect(pings(lan.machine, "10.0.0.10")).toBe("reachable");
  expect(await settledState(lan.host)).toBe(before);
});

test("a passthru link that nobody can reach any more still holds its address", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "passthru" }));
  const sandbox = lan.sandbox();
  const lost = { netns: sandbox, path: "/run/netns/lf-lost" };
  const { endpoint } = must(await engine.attach(request(sandbox, { sandbox: lost })));
  const detach = () => engine.detach({ kind: "id", id: endpoint.id });
  expect(codeOf(await detach())).toBe("LF-SANDBOX-UNREACHABLE");
  inside(sandbox, "ip", "link", "del", "dev", "eth0");
  expect(codeOf(await detach())).toBe("done");
});

test("beside a link that Landfall did not make, passthru is refused with the reason", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "passthru" }));
  inside(lan.host, "ip", "link", "add", "mv0", "link", "p0", "type", "macvlan", "mode", "bridge");
  const sandbox = lan.sandbox();
  expect(codeOf(await engine.attach(request(sandbox)))).toBe("LF-PASSTHRU-EXCLUSIVE");
  expect(seenLinks(sandbox)).toEqual([]);
});

test("the list of mode source is what was asked for, and changes on living links", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "source", sources: peers(A, B), flag: "nodst" }));
  const sandboxes = [lan.sandbox(), lan.sandbox()];
  for (const sandbox of sandboxes) must(await engine.attach(request(sandbox)));
  const lists = (): unknown[] => sandboxes.map(listOf);
  expect(lists()).toEqual([peers(A, B), peers(A, B)]);
  const changed = must(await engine.updateNetwork({ name: lanName, sources: peers(C) }));
  expect(changed.network.driver).toEqual({
    kind: "macvlan",
    mode: "source",
    allowedMacs: peers(C),
    flag: "nodst",
  });
  expect(lists()).toEqual([peers(C), peers(C)]);
  expect(dataOf(sandboxes[0] as NetnsHandle)).toMatchObject({ mode: "source", nodst: true });
  must(await engine.updateNetwork({ name: lanName, mode: "bridge" }));
  expect(sandboxes.map(dataOf)).toMatchObject([{ mode: "bridge" }, { mode: "bridge" }]);
  expect(lists()).toEqual([[], []]);
  const late = lan.sandbox();
  must(await engine.attach(request(late)));
  expect(dataOf(late)).toMatchObject({ mode: "bridge" });
});

test("a change of mode changes who is reached, and none goes to or from passthru", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "bridge" }));
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  must(await engine.attach(request(a)));
  const { endpoint } = must(await engine.attach(request(b)));
  const address = `${endpoint.addresses[0]}`.replace("/24", "");
  expect(pings(a, address)).toBe("reachable");
  must(await engine.updateNetwork({ name: lanName, mode: "vepa" }));
  expect(pings(a, address)).toBe("unreachable");
  must(await engine.updateNetwork({ name: lanName, mode: "bridge" }));
  expect(pings(a, address)).toBe("reachable");
  const changes = [
    [{ mode: "passthru" }, "LF-MODE-FIXED"],
    [{ mode: "l2" }, "LF-MODE-UNKNOWN"],
    [{ sources: peers(A) }, "LF-SOURCE-NOT-IN-MODE"],
  ] as const;
  for (const [change, code] of changes) {
    expect(codeOf(await engine.updateNetwork({ name: lanName, ...change }))).toBe(code);
  }
  expect([a, b].map(dataOf)).toMatchObject([{ mode: "bridge" }, { mode: "bridge" }]);
});

test("a tap link is a macvtap, and answers while nobody has it open", async () => {
  using lan = openLan();
  const engine = engineOn(lan);
  must(await create(engine, { mode: "bridge" }));
  const sandbox = lan.sandbox();
  const { endpoint } = must(await engine.attach(request(sandbox, { linkKind: "tap" })));
  const [link] = seenLinks(sandbox);
  expect(dataOf(sandbox)).toMatchObject({ kind: "macvtap", mode: "bridge" });
  expect(tapDevice(endpoint)).toBe(`/dev/tap${link?.ifindex}`);
  expect(pings(lan.machine, `${endpoint.addresses[0]}`.replace("/24", ""))).toBe("reachable");
  must(await engine.updateNetwork({ name: lanName, mode: "private" }));
  expect(dataOf(sandbox)).toMatchObject({ kind: "macvtap", mode: "private" });
  must(await engine.detach({ kind: "id", id: endpoint.id }));
  expect(seenLinks(sandbox)).toEqual([]);
});
