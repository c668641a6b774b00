import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Ip,
  ipFromBigint,
  type Mac,
  type Prefix,
  parseIp,
  parsePrefix,
} from "../addr/index.ts";
import { err, millis, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointId,
  type IfName,
  type Lease,
  type Network,
  type NetworkId,
  type NetworkName,
  type NetworkUpdate,
  networkExists,
  type OperationId,
  type SandboxId,
  type SegmentName,
} from "../domain/index.ts";
import type { Store, Transaction } from "./store.ts";

/** The value of a success; a failure is a failed test with the error in its message. */
export function must<T>(result: Result<T, Problem>): T {
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

export const segment = "eth0" as SegmentName;
export const prefix: Prefix = must(parsePrefix("10.0.0.0/24"));
export const ip = (text: string): Ip => must(parseIp(text));

export function network(id: string, name: string): Network {
  return {
    id: id as NetworkId,
    name: name as NetworkName,
    segment,
    parent: "eth0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [{ prefix, ranges: [{ version: 4, first: 1n, last: 2n }], exclusions: [] }],
    routes: [],
    reach: "routed",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

/** That of every endpoint here. */
export const macOfAll = "02:00:00:00:00:01" as Mac;

export function endpoint(id: string, sandbox: string, ifname = "eth0"): Endpoint {
  return {
    id: id as EndpointId,
    network: "net-1" as NetworkId,
    sandbox: { id: sandbox as SandboxId, path: `/run/netns/${sandbox}` },
    ifname: ifname as IfName,
    link: {
      ifindex: 7,
      madeAs: "lfx" as IfName,
      mac: macOfAll,
      alias: "landfall:u:ep" as Endpoint["link"]["alias"],
    },
    addresses: [],
    gateways: [],
    routes: [],
    state: "attached",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

export function lease(address: Ip, owner = "ep-1"): Lease {
  return {
    segment,
    address,
    prefix,
    network: "net-1" as NetworkId,
    endpoint: owner as EndpointId,
    origin: "pool",
    acquiredAt: "2026-01-01T00:00:00.000Z",
  };
}

/** Runs `work` in a transaction that commits. */
export async function write(store: Store, work: (tx: Transaction) => void): Promise<void> {
  must(
    await store.transact((tx) => {
      work(tx);
      return ok();
    }),
  );
}

export async function read<T>(store: Store, ask: (tx: Transaction) => T): Promise<T> {
  return must(await store.transact((tx) => ok(ask(tx))));
}

/** What every implementation of Store promises. `open` makes a new, empty one. */
export function storeContract(name: string, open: () => Store): void {
  describe(`${name} keeps the store contract`, () => {
    transactionContract(open);
    lookUpContract(open);
    leaseContract(open);
  });
}

function transactionContract(open: () => Store): void {
  test("a committed row is read back as it was written, numbers of any size included", async () => {
    const store = open();
    await write(store, (tx) => tx.networks.insert(network("net-1", "lan")));
    expect(await read(store, (tx) => tx.networks.get("net-1" as NetworkId))).toEqual(
      network("net-1", "lan"),
    );
    store.close();
  });

  test("an Err leaves everything as it was", async () => {
    const store = open();
    const problem = networkExists({ network: "lan" });
    const result = await store.transact((tx) => {
      tx.networks.insert(network("net-1", "lan"));
      return err(problem);
    });
    expect(result).toEqual(err(problem));
    expect(await read(store, (tx) => tx.networks.all())).toEqual([]);
    store.close();
  });

  test("a throw leaves everything as it was, and is not swallowed", async () => {
    const store = open();
    const work = store.transact((tx) => {
      tx.networks.insert(network("net-1", "lan"));
      throw new Error("a bug");
    });
    expect(work).rejects.toThrow("a bug");
    await work.catch(() => {});
    expect(await read(store, (tx) => tx.networks.all())).toEqual([]);
    store.close();
  });

  test("who only reads sees what was committed, and their Err or throw harms nobody", async () => {
    const store = open();
    const names = () => store.read((book) => ok(book.networks.all().map((row) => row.name)));
    expect(must(await names())).toEqual([]);
    await write(store, (tx) => tx.networks.insert(network("net-1", "lan")));
    const problem = networkExists({ network: "lan" });
    expect(await store.read(() => err(problem))).toEqual(err(problem));
    const thrown = store.read(() => {
      throw new Error("a bug");
    });
    expect(thrown).rejects.toThrow("a bug");
    await thrown.catch(() => {});
    await write(store, (tx) => tx.networks.insert(network("net-2", "other")));
    expect(must<readonly string[]>(await names())).toEqual(["lan", "other"]);
    store.close();
  });

  test("writes are seen by later reads of the same transaction", async () => {
    const store = open();
    await write(store, (tx) => {
      tx.networks.insert(network("net-1", "lan"));
      expect(tx.networks.byName("lan" as NetworkName)?.id).toBe("net-1" as NetworkId);
      tx.networks.remove("net-1" as NetworkId);
      expect(tx.networks.byName("lan" as NetworkName)).toBeUndefined();
    });
    store.close();
  });

  test("writing against the state of a table is a bug", async () => {
    const store = open();
    await write(store, (tx) => tx.networks.insert(network("net-1", "lan")));
    const wrong: readonly ((tx: Transaction) => void)[] = [
      (tx) => tx.networks.insert(network("net-1", "other")),
      (tx) => tx.networks.insert(network("net-2", "lan")),
      (tx) => tx.networks.replace(network("net-3", "third")),
      (tx) => tx.networks.remove("net-3" as NetworkId),
      (tx) => tx.leases.remove(segment, ip("10.0.0.9")),
    ];
    for (const work of wrong) {
      const outcome = await write(store, work).then(
        () => "committed",
        () => "thrown",
      );
      expect(outcome).toBe("thrown");
    }
    expect(await read(store, (tx) => tx.networks.all().length)).toBe(1);
    store.close();
  });
}

export function update(id: string, network = "net-1"): NetworkUpdate {
  return {
    kind: "update-network",
    id: id as OperationId,
    network: network as NetworkId,
    before: { kind: "macvlan", mode: "bridge" },
    after: { kind: "macvlan", mode: "vepa" },
    bootId: "boot",
    startedAt: millis(1),
    deadline: millis(2),
  };
}

function lookUpContract(open: () => Store): void {
  test("rows are found by what they are looked up by", async () => {
    const store = open();
    await write(store, (tx) => {
      tx.networks.insert(network("net-1", "lan"));
      tx.networks.insert({ ...network("net-2", "dmz"), segment: "eth1" as SegmentName });
      tx.endpoints.insert(endpoint("ep-1", "a"));
      tx.endpoints.insert(endpoint("ep-2", "a", "eth1"));
    });
    const found = await read(store, (tx) => ({
      bySegment: tx.networks.bySegment("eth1" as SegmentName).map((row) => row.name),
      byNetwork: tx.endpoints.byNetwork("net-1" as NetworkId).map((row) => row.id),
      byOwner: tx.endpoints.byOwner("a" as SandboxId, "eth1" as IfName)?.id,
      byMac: tx.endpoints.byMac(macOfAll).map((row) => row.id),
      bySandbox: tx.endpoints.bySandbox("a" as SandboxId).map((row) => row.id),
      nobody: tx.endpoints.byOwner("b" as SandboxId, "eth1" as IfName),
    }));
    expect(found).toEqual({
      bySegment: ["dmz" as NetworkName],
      byNetwork: ["ep-1" as EndpointId, "ep-2" as EndpointId],
      byOwner: "ep-2" as EndpointId,
      byMac: ["ep-1" as EndpointId, "ep-2" as EndpointId],
      bySandbox: ["ep-1" as EndpointId, "ep-2" as EndpointId],
      nobody: undefined,
    });
    store.close();
  });

  test("endpoints are told apart by the boot of their sandbox", async () => {
    const store = await withOwners(open());
    const ours = await read(store, (tx) => tx.endpoints.all().length);
    await write(store, (tx) => {
      for (const [index, sandbox] of ["m/1", "m0/1", "m", "a/1", "n/1", "m/2"].entries()) {
        tx.endpoints.insert(endpoint(`ep-boot${index}`, sandbox));
      }
    });
    const others = await read(store, (tx) => tx.endpoints.ofOtherBoots("m"));
    const strangers = others.map((row) => row.sandbox.id as string);
    expect(strangers.filter((id) => /^[mn]0?\b/.test(id))).toEqual(["m0/1", "m", "n/1"]);
    expect(others).toHaveLength(ours + 4);
    store.close();
  });

  test("operations are found by their network, in the order of their ids", async () => {
    const store = await withOwners(open());
    await write(store, (tx) => {
      for (const id of ["op-2", "op-1"]) tx.operations.insert(update(id));
      tx.operations.insert(update("op-3", "net-2"));
    });
    const idsOn = (id: string) =>
      read(store, (tx) => tx.operations.byNetwork(id as NetworkId).map((row) => row.id as string));
    expect(await idsOn("net-1")).toEqual(["op-1", "op-2"]);
    await write(store, (tx) => tx.operations.remove(update("op-1")));
    expect([await idsOn("net-1"), await idsOn("net-2")]).toEqual([["op-2"], ["op-3"]]);
    const byKey = (id: string) => read(store, (tx) => tx.operations.get(update(id)));
    expect([await byKey("op-2"), await byKey("op-1")]).toEqual([update("op-2"), undefined]);
    store.close();
  });

  test("a replaced row is found by its new values", async () => {
    const store = open();
    await write(store, (tx) => tx.networks.insert(network("net-1", "lan")));
    await write(store, (tx) => {
      tx.networks.replace({ ...network("net-1", "lan"), segment: "eth7" as SegmentName });
    });
    const rows = await read(store, (tx) => tx.networks.bySegment("eth7" as SegmentName));
    expect(rows).toHaveLength(1);
    store.close();
  });

  test("an endpoint is found by what it has now, where only some of that changed", async () => {
    const store = await withOwners(open());
    const moved: Endpoint = { ...endpoint("ep-1", "c", "eth3"), state: "detaching" };
    await write(store, (tx) => tx.endpoints.replace(moved));
    const found = (tx: Transaction, sandbox: string, ifname: string) =>
      tx.endpoints.byOwner(sandbox as SandboxId, ifname as IfName)?.state;
    const seen = await read(store, (tx) => [found(tx, "c", "eth3"), found(tx, "a", "eth0")]);
    expect(seen).toEqual(["detaching", undefined]);
    const { mac: _mac, ...link } = moved.link;
    await write(store, (tx) => tx.endpoints.replace({ ...moved, link }));
    const withMac = await read(store, (tx) => tx.endpoints.byMac(macOfAll).map(({ id }) => id));
    expect(withMac).toEqual(["ep-2" as EndpointId]);
    store.close();
  });
}

/** A network and two endpoints for leases to belong to. */
export async function withOwners(store: Store): Promise<Store> {
  await write(store, (tx) => {
    tx.networks.insert(network("net-1", "lan"));
    tx.endpoints.insert(endpoint("ep-1", "a"));
    tx.endpoints.insert(endpoint("ep-2", "b"));
  });
  return store;
}

function leaseContract(open: () => Store): void {
  test("an address has one lease on a segment", async () => {
    const store = await withOwners(open());
    await write(store, (tx) => tx.leases.insert(lease(ip("10.0.0.5"))));
    const second = write(store, (tx) => tx.leases.insert(lease(ip("10.0.0.5"), "ep-2")));
    const outcome = await second.then(
      () => "committed",
      () => "thrown",
    );
    expect(outcome).toBe("thrown");
    expect(await read(store, (tx) => tx.leases.get(segment, ip("10.0.0.5"))?.endpoint)).toBe(
      "ep-1" as EndpointId,
    );
    store.close();
  });

  test("leases come in the order of their addresses, IPv4 first", async () => {
    const store = await withOwners(open());
    const addresses = ["10.0.0.10", "fd00::1", "10.0.0.9", "fd00::a:0"];
    await write(store, (tx) => {
      for (const text of addresses) tx.leases.insert(lease(ip(text)));
    });
    const order = await read(store, (tx) => tx.leases.bySegment(segment).map((l) => l.address));
    expect(order).toEqual(["10.0.0.9", "10.0.0.10", "fd00::1", "fd00::a:0"].map(ip));
    expect(await read(store, (tx) => tx.leases.byEndpoint("ep-1" as EndpointId).length)).toBe(4);
    store.close();
  });

  test("a cursor is remembered for each prefix, the last one counts", async () => {
    const store = open();
    await write(store, (tx) => {
      tx.leases.setCursor({ segment, prefix, lastGiven: ip("10.0.0.5") });
      tx.leases.setCursor({ segment, prefix, lastGiven: ip("10.0.0.6") });
    });
    const cursor = await read(store, (tx) => tx.leases.cursor(segment, prefix));
    expect(cursor?.lastGiven).toBe(ip("10.0.0.6"));
    expect(
      await read(store, (tx) => tx.leases.cursor("eth9" as SegmentName, prefix)),
    ).toBeUndefined();
    store.close();
  });

  test("the first free address and the count agree with a plain set", async () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { maxLength: 16 });
    const bounds = fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 15 }));
    const base = { 4: 0x0a000000n, 6: 0xfd00n << 112n } as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(4, 6), offsets, bounds, async (version, taken, [x, y]) => {
        const store = await withOwners(open());
        const at = (offset: number): bigint => base[version] + BigInt(offset);
        await write(store, (tx) => {
          for (const n of taken) tx.leases.insert(lease(ipFromBigint(version, at(n))));
        });
        const [low, high] = [Math.min(x, y), Math.max(x, y)];
        const inside = Array.from({ length: high - low + 1 }, (_, i) => low + i);
        const free = inside.find((n) => !taken.includes(n));
        const range = { version, first: at(low), last: at(high) } as const;
        const answer = await read(store, (tx) => ({
          first: tx.leases.firstFree(segment, range),
          count: tx.leases.countWithin(segment, range),
        }));
        expect(answer).toEqual({
          first: free === undefined ? undefined : at(free),
          count: inside.filter((n) => taken.includes(n)).length,
        });
        store.close();
      }),
      { numRuns: 60 },
    );
  });
}
