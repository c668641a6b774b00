/** What runtimes that name their attachments get, on the fake kernel. */
import { expect, test } from "bun:test";
import { err, ok } from "../src/base/index.ts";
import type { NetworkName, VlanId } from "../src/domain/index.ts";
import {
  addRequest,
  addressSet,
  directory,
  given,
  ip,
  key,
  pods,
  podsSpec,
} from "./support/attachments.ts";
import { filesIn, openSite } from "./support/fake-attachments.ts";
import { bookOf, childrenIn, network, openFakeHost, request } from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";

test("a set goes on after what the reference gave last, then after what the book did", async () => {
  using site = await openSite();
  const { files } = site.host.platform;
  must(files.makeDirectory(directory));
  must(files.writeText(`${directory}/last_reserved_ip.0`, "10.0.0.51\n"));
  const next = async (name: string) => {
    const request = addRequest(site.host.sandbox(), { key: key(name) });
    return must(await site.attachments.add(request)).addresses;
  };
  expect(await next("c1")).toEqual([given("10.0.0.52/24", "10.0.0.1")]);
  must(files.writeText(`${directory}/last_reserved_ip.0`, "10.0.0.50"));
  expect(await next("c2")).toEqual([given("10.0.0.53/24", "10.0.0.1")]);
});

test("an attachment has its link, address, file and record, and goes with all of them", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const made = must(await site.add());
  expect(made.addresses).toEqual([given("10.0.0.50/24", "10.0.0.1")]);
  expect([made.mac, made.mtu]).toEqual([made.endpoint.link.mac, 1500 as never]);
  expect(filesIn(host)).toEqual({ "10.0.0.50": "c1\r\neth0", "last_reserved_ip.0": "10.0.0.50" });
  const [link] = childrenIn(host.kernel);
  expect([link?.name, link?.state, link?.alias]).toEqual(["eth0", "up", made.endpoint.link.alias]);
  expect(must(await attachments.find(key("c1")))?.endpoint).toEqual(made.endpoint);
  expect(must(await attachments.list("pods")).map(({ key }) => key)).toEqual([key("c1")]);
  expect(must(await attachments.list("other"))).toEqual([]);
  const gone = must(await attachments.remove(key("c1")));
  expect(gone?.endpoint.id).toBe(made.endpoint.id);
  expect(filesIn(host)).toEqual({ "last_reserved_ip.0": "10.0.0.50" });
  expect(childrenIn(host.kernel)).toEqual([]);
  expect(must(await attachments.remove(key("c1")))).toBeUndefined();
  expect(must(await site.add({ key: key("c2") })).addresses).toEqual([
    given("10.0.0.51/24", "10.0.0.1"),
  ]);
});

test("a second attachment of the same key, or link name, is refused and changes nothing", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  must(await site.add());
  using other = host.sandbox();
  const before = [host.kernel.describe(), await bookOf(host.store), filesIn(host)];
  expect(codeOf(await site.add())).toBe("LF-ATTACHMENT-EXISTS");
  expect(codeOf(await attachments.add(addRequest(other)))).toBe("LF-ATTACHMENT-EXISTS");
  expect(codeOf(await site.add({ key: key("c2") }))).toBe("LF-IFNAME-TAKEN");
  expect([host.kernel.describe(), await bookOf(host.store), filesIn(host)]).toEqual(before);
});

test("a key whose sandbox is gone is free: what it left is collected", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const first = host.sandbox();
  must(await attachments.add(addRequest(first)));
  first.close();
  expect(must(await site.add()).addresses).toEqual([given("10.0.0.51/24", "10.0.0.1")]);
  expect(Object.keys(filesIn(host))).toEqual(["last_reserved_ip.0", "10.0.0.51"]);
});

test("removing succeeds with the sandbox gone, and reconcile collects what nobody removes", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  for (const name of ["c1", "c2"]) {
    const sandbox = host.sandbox();
    must(await attachments.add(addRequest(sandbox, { key: key(name) })));
    sandbox.close();
  }
  must(await attachments.remove(key("c1"), { sandboxPath: "" }));
  expect(Object.keys(filesIn(host)).sort()).toEqual(["10.0.0.51", "last_reserved_ip.0"]);
  must(await host.engine.reconcile());
  expect(Object.keys(filesIn(host))).toEqual(["last_reserved_ip.0"]);
  expect((await bookOf(host.store)).endpoints).toEqual([]);
});

