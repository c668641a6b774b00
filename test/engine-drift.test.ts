/** What happens to parents, and what reconciling makes good again. */
import { describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parseInterfaceAddress } from "../src/addr/index.ts";
import { defined, ok } from "../src/base/index.ts";
import type { IfName, NetworkName } from "../src/domain/index.ts";
import { addAddress, addLink, deleteLink, setLink } from "../src/netlink/index.ts";
import { addRequest, key, podsSpec } from "./support/attachments.ts";
import {
  bookOf,
  childrenIn,
  type FakeHost,
  network,
  openFakeHost,
  request,
  storeKinds,
} from "./support/fake-host.ts";
import { walk, withFault } from "./support/fault-walk.ts";
import { must } from "./support/must.ts";
import { killedWhen, lan, type NetSite, openBusySite, openNetSite } from "./support/net-site.ts";

const p0 = { ifindex: 2, name: "p0" };

type Where = Pick<FakeHost, "run" | "netns" | "sandbox">;

function removeParent(host: Where): void {
  host.run(host.netns, deleteLink(p0));
}

/** A link of the same name and another ifindex, with the host's address. */
function remakeParent(host: Where): void {
  const link = { ifindex: 77, name: "p0" };
  const peer = { name: "m0", netns: { fd: host.sandbox().fd } };
  host.run(
    host.netns,
    addLink({ kind: "veth", ...link, peer }),
    setLink({ link, state: "up" }),
    addAddress({ link, address: must(parseInterfaceAddress("10.0.0.10/24")) }),
  );
}

const told = async ({ engine }: Pick<NetSite, "engine">) =>
  must(await engine.status()).map(({ subject, kind, action }) => `${subject} ${kind} ${action}`);

const outcomes = async ({ engine }: Pick<NetSite, "engine">) =>
  must(await engine.reconcile()).map(({ finding, outcome }) => `${finding.kind} ${outcome}`);

/** What of an endpoint others on the LAN know it by. */
function looksOf(host: FakeHost): readonly unknown[] {
  const links = childrenIn(host.kernel).toSorted((a, b) => a.ifindex - b.ifindex);
  return links.map(({ ifindex, name, mac, mtu, alias, state }) => {
    return { ifindex, name, mac, mtu, alias, state };
  });
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  test("a parent that is gone is told once, and its endpoints are made anew with it", async () => {
    using site = await openBusySite(storeKind);
    const { host } = site;
    const [looks, book] = [looksOf(host), await bookOf(host.store)];
    removeParent(host);
    expect(childrenIn(host.kernel)).toEqual([]);
    expect(await told(site)).toEqual(["network parent-missing none"]);
    expect(await outcomes(site)).toEqual(["parent-missing left"]);
    remakeParent(host);
    expect(await told(site)).toEqual([
      "endpoint link-missing repair",
      "endpoint link-missing repair",
    ]);
    expect(await outcomes(site)).toEqual(["link-missing done", "link-missing done"]);
    expect(looksOf(host)).toEqual(looks);
    expect(await bookOf(host.store)).toEqual(book);
    expect(await told(site)).toEqual([]);
  });

  for (const kind of ["refused", "unheard", "stuck"] as const) {
    test(`whichever request of a repair is ${kind}, the link is whole or not there`, async () => {
      const walked = await walk(async (at) => {
        using site = await openNetSite(storeKind);
        const { host, engine } = site;
        must(await engine.attach(request(host.sandbox())));
        const [whole, book] = [looksOf(host), await bookOf(host.store)];
        removeParent(host);
        remakeParent(host);
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { end } = await withFault(host, fault, () => engine.reconcile());
        if (kind !== "stuck") {
          expect([at, [[], whole]]).toEqual([at, expect.arrayContaining([looksOf(host)])]);
          expect([at, await bookOf(host.store)]).toEqual([at, book]);
        }
        // What could not be undone is ended first; then the link is missing, and made.
        must(await engine.reconcile());
        must(await engine.reconcile());
        expect([at, looksOf(host), await bookOf(host.store)]).toEqual([at, whole, book]);
        return end;
      });
      expect(walked).toBeGreaterThan(8);
    });
  }

  test("a repair whose process was killed is completed or undone, and then made", async () => {
    const open = async () => {
      const site = await openNetSite(storeKind);
      must(await site.engine.attach(request(site.host.sandbox())));
      const before = { looks: looksOf(site.host), book: await bookOf(site.host.store) };
      removeParent(site.host);
      remakeParent(site.host);
      return { ...site, before };
    };
    const links = [0, 1] as const;
    for (const count of links) {
      const isHalfDone = async ({ host }: NetSite) =>
        (await bookOf(host.store)).operations.length === 1 &&
        childrenIn(host.kernel).length === count;
      using site = await killedWhen(open, (engine) => engine.reconcile(), isHalfDone);
      expect(await told(site)).toEqual([`endpoint interrupted undo`]);
      must(await site.engine.reconcile());
      must(await site.engine.reconcile());
      const { host, before } = site;
      expect({ looks: looksOf(host), book: await bookOf(host.store) }).toEqual(before);
    }
  });
});

