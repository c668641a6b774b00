import { expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Ip, type Mac, parseIp, parseMac, parsePrefix } from "../src/addr/index.ts";
import {
  checkNetwork,
  type IfName,
  isolatedParent,
  type NetworkName,
  type NetworkWish,
  type StoreSalt,
  type StoreUuid,
} from "../src/domain/index.ts";
import { openEngine } from "../src/engine/index.ts";
import { memoryStore } from "../src/store/index.ts";
import { inside, openLan, pathOf, seenLinks, tryInside } from "./support/lan.ts";
import { codeOf, must } from "./support/must.ts";

const ip = (text: string): Ip => must(parseIp(text));
const prefix = must(parsePrefix("10.0.0.0/24"));
const name = "lan" as NetworkName;

async function openSite(change: Partial<NetworkWish> = {}) {
  const lan = openLan();
  const store = memoryStore({ uuid: "u" as StoreUuid, salt: "00" as StoreSalt });
  const engine = openEngine({ platform: lan.platform, hostNamespace: lan.host, store });
  const wish: NetworkWish = {
    ...{ name, parent: "p0" as IfName, driver: { kind: "macvlan", mode: "bridge" } },
    ...{ subnets: [prefix], gateways: [ip("10.0.0.1")], ranges: [], exclusions: [], routes: [] },
    reach: "routed",
    ...change,
  };
  must(await engine.createNetwork(must(checkNetwork(wish))));
  const { handover } = engine;
  /** The same book after the machine was started again. */
  const rebooted = () => {
    const process = { ...lan.platform.process, bootId: "boot-2" as never };
    const platform = { ...lan.platform, process };
    return openEngine({ platform, hostNamespace: lan.host, store });
  };
  const [id, address] = ["d".repeat(64), ip("10.0.0.9")];
  // With its outcome, which comes after the answer.
  const prepare = async () => {
    const wish = { network: name, runtimeId: id, addresses: [address] };
    const answer = await handover.prepare(wish);
    await nextTurn();
    return answer;
  };
  return {
    lan,
    engine,
    handover,
    id,
    address,
    prepare,
    rebooted,
    [Symbol.dispose]: lan[Symbol.dispose],
  };
}

/** What Docker does with a link that it was told of. */
function moveIn(host: Parameters<typeof inside>[0], link: string, sandbox: typeof host): void {
  inside(host, "ip", "link", "set", "dev", link, "netns", pathOf(sandbox));
  inside(sandbox, "ip", "link", "set", "dev", link, "name", "eth0");
  inside(sandbox, "ip", "addr", "add", "10.0.0.9/24", "dev", "eth0");
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "up");
}

const links = (netns: Parameters<typeof inside>[0]): string[] =>
  seenLinks(netns).map(({ ifname }) => ifname);

test("a link waits on the host, is found where it is taken, and goes from there", async () => {
  using site = await openSite();
  const { lan, handover, id, engine } = site;
  const view = must(await site.prepare());
  const { madeAs, alias, mac } = view.endpoint.link;
  const [made] = seenLinks(lan.host).filter(({ ifname }) => ifname === madeAs);
  expect([made?.ifalias, made?.address]).toEqual([alias, mac]);
  expect(view.endpoint.gateways).toEqual([ip("10.0.0.1")]);
  expect(must(await engine.status())).toEqual([]);
  const sandbox = lan.sandbox();
  must(await handover.expectIn(id, pathOf(sandbox)));
  moveIn(lan.host, madeAs, sandbox);
  expect(tryInside(lan.machine, "ping", "-c1", "-W2", "10.0.0.9").status).toBe(0);
  expect(must(await engine.status())).toEqual([]);
  expect(must(await engine.reconcile())).toEqual([]);
  expect(must(await handover.withdraw(id))?.endpoint.id).toBe(view.endpoint.id);
  expect(links(sandbox)).not.toContain("eth0");
  expect(must(await engine.listEndpoints())).toEqual([]);
  // Runtimes ask twice.
  expect(must(await handover.withdraw(id))).toBeUndefined();
}, 30_000);

