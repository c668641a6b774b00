import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Ip, parseIp, parsePrefix, parseRange } from "../addr/index.ts";
import { ok, type Problem, type Result } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  IfName,
  Network,
  NetworkId,
  NetworkName,
  SandboxId,
  SegmentName,
  StoreSalt,
  StoreUuid,
} from "../domain/index.ts";
import { memoryStore, type Store } from "../store/index.ts";
import { acquireAddresses, releaseAddresses } from "./acquire.ts";

function must<T>(result: Result<T, Problem>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

const ip = (text: string): Ip => must(parseIp(text));

interface SubnetText {
  readonly prefix: string;
  readonly gateway?: string;
  readonly ranges?: readonly string[];
  readonly exclusions?: readonly string[];
}

function network(name: string, ...subnets: readonly SubnetText[]): Network {
  return {
    id: `net-${name}` as NetworkId,
    name: name as NetworkName,
    segment: "eth0" as SegmentName,
    parent: "eth0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: subnets.map((subnet) => ({
      prefix: must(parsePrefix(subnet.prefix)),
      ranges: (subnet.ranges ?? []).map((text) => must(parseRange(text))),
      exclusions: (subnet.exclusions ?? []).map((text) => must(parseRange(text))),
      ...(subnet.gateway === undefined ? {} : { gateway: ip(subnet.gateway) }),
    })),
    routes: [],
    reach: "routed",
    createdAt: "",
  };
}

function endpoint(id: string): Endpoint {
  return {
    id: id as EndpointId,
    network: "net-lan" as NetworkId,
    sandbox: { id: id as SandboxId, path: "" },
    ifname: "eth0" as IfName,
    link: {
      ifindex: 1,
      temporaryName: "lf" as IfName,
      mac: "" as Endpoint["link"]["mac"],
      alias: "" as Endpoint["link"]["alias"],
    },
    addresses: [],
    gateways: [],
    routes: [],
    state: "attached",
    createdAt: "",
  };
}

async function storeWith(...networks: readonly Network[]): Promise<Store> {
  const store = memoryStore({ uuid: "u" as StoreUuid, salt: "s" as StoreSalt });
  await store.transact((tx) => {
    for (const row of networks) tx.networks.insert(row);
    return ok();
  });
  return store;
}

let count = 0;

/** What an endpoint is given, or the code of the problem. */
async function acquire(
  store: Store,
  from: Network,
  options: { requested?: readonly string[]; host?: readonly string[]; id?: string } = {},
): Promise<string> {
  count += 1;
  const id = options.id ?? `ep-${count}`;
  const result = await store.transact((tx) => {
    tx.endpoints.insert(endpoint(id));
    return acquireAddresses(tx, {
      network: from,
      endpoint: id as EndpointId,
      requested: (options.requested ?? []).map(ip),
      hostAddresses: (options.host ?? []).map(ip),
      now: "",
    });
  });
  return result.ok ? result.value.join(" ") : result.error.code;
}

async function release(store: Store, id: string): Promise<void> {
  await store.transact((tx) => {
    releaseAddresses(tx, id as EndpointId);
    tx.endpoints.remove(id as EndpointId);
    return ok();
  });
}

test("the first address of a range is given first, with the length of the prefix", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/24", ranges: ["10.0.0.100-10.0.0.101"] });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.100/24");
  expect(await acquire(store, lan)).toBe("10.0.0.101/24");
  expect(await acquire(store, lan)).toBe("LF-POOL-EXHAUSTED");
});

test("network, broadcast, gateway, host and excluded addresses are never given", async () => {
  const lan = network("lan", {
    prefix: "10.0.0.0/29",
    gateway: "10.0.0.1",
    exclusions: ["10.0.0.4-10.0.0.5"],
  });
  const store = await storeWith(lan);
  const host = ["10.0.0.2"];
  expect(await acquire(store, lan, { host })).toBe("10.0.0.3/29");
  expect(await acquire(store, lan, { host })).toBe("10.0.0.6/29");
  expect(await acquire(store, lan, { host })).toBe("LF-POOL-EXHAUSTED");
  const refused = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.7", "10.0.1.1"];
  for (const address of refused) {
    expect(await acquire(store, lan, { requested: [address], host })).toBe("LF-ADDRESS-UNUSABLE");
  }
});

test("a freed address rests while the pool has others", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/24", ranges: ["10.0.0.1-10.0.0.3"] });
  const store = await storeWith(lan);
  expect(await acquire(store, lan, { id: "a" })).toBe("10.0.0.1/24");
  await release(store, "a");
  expect(await acquire(store, lan)).toBe("10.0.0.2/24");
  expect(await acquire(store, lan)).toBe("10.0.0.3/24");
  expect(await acquire(store, lan)).toBe("10.0.0.1/24");
});