test("a link that was deleted in its sandbox is made anew, and one in its place is not touched", async () => {
  using site = await openBusySite();
  const { host, sandbox } = site;
  const [link] = childrenIn(host.kernel).filter(({ netns }) => netns === sandbox.cookie);
  const { ifindex, name } = defined(link, "the link of eth0");
  const looks = looksOf(host);
  host.run(sandbox, deleteLink({ ifindex, name }));
  expect(await outcomes(site)).toEqual(["link-missing done"]);
  expect(looksOf(host)).toEqual(looks);
  host.run(sandbox, deleteLink({ ifindex, name }));
  host.run(sandbox, addLink({ kind: "veth", name, peer: { name: "other" } }));
  const [failed] = must(await site.engine.reconcile());
  expect([failed?.outcome, failed?.problem?.code]).toEqual(["failed", "LF-IFNAME-TAKEN"]);
});

test("one of a book of before is made anew under its temporary name, and renamed", async () => {
  using site = await openNetSite("sqlite");
  const { host, engine } = site;
  const sandbox = host.sandbox();
  const { endpoint } = must(await engine.attach(request(sandbox)));
  const looks = looksOf(host);
  const link = { ...endpoint.link, madeAs: "lf0123456789" as IfName };
  must(await host.store.transact((tx) => ok(tx.endpoints.replace({ ...endpoint, link }))));
  const walked = await walk(async (at) => {
    host.run(sandbox, deleteLink({ ifindex: link.ifindex }));
    const fault = { kind: "refused", errno: "ENOMEM", at } as const;
    const { end } = await withFault(host, fault, () => engine.reconcile());
    expect([at, [[], looks]]).toEqual([at, expect.arrayContaining([looksOf(host)])]);
    must(await engine.reconcile());
    expect([at, looksOf(host)]).toEqual([at, looks]);
    return end;
  });
  expect(walked).toBeGreaterThan(3);
});

describe("the MTU of a parent", () => {
  const mtuOf = (host: FakeHost) => childrenIn(host.kernel).map(({ mtu }) => mtu);
  const give = (host: FakeHost, mtu: number) => host.run(host.netns, setLink({ link: p0, mtu }));

  test("that is raised again raises the links that it lowered", async () => {
    using site = await openBusySite();
    give(site.host, 1400);
    expect(mtuOf(site.host)).toEqual([1400, 1400]);
    expect(await told(site)).toEqual([]);
    give(site.host, 1500);
    expect(mtuOf(site.host)).toEqual([1400, 1400]);
    expect(await told(site)).toEqual([
      "endpoint link-differs repair",
      "endpoint link-differs repair",
    ]);
    expect(await outcomes(site)).toEqual(["link-differs done", "link-differs done"]);
    expect(mtuOf(site.host)).toEqual([1500, 1500]);
  });

  test("that no longer fits a network's own is told, with both, until it does", async () => {
    using host = openFakeHost();
    must(await host.engine.createNetwork(network({ mtu: 1450 })));
    must(await host.engine.attach(request(host.sandbox())));
    give(host, 1400);
    expect(must(await host.engine.status())).toMatchObject([
      {
        kind: "link-differs",
        action: "none",
        detail: "eth0: its MTU is 1400, not 1450: p0 has 1400 now",
      },
    ]);
    give(host, 1500);
    must(await host.engine.reconcile());
    expect([mtuOf(host), must(await host.engine.status())]).toEqual([[1450], []]);
  });
});