test("a sandbox that has another path now is found by it", async () => {
  using site = await openSite();
  const { host, attachments, sandbox } = site;
  must(await site.add({ sandbox: { netns: sandbox, path: "/run/netns/gone" } }));
  const sandboxPath = `/proc/self/fd/${sandbox.fd}`;
  must(await attachments.remove(key("c1"), { sandboxPath }));
  expect(childrenIn(host.kernel)).toEqual([]);
});

test("an address whose file is another's is held, and the next is given", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const theirs = "other\r\neth0";
  for (const last of ["50", "51"]) {
    must(host.platform.files.createText(`${directory}/10.0.0.${last}`, theirs));
  }
  expect(must(await site.add()).addresses[0]?.address).toBe("10.0.0.52/24" as never);
  expect(filesIn(host)["10.0.0.50"]).toBe(theirs);
  const requested = addressSet(0, ["10.0.0.50-10.0.0.53"], "10.0.0.51");
  const asked = await site.add({
    key: key("c2", "e2"),
    addressing: { kind: "sets", sets: [requested] },
  });
  expect(codeOf(asked)).toBe("LF-ALLOCATION-TAKEN");
  // Nobody on the segment gets it, and everybody does when the file is gone.
  must(
    await host.engine.createNetwork(
      network({ subnets: ["10.0.0.0/24"], ranges: ["10.0.0.50-10.0.0.51"] }),
    ),
  );
  using guest = host.sandbox();
  expect(codeOf(await host.engine.attach(request(guest)))).toBe("LF-POOL-EXHAUSTED");
  expect(must(await attachments.unhold({ ...key("other") })).map(({ address }) => address)).toEqual(
    ["10.0.0.50", "10.0.0.51"].map(ip),
  );
  expect(Object.keys(filesIn(host)).sort()).toEqual(["10.0.0.52", "last_reserved_ip.0"]);
  must(await host.engine.attach(request(guest)));
});

test("an empty file is nobody's: whoever made it died before it wrote", async () => {
  using site = await openSite();
  must(site.host.platform.files.createText(`${directory}/10.0.0.50`, ""));
  must(await site.add());
  expect(filesIn(site.host)["10.0.0.50"]).toBe("c1\r\neth0");
});

test("holds whose files are gone end with reconcile, and when somebody asks", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const holdAll = async () => {
    const holds = ["50", "51", "52", "53"].map((last) => ({
      address: ip(`10.0.0.${last}`),
      file: `${directory}/10.0.0.${last}`,
      holder: { containerId: "old" },
    }));
    must(await attachments.hold(pods, holds));
  };
  await holdAll();
  must(await site.add());
  must(await attachments.remove(key("c1")));
  await holdAll();
  expect(must(await host.engine.listLeases())).toEqual([]);
  await holdAll();
  const released = host.engine.releaseLease({ address: ip("10.0.0.50") });
  expect(codeOf(await released)).toBe("LF-LEASE-MISSING");
  await holdAll();
  const held = async () => must(await host.store.transact((tx) => ok(tx.holds.all()))).length;
  must(await host.engine.reconcile({ holds: "leave" }));
  expect(await held()).toBeGreaterThan(0);
  must(await host.engine.reconcile());
  expect(await held()).toBe(0);
});

test("holds stay where nobody can tell whether their files are there", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const file = `${directory}/10.0.0.50`;
  must(
    await attachments.hold(pods, [
      { address: ip("10.0.0.50"), file, holder: { containerId: "old" } },
    ]),
  );
  const refused = () => err({ errno: "EACCES", call: `list ${directory}` });
  const files = Object.assign(Object.create(host.platform.files), { list: refused });
  must(await host.engineOn({ ...host.platform, files }).reconcile());
  expect(must(await host.store.read((book) => ok(book.holds.all())))).toMatchObject([{ file }]);
});

