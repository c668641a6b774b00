/**
 * Every request of an attach and a detach goes wrong in turn. Afterwards kernel and book are as
 * before, or as after: never in between, and never at odds with each other.
 */
import { describe, expect, test } from "bun:test";
import { defined, err } from "../src/base/index.ts";
import { openEngine } from "../src/engine/index.ts";
import { setLink } from "../src/netlink/index.ts";
import { faultyPlatform, type NetnsHandle } from "../src/platform/index.ts";
import { type Store, stateUnusable } from "../src/store/index.ts";
import {
  bookOf,
  childrenIn,
  type FakeHost,
  network,
  openFakeHost,
  request,
  storeKinds,
} from "./support/fake-host.ts";
import type { KernelFault } from "./support/fake-kernel.ts";
import { walk, withFault } from "./support/fault-walk.ts";
import { codeOf, must } from "./support/must.ts";

const errnos = ["EBUSY", "EEXIST", "EINTR", "EIO", "ENOBUFS", "ENOMEM", "EPERM"] as const;
const diskFull = stateUnusable({ path: "landfall.db", code: "SQLITE_FULL", message: "full" });

interface Site extends Disposable {
  readonly host: FakeHost;
  readonly sandbox: NetnsHandle;
}

async function openSite(
  storeKind: (typeof storeKinds)[number] = "memory",
  parent: "up" | "down" | "late" = "up",
): Promise<Site> {
  const host = openFakeHost(storeKind);
  const lan = network({ gateways: ["10.0.0.1", "fd00::1"], ranges: ["10.0.0.100-10.0.0.103"] });
  if (parent === "late") host.run(host.netns, setLink({ link: p0, name: "later0" }));
  must(await host.engine.createNetwork(lan));
  if (parent === "late") host.run(host.netns, setLink({ link: p0, name: "p0" }));
  if (parent === "down") host.run(host.netns, setLink({ link: p0, state: "down" }));
  return { host, sandbox: host.sandbox(), [Symbol.dispose]: () => host[Symbol.dispose]() };
}

const p0 = { ifindex: 2, name: "p0" };

const stateOf = async ({ host }: Site) => [host.kernel.describe(), await bookOf(host.store)];

const attach = ({ host, sandbox }: Site, engine = host.engine) => engine.attach(request(sandbox));

/** Detaches the one endpoint that there is, by its id. */
async function detach({ host }: Site, engine = host.engine) {
  const [endpoint] = (await bookOf(host.store)).endpoints;
  return engine.detach({ kind: "id", id: defined(endpoint, "an endpoint").id });
}

/** The book holds the endpoint with its addresses, and the kernel its link; or neither does. */
async function expectAgreement({ host }: Site, at: unknown): Promise<void> {
  const { endpoints, leases, operations } = await bookOf(host.store);
  const links = childrenIn(host.kernel).map(({ alias, state }) => `${alias} ${state}`);
  expect([at, links]).toEqual([at, endpoints.map(({ link }) => `${link.alias} up`)]);
  expect([at, ...endpoints.map(({ state }) => state)]).toEqual([
    at,
    ...links.map(() => "attached"),
  ]);
  expect([at, leases.length, operations]).toEqual([at, 2 * endpoints.length, []]);
}

async function walkAttach(site: Site, fault: Omit<KernelFault, "at">): Promise<number> {
  const before = await stateOf(site);
  return await walk(async (at) => {
    const { result, end } = await withFault(site.host, { ...fault, at }, () => attach(site));
    await expectAgreement(site, [at, codeOf(result)]);
    if (result.ok) must(await detach(site));
    expect([at, await stateOf(site)]).toEqual([at, before]);
    return end;
  });
}

async function walkDetach(site: Site, fault: Omit<KernelFault, "at">): Promise<number> {
  const before = await stateOf(site);
  return await walk(async (at) => {
    must(await attach(site));
    const { result, end } = await withFault(site.host, { ...fault, at }, () => detach(site));
    await expectAgreement(site, [at, codeOf(result)]);
    if (!result.ok) must(await detach(site));
    expect([at, await stateOf(site)]).toEqual([at, before]);
    return end;
  });
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  for (const kind of ["refused", "unheard"] as const) {
    test(`whichever request of an attach is ${kind}, kernel and book are as before`, async () => {
      using site = await openSite(storeKind);
      expect(await walkAttach(site, { kind, errno: "ENOMEM" })).toBeGreaterThan(12);
    });

    test(`whichever request of a detach is ${kind}, the endpoint is attached or gone`, async () => {
      using site = await openSite(storeKind);
      expect(await walkDetach(site, { kind, errno: "ENOMEM" })).toBeGreaterThan(1);
    });
  }
});