test("a link that was brought back is deleted on the host", async () => {
  using site = await openSite();
  const { lan, handover, id, prepare } = site;
  const { madeAs } = must(await prepare()).endpoint.link;
  expect(must(await prepare()).endpoint.link.madeAs).toBe(madeAs);
  const sandbox = lan.sandbox();
  must(await handover.expectIn(id, pathOf(sandbox)));
  moveIn(lan.host, madeAs, sandbox);
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "down");
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "name", madeAs);
  inside(sandbox, "ip", "link", "set", "dev", madeAs, "netns", pathOf(lan.host));
  expect(links(lan.host)).toContain(madeAs);
  must(await handover.withdraw(id));
  expect(links(lan.host)).not.toContain(madeAs);
}, 30_000);

test("an endpoint whose container is gone is collected, and its address rests", async () => {
  using site = await openSite();
  const { lan, handover, id, engine, prepare } = site;
  const { madeAs } = must(await prepare()).endpoint.link;
  const sandbox = lan.sandbox();
  const path = pathOf(sandbox);
  must(await handover.expectIn(id, path));
  moveIn(lan.host, madeAs, sandbox);
  sandbox.close();
  const filter = () => inside(lan.host, "bridge", "fdb", "show", "dev", "p0");
  const mac = must(await engine.listEndpoints())[0]?.endpoint.link.mac ?? "";
  for (let look = 0; look < 300 && filter().includes(mac); look++) await Bun.sleep(10);
  expect(must(await engine.reconcile()).map(({ outcome }) => outcome)).toEqual(["done"]);
  expect(must(await engine.listLeases()).map(({ kind }) => kind)).toEqual(["resting"]);
}, 30_000);

test("a link whose namespace the kernel has yet to take down is waited for", async () => {
  using site = await openSite();
  const { lan, handover, id, prepare, engine } = site;
  const { madeAs } = must(await prepare()).endpoint.link;
  const sandbox = lan.sandbox();
  // Docker's path of it is gone, and somebody still holds it for a moment.
  must(await handover.expectIn(id, "/run/docker/netns/0123456789ab"));
  moveIn(lan.host, madeAs, sandbox);
  setTimeout(() => sandbox.close(), 300);
  must(await handover.withdraw(id));
  expect(must(await engine.listEndpoints())).toEqual([]);
  // One that stays is refused: its address is in use.
  const [again, held] = [must(await prepare()).endpoint.link, lan.sandbox()];
  must(await handover.expectIn(id, "/run/docker/netns/0123456789ab"));
  moveIn(lan.host, again.madeAs, held);
  expect(codeOf(await handover.withdraw(id))).toBe("LF-SANDBOX-UNREACHABLE");
}, 30_000);

test("after a reboot a container has its address again at once", async () => {
  using site = await openSite();
  const { lan, address } = site;
  const { madeAs } = must(await site.prepare()).endpoint.link;
  // Nothing of the kernel's survives a reboot.
  inside(lan.host, "ip", "link", "del", "dev", madeAs);
  const { handover, listEndpoints } = site.rebooted();
  const again = must(await handover.claim({ network: name, prefix, address }));
  expect(again as string).toBe("10.0.0.9/24");
  must(await handover.prepare({ network: name, runtimeId: "new", addresses: [address] }));
  expect(must(await listEndpoints()).map(({ endpoint }) => endpoint.sandbox.id as string)).toEqual([
    "boot-2/docker/new",
  ]);
  expect(inside(lan.host, "ip", "-o", "link")).toContain("landfall");
}, 30_000);