test("an address asked for may lie outside the ranges, has one owner, and comes back when freed", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/24", ranges: ["10.0.0.100-10.0.0.200"] });
  const store = await storeWith(lan);
  expect(await acquire(store, lan, { requested: ["10.0.0.7"], id: "b" })).toBe("10.0.0.7/24");
  expect(await acquire(store, lan, { requested: ["10.0.0.7"] })).toBe("LF-ADDRESS-TAKEN");
  await release(store, "b");
  expect(await acquire(store, lan, { requested: ["10.0.0.7"] })).toBe("10.0.0.7/24");
});

test("each IP version of the network gives one address; one asked for replaces its version", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/24" }, { prefix: "fd00::/64" });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.1/24 fd00::1/64");
  expect(await acquire(store, lan, { requested: ["fd00::99"] })).toBe("fd00::99/64 10.0.0.2/24");
});

test("two networks on one prefix share the book and each other's gateways", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/29", gateway: "10.0.0.1" });
  const dmz = network("dmz", { prefix: "10.0.0.0/29", gateway: "10.0.0.3" });
  const store = await storeWith(lan, dmz);
  expect(await acquire(store, lan)).toBe("10.0.0.2/29");
  expect(await acquire(store, dmz)).toBe("10.0.0.4/29");
  expect(await acquire(store, dmz, { requested: ["10.0.0.2"] })).toBe("LF-ADDRESS-TAKEN");
  expect(await acquire(store, lan, { requested: ["10.0.0.3"] })).toBe("LF-ADDRESS-UNUSABLE");
});

test("a second subnet of the same version is used when the first is full", async () => {
  const lan = network(
    "lan",
    { prefix: "10.0.0.0/30", gateway: "10.0.0.1" },
    { prefix: "10.9.0.0/30" },
  );
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.2/30");
  expect(await acquire(store, lan)).toBe("10.9.0.1/30");
});

test("a /8 and a /64 are as quick to begin with as a /30", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/8" }, { prefix: "fd00::/64" });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.1/8 fd00::1/64");
});

/** The rules, said as plainly as possible: a set of numbers, scanned from the last one given. */
class NaivePool {
  readonly #members: readonly number[];
  readonly #owners = new Map<number, string>();
  #last = -1;

  constructor(members: readonly number[]) {
    this.#members = members;
  }

  acquire(owner: string): number | undefined {
    const order = [
      ...this.#members.filter((n) => n > this.#last),
      ...this.#members.filter((n) => n <= this.#last),
    ];
    const free = order.find((n) => !this.#owners.has(n));
    if (free === undefined) return undefined;
    this.#last = free;
    this.#owners.set(free, owner);
    return free;
  }

  release(owner: string): void {
    for (const [n, holder] of this.#owners) if (holder === owner) this.#owners.delete(n);
  }
}

test("any sequence of taking and freeing agrees with the plain rules", async () => {
  const commands = fc.array(
    fc.oneof(fc.constant("take" as const), fc.integer({ min: 0, max: 20 })),
    { maxLength: 60 },
  );
  const ranges = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(commands, ranges, async (sequence, members) => {
      const texts = members.map((n) => `10.0.0.${n}`);
      const lan = network("lan", {
        prefix: "10.0.0.0/28",
        ranges: texts,
        exclusions: ["10.0.0.5"],
      });
      const store = await storeWith(lan);
      const naive = new NaivePool(
        members.filter((n) => n !== 0 && n !== 15 && n !== 5).sort((a, b) => a - b),
      );
      const living: string[] = [];
      for (const [step, command] of sequence.entries()) {
        if (command === "take") {
          const id = `p-${step}`;
          const expected = naive.acquire(id);
          const got = await acquire(store, lan, { id });
          expect(got).toBe(expected === undefined ? "LF-POOL-EXHAUSTED" : `10.0.0.${expected}/28`);
          if (expected !== undefined) living.push(id);
        } else {
          const id = living.splice(command % Math.max(1, living.length), 1)[0];
          if (id === undefined) continue;
          naive.release(id);
          await release(store, id);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("the leases in the book are the addresses that were given", async () => {
  const lan = network("lan", { prefix: "10.0.0.0/24" });
  const store = await storeWith(lan);
  const given = [await acquire(store, lan), await acquire(store, lan)];
  const leases = must(await store.transact((tx) => ok(tx.leases.bySegment(lan.segment))));
  expect(leases.map((lease) => `${lease.address}/24`)).toEqual(given);
});