test("on a parent that is down, attach and detach are as whole as on one that is up", async () => {
  using site = await openSite("memory", "down");
  expect(await walkAttach(site, { kind: "refused", errno: "ENOMEM" })).toBeGreaterThan(12);
  expect(await walkDetach(site, { kind: "refused", errno: "ENOMEM" })).toBeGreaterThan(1);
});

test("a failed attach leaves the checks of a late parent as due as they were", async () => {
  using site = await openSite("memory", "late");
  const before = await stateOf(site);
  const walked = await walk(async (at) => {
    const fault = { kind: "refused", errno: "ENOMEM", at } as const;
    const { result, end } = await withFault(site.host, fault, () => attach(site));
    if (!result.ok) expect([at, await stateOf(site)]).toEqual([at, before]);
    return end;
  });
  expect(walked).toBeGreaterThan(12);
  expect((await bookOf(site.host.store)).networks[0]).not.toHaveProperty("parentChecks");
});

for (const errno of errnos) {
  test(`${errno} at any request leaves an attach undone and a detach whole`, async () => {
    using site = await openSite();
    expect(await walkAttach(site, { kind: "refused", errno })).toBeGreaterThan(12);
    expect(await walkDetach(site, { kind: "refused", errno })).toBeGreaterThan(1);
  });

  test(`${errno} of any system call leaves an attach undone and a detach whole`, async () => {
    using site = await openSite();
    const before = await stateOf(site);
    const { host } = site;
    const walked = await walk(async (failAt) => {
      const faulty = faultyPlatform(host.platform, { failAt, errno });
      const attached = await attach(site, host.engineOn(faulty));
      await expectAgreement(site, [failAt, codeOf(attached)]);
      if (!attached.ok) must(await attach(site));
      const again = faultyPlatform(host.platform, { failAt, errno });
      const detached = await detach(site, host.engineOn(again));
      await expectAgreement(site, [failAt, codeOf(detached)]);
      if (!detached.ok) must(await detach(site));
      expect([failAt, await stateOf(site)]).toEqual([failAt, before]);
      return attached.ok && detached.ok ? "passed" : "reached";
    });
    expect(walked).toBeGreaterThan(8);
  });
}

test("what cannot be undone stays in the book, and its addresses with it", async () => {
  using site = await openSite();
  const { host } = site;
  const free = await stateOf(site);
  const walked = await walk(async (at) => {
    const fault = { kind: "stuck", errno: "EIO", at } as const;
    const { result, end } = await withFault(host, fault, () => attach(site));
    const { endpoints, leases } = await bookOf(host.store);
    const links = childrenIn(host.kernel);
    const known = endpoints.map(({ link }) => link.ifindex);
    for (const { ifindex } of links) expect([at, known]).toEqual([at, [ifindex]]);
    expect([at, leases.length]).toEqual([at, 2 * endpoints.length]);
    if (endpoints.length === 0) expect([at, await stateOf(site)]).toEqual([at, free]);
    if (result.ok || endpoints.length === 0) {
      if (result.ok) must(await detach(site));
      return end;
    }
    // Nobody gets its addresses, until the next run of anything ends what is left.
    must(await host.engine.reconcile());
    expect([at, await stateOf(site)]).toEqual([at, free]);
    return end;
  });
  expect(walked).toBeGreaterThan(12);
});

test("an outcome that cannot be recorded takes the link away and leaves the intent", async () => {
  using site = await openSite();
  const { host } = site;
  const before = host.kernel.describe();
  const failing: Store = {
    ...host.store,
    transact: async (decide) => {
      const { operations } = await bookOf(host.store);
      return operations.length > 0 ? err(diskFull) : host.store.transact(decide);
    },
  };
  const { platform, netns } = host;
  const engine = openEngine({ platform, hostNamespace: netns, store: failing });
  expect(codeOf(await attach(site, engine))).toBe("LF-STATE-UNUSABLE");
  expect(host.kernel.describe()).toEqual(before);
  const { endpoints, operations, leases } = await bookOf(host.store);
  expect(endpoints.map(({ state }) => state)).toEqual(["attaching"]);
  expect([operations.length, leases.length]).toEqual([1, 2]);
});

test("a sandbox that cannot be opened just now is not taken for gone", async () => {
  for (const errno of ["EACCES", "EMFILE", "ENOMEM"]) {
    using site = await openSite();
    const { host, sandbox } = site;
    const { endpoint } = must(await attach(site));
    // A link that is down is in no filter, so only the namespace itself tells that it is there.
    host.run(sandbox, setLink({ link: endpoint.link, state: "down" }));
    const before = await stateOf(site);
    const engine = host.engineOn(faultyPlatform(host.platform, { failAt: 1, errno }));
    expect(codeOf(await detach(site, engine))).not.toBe("done");
    expect(await stateOf(site)).toEqual(before);
    expect(codeOf(await detach(site))).toBe("done");
  }
});
