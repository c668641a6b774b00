/** Whatever request goes wrong while a link is handed over or withdrawn, nothing is in between. */
import { describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Ip, parseIp } from "../src/addr/index.ts";
import { err } from "../src/base/index.ts";
import { type IfName, isolatedParent, type NetworkName } from "../src/domain/index.ts";
import { openEngine } from "../src/engine/index.ts";
import { type Store, stateFull } from "../src/store/index.ts";
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
import { codeOf, must } from "./support/must.ts";

const id = "d".repeat(64);
const addresses: readonly Ip[] = ["10.0.0.9", "fd00::9"].map((text) => must(parseIp(text)));
const lan = "lan" as NetworkName;

/** With its outcome, which comes after the answer. */
async function prepare({ engine }: Pick<FakeHost, "engine">) {
  const answer = await engine.handover.prepare({ network: lan, runtimeId: id, addresses });
  await nextTurn();
  return answer;
}
const withdraw = ({ engine }: FakeHost) => engine.handover.withdraw(id);
const stateOf = async (host: FakeHost) => [host.kernel.describe(), await bookOf(host.store)];

/** The book holds the endpoint and the kernel its link, or neither does. */
async function expectAgreement(host: FakeHost, at: unknown): Promise<void> {
  const { endpoints, leases, operations } = await bookOf(host.store);
  const links = childrenIn(host.kernel).map(({ alias }) => alias);
  expect([at, links]).toEqual([at, endpoints.map(({ link }) => link.alias)]);
  expect([at, leases.length, operations]).toEqual([at, 2 * endpoints.length, []]);
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  for (const kind of ["refused", "unheard"] as const) {
    test(`whichever request of a handover is ${kind}, kernel and book are as before`, async () => {
      using host = openFakeHost(storeKind);
      must(await host.engine.createNetwork(network()));
      const before = await stateOf(host);
      const walked = await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { result, end } = await withFault(host, fault, () => prepare(host));
        await expectAgreement(host, [at, codeOf(result)]);
        if (result.ok) must(await withdraw(host));
        expect([at, (await stateOf(host))[0]]).toEqual([at, before[0]]);
        return end;
      });
      expect(walked).toBeGreaterThan(3);
    });

    test(`whichever request of a withdrawal is ${kind}, it is there or gone`, async () => {
      using host = openFakeHost(storeKind);
      must(await host.engine.createNetwork(network()));
      const walked = await walk(async (at) => {
        must(await prepare(host));
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { result, end } = await withFault(host, fault, () => withdraw(host));
        await expectAgreement(host, [at, codeOf(result)]);
        must(await withdraw(host));
        expect((await bookOf(host.store)).endpoints).toEqual([]);
        return end;
      });
      expect(walked).toBeGreaterThan(1);
    });
  }
});

test.each(["refused", "unheard"] as const)(
  "whichever request of a network without a LAN is %s, all is there or nothing",
  async (kind) => {
    using host = openFakeHost();
    const parent = isolatedParent("0123456789ab");
    const spec = { ...network({ parent }), parent: parent as IfName, parentLink: "made" as const };
    const before = await stateOf(host);
    const walked = await walk(async (at) => {
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(host, fault, () => host.engine.createNetwork(spec));
      if (result.ok) must(await host.engine.removeNetwork(lan));
      expect([at, await stateOf(host)]).toEqual([at, before]);
      return end;
    });
    expect(walked).toBeGreaterThan(4);
    const removed = await walk(async (at) => {
      must(await host.engine.createNetwork(spec));
      const fault = { kind, errno: "ENOMEM", at } as const;
      const { result, end } = await withFault(host, fault, () => host.engine.removeNetwork(lan));
      if (!result.ok) must(await host.engine.removeNetwork(lan));
      expect([at, await stateOf(host)]).toEqual([at, before]);
      return end;
    });
    expect(removed).toBeGreaterThan(1);
  },
);

