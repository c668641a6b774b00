/**
 * An attachment whose addresses come when its link is there, as those of DHCP do: whatever goes
 * wrong, kernel and book agree, and a removal leaves both as they were.
 */
import { expect, test } from "bun:test";
import { interfaceAddressIp, type Prefix } from "../src/addr/index.ts";
import { type LocalEngine, memoryLocks, openEngine } from "../src/engine/index.ts";
import { addRequest, given, ip, key, podsSpec } from "./support/attachments.ts";
import { bookOf, childrenIn, openFakeHost } from "./support/fake-host.ts";
import { walk, walkRefusals, withFault } from "./support/fault-walk.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { codeOf, must } from "./support/must.ts";

const leased = [given("10.0.0.77/24", "10.0.0.1"), given("fd00::77/64")];

async function openSite() {
  const host = openFakeHost("memory");
  must(await host.engine.attachments.ensureNetwork(podsSpec()));
  const sandbox = host.sandbox();
  const bare = addRequest(sandbox, { addressing: { kind: "none" }, routes: [] });
  const addressing = { kind: "given", addresses: leased } as const;
  const routes = [{ to: "0.0.0.0/0" as Prefix, via: ip("10.0.0.1") }];
  const locks = memoryLocks();
  const { platform, netns: hostNamespace, store } = host;
  const living = openEngine({ platform, hostNamespace, store, locks });
  return {
    host,
    living,
    add: (engine: LocalEngine = living) => engine.attachments.add(bare),
    assign: (engine: LocalEngine = living) =>
      engine.attachments.assign({ key: bare.key, sandbox: bare.sandbox, addressing, routes }),
    remove: () => living.attachments.remove(key("c1")),
    mortal: (killer: Killer) =>
      openEngine({
        platform: killer.platform(platform),
        store: killer.store(store),
        ...{ hostNamespace, locks },
      }),
    stateOf: async () => [host.kernel.describe(), await bookOf(host.store)],
    /** How many addresses the link, its endpoint and the leases have; undefined without a link. */
    agreed: async (at: unknown) => {
      const { endpoints, leases, operations } = await bookOf(host.store);
      const links = childrenIn(host.kernel);
      expect([at, links.map(({ alias }) => alias as string), operations]).toEqual([
        at,
        endpoints.map(({ link }) => link.alias),
        [],
      ]);
      const [endpoint] = endpoints;
      expect([at, leases.length]).toEqual([at, endpoint?.addresses.length ?? 0]);
      return endpoint?.addresses.length;
    },
    [Symbol.dispose]: () => host[Symbol.dispose](),
  };
}

test("what is assigned is on the link and in the book", async () => {
  using site = await openSite();
  must(await site.add());
  expect(await site.agreed("bare")).toBe(0);
  const attached = must(await site.assign());
  expect(attached.addresses).toEqual(leased);
  expect(await site.agreed("assigned")).toBe(2);
  const shown = JSON.stringify(site.host.kernel.describe());
  for (const { address } of leased) expect(shown).toContain(interfaceAddressIp(address));
  // What has addresses is not given any.
  expect(codeOf(await site.assign())).toBe("LF-ENDPOINT-MISSING");
  expect(await site.agreed("again")).toBe(2);
});

for (const kind of ["refused", "unheard"] as const) {
  test(`whichever request of the kernel is ${kind}, all of it is there, the link alone, or nothing`, async () => {
    using site = await openSite();
    const before = await site.stateOf();
    const walked = await walk(async (at) => {
      must(await site.add());
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(site.host, fault, () => site.assign());
      const addresses = await site.agreed([at, codeOf(result)]);
      expect([at, result.ok ? [2] : [undefined, 0]]).toEqual([
        at,
        expect.arrayContaining([addresses]),
      ]);
      must(await site.remove());
      expect([at, await site.stateOf()]).toEqual([at, before]);
      return end;
    });
    expect(walked).toBeGreaterThan(4);
  });
}

test("whichever sysctl or request is refused, the same holds", async () => {
  using site = await openSite();
  const before = await site.stateOf();
  const walked = await walkRefusals(site.host.platform, async (faulty, at) => {
    must(await site.add());
    const result = await site.assign(site.host.engineOn(faulty));
    await site.agreed([at, codeOf(result)]);
    must(await site.remove());
    expect([at, await site.stateOf()]).toEqual([at, before]);
    return at <= faulty.requests() ? "reached" : "passed";
  });
  expect(walked).toBeGreaterThan(4);
});

test.each(["remove", "reconcile"] as const)(
  "an assignment killed at any point is ended by %s",
  async (by) => {
    const seen = new Set<number | undefined>();
    let at = 1;
    for (; at < 200; at++) {
      using site = await openSite();
      const before = await site.stateOf();
      must(await site.add());
      const end = await outcomeOf(site.assign(site.mortal(new Killer(at))));
      if (by === "reconcile") {
        must(await site.living.reconcile());
        seen.add(await site.agreed([at, "reconciled"]));
      }
      must(await site.remove());
      expect([at, await site.stateOf()]).toEqual([at, before]);
      if (end === "ended") break;
    }
    expect(at).toBeGreaterThan(8);
    // Before its intent it is bare, after that undone, and at the end complete.
    if (by === "reconcile") expect(seen).toEqual(new Set([0, undefined, 2]));
  },
);