test("what others gave away is asked for once, and is nobody's", async () => {
  using host = openFakeHost();
  const { attachments } = host.engine;
  let asked = 0;
  must(host.platform.files.createText(`${directory}/10.0.0.50`, "old"));
  const holds = () => {
    asked += 1;
    const file = `${directory}/10.0.0.50`;
    return ok([{ address: ip("10.0.0.50"), file, holder: { containerId: "old" } }]);
  };
  for (let time = 0; time < 2; time++) must(await attachments.ensureNetwork(podsSpec(), { holds }));
  expect(asked).toBe(1);
  using sandbox = host.sandbox();
  expect(must(await attachments.add(addRequest(sandbox))).addresses[0]?.address).toBe(
    "10.0.0.51/24" as never,
  );
});

test("given addresses are recorded, and a clash is refused", async () => {
  using site = await openSite();
  const { host } = site;
  const addressing = (...texts: string[]) =>
    ({ kind: "given", addresses: texts.map((text) => given(text, "10.0.0.1")) }) as const;
  const first = must(await site.add({ addressing: addressing("10.0.0.7/24", "10.0.0.1/32") }));
  expect(first.addresses.map(({ gateway }) => gateway)).toEqual([ip("10.0.0.1"), ip("10.0.0.1")]);
  const clash = (text: string) =>
    site.add({ key: key("c2", "e2"), addressing: addressing(text) }).then(codeOf);
  expect(await clash("10.0.0.7/16")).toBe("LF-ADDRESS-TAKEN");
  expect(await clash("10.0.0.10/24")).toBe("LF-ADDRESS-UNUSABLE");
  must(await host.engine.createNetwork(network({ subnets: ["10.0.0.0/24"] })));
  using guest = host.sandbox();
  const asked = await host.engine.attach(request(guest, { addresses: [ip("10.0.0.7")] }));
  expect(codeOf(asked)).toBe("LF-ADDRESS-TAKEN");
});

test("the routers that a configuration knows are given to nobody on the segment", async () => {
  using site = await openSite();
  const { host } = site;
  must(
    await host.engine.createNetwork(
      network({ subnets: ["10.0.0.0/24"], ranges: ["10.0.0.1-10.0.0.2"] }),
    ),
  );
  using guest = host.sandbox();
  const view = must(await host.engine.attach(request(guest)));
  expect(view.endpoint.addresses).toEqual(["10.0.0.2/24" as never]);
});

test("without addresses there are as many links as anybody likes, each with a MAC of its own", async () => {
  using site = await openSite();
  const { host } = site;
  const macs = new Set<unknown>();
  for (let n = 0; n < 12; n++) {
    const made = await site.add({ key: key(`c${n}`, `e${n}`), addressing: { kind: "none" } });
    macs.add(must(made).mac);
  }
  expect(macs.size).toBe(12);
  expect(filesIn(host)).toEqual({});
});

test("routes are those asked for, two next hops and a metric included", async () => {
  using site = await openSite();
  const to = (text: string) => podsRoute(text);
  const routes = [
    { ...to("10.9.0.0/16"), via: ip("10.0.0.2") },
    { ...to("10.9.0.0/16"), via: ip("10.0.0.3") },
    { ...to("0.0.0.0/0"), via: ip("10.0.0.1"), metric: 100 },
  ];
  const made = must(await site.add({ routes }));
  expect(made.endpoint.routes).toEqual(routes);
  const [link] = childrenIn(site.host.kernel);
  expect(link?.routes.map(({ gateway, metric }) => [gateway, metric])).toEqual([
    [ip("10.0.0.2"), 0],
    [ip("10.0.0.3"), 0],
    [ip("10.0.0.1"), 100],
  ]);
});

const podsRoute = (text: string) => ({ to: text as never });

test("a changed configuration takes the name of one on which nothing hangs any more", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  must(await site.add());
  const spec = (digest: string) => podsSpec({ origin: { kind: "cni", name: "pods", digest } });
  const second = must(await attachments.ensureNetwork(spec("0123456789")));
  expect(second.name).toBe("cni-pods-01234567" as NetworkName);
  must(await attachments.remove(key("c1")));
  const third = must(await attachments.ensureNetwork(spec("d3")));
  expect(third.name).toBe(pods);
  const names = must(await host.engine.listNetworks()).map(({ network }) => network.name as string);
  expect(names.sort()).toEqual(["cni-pods", "cni-pods-01234567"]);
});