/** A store that tells what of the book a power cut would leave. */
function withDisk(host: FakeHost) {
  const commits: string[] = [];
  let left = bookOf(host.store);
  let persisted: ReturnType<Store["persist"]> | undefined;
  const store: Store = {
    ...host.store,
    transact: async (decide, survives = "power-cut") => {
      const before = await bookOf(host.store);
      const done = await host.store.transact(decide, survives);
      const after = bookOf(host.store);
      if (!Bun.deepEquals(await after, before)) commits.push(survives);
      if (survives === "power-cut") left = after;
      if (survives === "once-persisted") persisted = undefined;
      return done;
    },
    persist: () => {
      persisted ??= onDisk();
      return persisted;
    },
  };
  const onDisk: Store["persist"] = async () => {
    const committed = bookOf(host.store);
    const done = await host.store.persist();
    // A disk takes its time: who does not wait for it is seen.
    await Bun.sleep(50);
    if (done.ok) left = committed;
    return done;
  };
  return { store, commits, left: async () => (await left).endpoints.map(({ state }) => state) };
}

test("what survives a power cut is what was given, until the next is", async () => {
  using host = openFakeHost("memory");
  must(await host.engine.createNetwork(network()));
  const { store, commits, left } = withDisk(host);
  const engine = openEngine({ platform: host.platform, hostNamespace: host.netns, store });
  must(await prepare({ engine }));
  expect(commits.splice(0)).toEqual(["once-persisted", "process-end"]);
  must(await engine.handover.expectIn(id, "/run/docker/netns/1"));
  // Nobody waits for the disk where a runtime moves the link, but it has it soon.
  expect(await left()).toEqual([]);
  await Bun.sleep(100);
  expect(await left()).toEqual(["attaching"]);
  // Nobody needs the path when the power has been away.
  expect(commits.splice(0)).toEqual(["process-end"]);
  // What a power cut brings back is of another boot then.
  must(await engine.handover.withdraw(id));
  expect(commits.splice(0)).toEqual(["once-persisted", "process-end"]);
  expect(await left()).toEqual(["attaching"]);
  using sandbox = host.sandbox();
  must(await engine.attach(request(sandbox)));
  // This one, and no longer what was withdrawn.
  expect(await left()).toEqual(["attaching"]);
  expect(commits.splice(0)).toEqual(["once-persisted", "process-end"]);
});

test("where the disk refuses, no endpoint is said to be there", async () => {
  using host = openFakeHost("memory");
  must(await host.engine.createNetwork(network()));
  const refusal = stateFull({ path: "landfall.db-wal", code: "ENOSPC", message: "full" });
  const store: Store = { ...host.store, persist: async () => err(refusal) };
  const engine = openEngine({ platform: host.platform, hostNamespace: host.netns, store });
  using sandbox = host.sandbox();
  expect(codeOf(await engine.attach(request(sandbox)))).toBe(refusal.code);
  expect(childrenIn(host.kernel)).toEqual([]);
  must(await host.engine.attach(request(sandbox)));
  expect((await bookOf(host.store)).endpoints.map(({ state }) => state)).toEqual(["attached"]);
});

test("where the disk refuses after somebody detached it, nothing of an endpoint is left", async () => {
  using host = openFakeHost("sqlite");
  must(await host.engine.createNetwork(network()));
  const refusal = stateFull({ path: "landfall.db-wal", code: "EIO", message: "broken" });
  const persist: Store["persist"] = async () => {
    await nextTurn();
    for (const { endpoint } of must(await host.engine.listEndpoints())) {
      expect(endpoint.state).toBe("attached");
      must(await host.engine.detach({ kind: "id", id: endpoint.id }));
    }
    return err(refusal);
  };
  const store: Store = { ...host.store, persist };
  const engine = openEngine({ platform: host.platform, hostNamespace: host.netns, store });
  using sandbox = host.sandbox();
  expect(codeOf(await engine.attach(request(sandbox)))).toBe(refusal.code);
  expect(childrenIn(host.kernel)).toEqual([]);
  expect((await bookOf(host.store)).endpoints).toEqual([]);
});

test("where the book cannot be read, an endpoint is not said to be gone", async () => {
  using host = openFakeHost("memory");
  must(await host.engine.createNetwork(network()));
  must(await prepare(host));
  const refusal = stateFull({ path: "landfall.db", code: "EIO", message: "unreadable" });
  const store = { ...host.store, read: async () => err(refusal) };
  const engine = openEngine({ platform: host.platform, hostNamespace: host.netns, store });
  expect(codeOf(await engine.handover.withdraw(id))).toBe(refusal.code);
  expect(childrenIn(host.kernel)).toHaveLength(1);
  must(await withdraw(host));
});