test("a parent that is called otherwise is told by its new name, and another one is not taken for it", async () => {
  using site = await openBusySite();
  const { host } = site;
  host.run(host.netns, setLink({ link: p0, name: "wan0" }));
  const [renamed, ...others] = must(await site.engine.status());
  expect([renamed?.kind, renamed?.action, others]).toEqual(["parent-renamed", "none", []]);
  expect(renamed?.detail).toContain("ip link property add dev wan0 altname p0");
  remakeParent(host);
  const rows = must(await site.engine.status());
  expect(rows.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
    "link-differs none",
    "link-differs none",
  ]);
  const words = "it hangs on link 2 of the host, and p0 is another one now";
  expect(rows.map(({ detail }) => detail).toSorted()).toEqual([`eth0: ${words}`, `eth1: ${words}`]);
});

test("a parent that is down is told, until it is up", async () => {
  using site = await openBusySite();
  const { host } = site;
  host.run(host.netns, setLink({ link: p0, state: "down" }));
  expect(await told(site)).toEqual(["network parent-down none"]);
  host.run(host.netns, setLink({ link: p0, state: "up" }));
  expect(await told(site)).toEqual([]);
});

describe("the link of a VLAN", () => {
  async function openVlan() {
    const host = openFakeHost();
    const { engine } = host;
    const words = { name: "lan", parent: "p0", vlan: ["100"], subnets: ["10.7.0.0/24"] };
    must(await engine.createNetwork(network(words)));
    const { endpoint } = must(await engine.attach(request(host.sandbox())));
    return { host, engine, endpoint, [Symbol.dispose]: () => host[Symbol.dispose]() };
  }
  const vlanOf = (host: FakeHost) =>
    defined(host.kernel.state.byName(host.netns.cookie, "p0.100"), "the link of the VLAN");

  test("that was deleted is made anew, with what hung on it", async () => {
    using site = await openVlan();
    const { host } = site;
    const looks = looksOf(host);
    const { ifindex, name, alias } = vlanOf(host);
    host.run(host.netns, deleteLink({ ifindex, name }));
    expect(await told(site)).toEqual(["network parent-missing repair"]);
    expect(await outcomes(site)).toEqual(["parent-missing done", "link-missing done"]);
    expect([looksOf(host), vlanOf(host).alias]).toEqual([looks, alias]);
    expect(await told(site)).toEqual([]);
  });

  test("that was set down is set up; with its parent down it is told", async () => {
    using site = await openVlan();
    const { host } = site;
    const { ifindex, name } = vlanOf(host);
    host.run(host.netns, setLink({ link: { ifindex, name }, state: "down" }));
    expect(await outcomes(site)).toEqual(["parent-down done"]);
    expect(vlanOf(host).state).toBe("up");
  });
});

test("the link of an endpoint that a runtime moves is not made anew: the runtime would not know", async () => {
  using site = await openBusySite();
  const { host } = site;
  const runtimeId = "a".repeat(64);
  must(await host.engine.handover.prepare({ network: lan, runtimeId, addresses: [] }));
  await nextTurn();
  removeParent(host);
  remakeParent(host);
  expect((await outcomes(site)).toSorted()).toEqual([
    "link-missing done",
    "link-missing done",
    "sandbox-gone done",
  ]);
  expect(
    childrenIn(host.kernel)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(["eth0", "eth1"]);
});

test("a configuration's network on which nothing hangs misses no parent", async () => {
  using host = openFakeHost();
  const { attachments } = host.engine;
  const spec = podsSpec({ parent: "p9" as IfName });
  must(await attachments.ensureNetwork(spec));
  expect(await told(host)).toEqual([]);
  const origin = { kind: "cni", name: "others", digest: "d" } as const;
  const others = { name: "cni-others" as NetworkName, origin };
  const { name } = must(await attachments.ensureNetwork(podsSpec(others)));
  must(await attachments.add({ ...addRequest(host.sandbox()), network: name }));
  removeParent(host);
  expect(await told(host)).toEqual(["network parent-missing none"]);
  must(await attachments.remove(key("c1")));
  expect(await told(host)).toEqual([]);
});