test("asking for one network at once makes one", async () => {
  using host = openFakeHost("sqlite");
  const made = await Promise.all(
    [1, 2, 3].map(() => host.engine.attachments.ensureNetwork(podsSpec())),
  );
  expect(new Set(made.map((row) => must(row).id)).size).toBe(1);
});

test("after a reboot nothing of before is in the way, files included", async () => {
  using site = await openSite();
  const { host } = site;
  must(await site.add());
  site.sandbox.close();
  const process = { ...host.platform.process, bootId: "boot-2" as never };
  const later = host.engineOn({ ...host.platform, process });
  using sandbox = host.sandbox();
  const made = must(await later.attachments.add(addRequest(sandbox)));
  expect(Object.keys(filesIn(host)).sort()).toEqual(["10.0.0.51", "last_reserved_ip.0"]);
  expect(made.addresses).toHaveLength(1);
});

test("work on one key is done one after the other, and on others meanwhile", async () => {
  using site = await openSite();
  const { attachments } = site;
  const signal = new AbortController().signal;
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async () => {
      order.push(`${name} begins`);
      await until;
      order.push(`${name} ends`);
      return ok();
    };
  const first = attachments.exclusively(key("c1"), signal, work("first", gate.promise));
  await attachments.exclusively(key("c2"), signal, work("other"));
  const called = new AbortController();
  called.abort();
  const off = await attachments.exclusively(key("c1"), called.signal, work("never"));
  expect(codeOf(off)).toBe("LF-CANCELLED");
  gate.resolve();
  await first;
  await attachments.exclusively(key("c1"), signal, work("last"));
  expect(order).toEqual([
    ...["first begins", "other begins", "other ends", "first ends"],
    ...["last begins", "last ends"],
  ]);
});

test("a link can be that of a VLAN itself, once on a parent", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const driver = { kind: "vlan", mode: "802.1Q", id: 100 as VlanId } as const;
  const origin = (name: string) => ({ kind: "cni", name, digest: "d" }) as const;
  const first = podsSpec({ name: "v1" as NetworkName, driver, origin: origin("v1") });
  const made = must(await attachments.ensureNetwork(first));
  expect(made.segment).toBe("p0.100" as never);
  const added = must(await site.add({ network: made.name, key: key("c1", "v0") }));
  expect(added.mac).toBe(host.kernel.state.byName(host.netns.cookie, "p0")?.mac as never);
  expect([added.endpoint.link.mac, added.mtu]).toEqual([undefined, 1500 as never]);
  const [link] = host.kernel.state.links().filter(({ details }) => details.kind === "vlan");
  expect([link?.name, link?.details]).toMatchObject(["v0", { id: 100, protocol: "802.1Q" }]);
  // Its address is one of the VLAN, which a network by another way is on too.
  const clash = await site.add({
    ...{ network: made.name, key: key("c2", "v1") },
    addressing: { kind: "given", addresses: [given("10.0.0.50/24")] },
  });
  expect(codeOf(clash)).toBe("LF-ADDRESS-TAKEN");
  const second = await site.add({ network: made.name, key: key("c2", "v1") });
  expect(codeOf(second)).toBe("LF-VLAN-TAKEN");
  expect(must(await host.engine.status())).toEqual([]);
  must(await attachments.remove(key("c1", "v0")));
  must(await site.add({ network: made.name, key: key("c2", "v1") }));
});

test("a VLAN's link in a namespace that nothing leads to still counts as alive", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  const driver = { kind: "vlan", mode: "802.1Q", id: 100 as VlanId } as const;
  const origin = { kind: "cni", name: "v1", digest: "d" } as const;
  must(await attachments.ensureNetwork(podsSpec({ name: "v1" as NetworkName, driver, origin })));
  const held = host.sandbox();
  const sandbox = { netns: held, path: "/run/netns/gone" };
  must(await site.add({ network: "v1" as NetworkName, sandbox }));
  expect(codeOf(await attachments.remove(key("c1")))).toBe("LF-SANDBOX-UNREACHABLE");
  held.close();
  must(await attachments.remove(key("c1")));
  expect((await bookOf(host.store)).leases).toEqual([]);
});