test("a claimed address is nobody else's until it is given up", async () => {
  using site = await openSite();
  const { handover, engine, lan } = site;
  const first = must(await handover.claim({ network: name, prefix }));
  const second = must(await handover.claim({ network: name, prefix }));
  expect([first, second] as string[]).toEqual(["10.0.0.2/24", "10.0.0.3/24"]);
  const named = { network: name, prefix, address: ip("10.0.0.2") };
  expect(codeOf(await handover.claim(named))).toBe("LF-ADDRESS-UNUSABLE");
  const netns = lan.sandbox();
  const sandbox = { netns, path: pathOf(netns) };
  const wish = { network: name, sandbox, ifname: "eth0" as IfName, addresses: [] };
  expect(String(must(await engine.attach(wish)).endpoint.addresses)).toBe("10.0.0.4/24");
  handover.giveUp(name, ip("10.0.0.2"));
  expect(must(await handover.claim(named)) as string).toBe("10.0.0.2/24");
  // Asking again by name is the same claim, whose answer was lost.
  expect(must(await handover.claim(named)) as string).toBe("10.0.0.2/24");
  const mine = { network: name, runtimeId: "e", addresses: [ip("10.0.0.2")] };
  expect(String(must(await handover.prepare(mine)).endpoint.addresses)).toBe("10.0.0.2/24");
  expect(codeOf(await handover.claim(named))).toBe("LF-ADDRESS-TAKEN");
  const mac = must(parseMac("02:00:00:00:00:77")) as Mac;
  const given = must(
    await handover.prepare({ ...mine, runtimeId: "f", addresses: [ip("10.0.0.3")], mac }),
  );
  expect(given.endpoint.link.mac).toBe(mac);
}, 30_000);

test("a network without a LAN brings its parent, and takes it away", async () => {
  const parent = isolatedParent("0123456789abcdef");
  using site = await openSite({ parent, parentLink: "made", gateways: [], reach: "internal" });
  const { lan, handover, engine, prepare, id } = site;
  expect(links(lan.host)).toContain(parent);
  const { madeAs } = must(await prepare()).endpoint.link;
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  must(await handover.expectIn(id, pathOf(a)));
  moveIn(lan.host, madeAs, a);
  // After a reboot nothing of it is there, and the next endpoint needs it.
  must(await handover.withdraw(id));
  inside(lan.host, "ip", "link", "del", "dev", parent);
  expect(must(await handover.claim({ network: name, prefix })) as string).toContain("/24");
  const again = must(await prepare()).endpoint.link.madeAs;
  moveIn(lan.host, again, a);
  const other = { network: name, runtimeId: "b", addresses: [ip("10.0.0.8")] };
  const second = must(await handover.prepare(other)).endpoint.link.madeAs;
  inside(lan.host, "ip", "link", "set", "dev", second, "netns", pathOf(b));
  inside(b, "ip", "addr", "add", "10.0.0.8/24", "dev", second);
  inside(b, "ip", "link", "set", "dev", second, "up");
  expect(tryInside(b, "ping", "-c1", "-W2", "10.0.0.9").status).toBe(0);
  must(await handover.expectIn(id, pathOf(a)));
  must(await handover.expectIn("b", pathOf(b)));
  expect(codeOf(await engine.removeNetwork(name))).toBe("LF-NETWORK-IN-USE");
  must(await handover.withdraw(id));
  must(await handover.withdraw("b"));
  must(await engine.removeNetwork(name));
  expect(links(lan.host).filter((link) => link.startsWith("lf"))).toEqual([]);
}, 30_000);

test("a link whose path is gone is found where a process goes on", async () => {
  using site = await openSite();
  const { lan, handover, id, engine } = site;
  const { madeAs } = must(await site.prepare()).endpoint.link;
  const sandbox = lan.sandbox();
  must(await handover.expectIn(id, "/run/docker/netns/nowhere"));
  const sleeper = Bun.spawn(["nsenter", `--net=${pathOf(sandbox)}`, "sleep", "60"]);
  // nsenter has to have entered before the link can be found by it.
  const enters = () => readlinkSync(`/proc/${sleeper.pid}/ns/net`);
  const there = readlinkSync(pathOf(sandbox));
  for (let look = 0; look < 200 && enters() !== there; look++) await Bun.sleep(10);
  moveIn(lan.host, madeAs, sandbox);
  expect(must(await engine.status())).toEqual([]);
  must(await handover.withdraw(id));
  expect(links(sandbox)).not.toContain("eth0");
  expect(must(await engine.listLeases()).map(({ kind }) => kind)).toEqual(["resting"]);
  sleeper.kill();
});
