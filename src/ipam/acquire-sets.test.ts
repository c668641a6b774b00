import { expect, test } from "bun:test";
import {
  parseInterfaceAddress,
  parsePrefix,
  parseRange,
  prefixRange,
  usableRange,
} from "../addr/index.ts";
import { ok } from "../base/index.ts";
import type { EndpointId, Network } from "../domain/index.ts";
import type { Store } from "../store/index.ts";
import { type AddressSet, acquireGiven, acquireSets } from "./acquire-sets.ts";
import { after, ip, must, network, storeWith } from "./testing.ts";

/** Of a configuration: without pools of its own. */
const pods = network("pods", { subnets: [] });

/** As `host-local` fills in its defaults: the first address is the gateway. */
function setOf(prefixes: readonly string[], change: Partial<AddressSet> = {}): AddressSet {
  const pools = prefixes.map((text) => {
    const prefix = must(parsePrefix(text));
    const { version, first } = prefixRange(prefix);
    const { last } = usableRange(prefix);
    const gateway = ip(text.replace(/[:.]0\/\d+$/, (end) => (end[0] === ":" ? ":1" : ".1")));
    return { prefix, range: { version, first: first + 1n, last }, gateway };
  });
  return { index: 0, pools, ...change };
}

let count = 0;

async function acquire(store: Store, set: AddressSet, from: Network = pods): Promise<string> {
  count += 1;
  const given = await store.transact((tx) =>
    acquireSets(
      tx,
      { network: from, endpoint: `ep-${count}` as EndpointId, hostAddresses: [], now: after(0) },
      [set],
    ),
  );
  return given.ok ? given.value.join(" ") : given.error.code;
}

async function taken(store: Store, addresses: readonly string[]): Promise<void> {
  await store.transact((tx) => {
    for (const address of addresses) {
      tx.leases.insert({
        ...{ segment: pods.segment, address: ip(address), prefix: must(parsePrefix("10.0.0.0/8")) },
        ...{ network: pods.id, endpoint: "ep-x" as EndpointId, origin: "pool", acquiredAt: "" },
      });
    }
    return ok();
  });
}

/** What was given last, of all that a set of this prefix has. */
async function given(store: Store, subnet: string, last: string): Promise<void> {
  const prefix = must(parsePrefix(subnet));
  await store.transact((tx) =>
    ok(tx.leases.setCursor({ segment: pods.segment, prefix, lastGiven: ip(last) })),
  );
}

// The cases of host-local's own tests (allocator_test.go), as src/cni/ipam/allocate.test.ts names
// them. What was given back rests here: see "a freed address rests while the pool has others".
test.each([
  ["the first address", ["10.0.0.0/29"], [], "", "10.0.0.2/29"],
  ["the first of IPv6", ["2001:db8:1::0/64"], [], "", "2001:db8:1::2/64"],
  ["the only one", ["10.0.0.0/30"], [], "", "10.0.0.2/30"],
  ["one that is taken is skipped", ["10.0.0.0/29"], ["10.0.0.2"], "", "10.0.0.3/29"],
  ["the one after the last", ["10.0.0.0/29"], [], "10.0.0.5", "10.0.0.6/29"],
  ["and skips", ["10.0.0.0/29"], ["10.0.0.4", "10.0.0.5"], "10.0.0.3", "10.0.0.6/29"],
  ["round to the beginning", ["10.0.0.0/29"], [], "10.0.0.6", "10.0.0.2/29"],
  ["and skips there", ["10.0.0.0/29"], ["10.0.0.2"], "10.0.0.6", "10.0.0.3/29"],
  ["a last one that is outside", ["10.0.0.0/29"], [], "10.0.0.128", "10.0.0.2/29"],
  [
    "all but the last one",
    ["10.0.0.0/29"],
    ["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
    "10.0.0.3",
    "10.0.0.3/29",
  ],
  ["the next pool", ["10.0.0.0/30", "10.0.1.0/30"], ["10.0.0.2"], "10.0.0.2", "10.0.1.2/30"],
  ["even where the first is free", ["10.0.0.0/30", "10.0.1.0/30"], [], "10.0.0.2", "10.0.1.2/30"],
  [
    "the first pool, where nothing was given yet",
    ["10.0.0.0/30", "10.0.1.0/30"],
    [],
    "",
    "10.0.0.2/30",
  ],
  [
    "and from the last pool to the first",
    ["10.0.0.0/30", "10.0.1.0/30", "10.0.2.0/30"],
    [],
    "10.0.2.2",
    "10.0.0.2/30",
  ],
])("of a set one gets %s", async (_, prefixes, leased, last, expected) => {
  const store = await storeWith(pods);
  const set = setOf(prefixes);
  await taken(store, leased);
  if (last !== "") await given(store, prefixes[0] ?? "", last);
  expect(await acquire(store, set)).toBe(expected);
});

test.each([
  ["the beginning", "", [2, 3, 4, 5, 6]],
  ["the end", "10.0.0.6", [2, 3, 4, 5, 6]],
  ["the middle", "10.0.0.3", [4, 5, 6, 2, 3]],
] as const)("round and round, from %s, and never the broadcast address", async (_, last, order) => {
  const store = await storeWith(pods);
  const set = setOf(["10.0.0.0/29"]);
  if (last !== "") await given(store, "10.0.0.0/29", last);
  const all: string[] = [];
  for (const _ of order) all.push(await acquire(store, set));
  expect(all).toEqual(order.map((at) => `10.0.0.${at}/29`));
  expect(await acquire(store, set)).toBe("LF-POOL-EXHAUSTED");
});

test.each([
  ["of one address", ["10.0.0.0/30"], ["10.0.0.2"]],
  ["of several pools", ["10.0.0.0/30", "10.0.1.0/30"], ["10.0.0.2", "10.0.1.2"]],
])("a set %s that is full gives nothing", async (_, prefixes, leased) => {
  const store = await storeWith(pods);
  await taken(store, leased);
  expect(await acquire(store, setOf(prefixes))).toBe("LF-POOL-EXHAUSTED");
});

test("an address asked for that is before or after its range is refused", async () => {
  const store = await storeWith(pods);
  const range = must(parseRange("10.0.0.3-10.0.0.5"));
  const pools = setOf(["10.0.0.0/29"]).pools.map((pool) => ({ ...pool, range }));
  for (const address of ["10.0.0.2", "10.0.0.6"]) {
    expect(await acquire(store, { index: 0, pools, requested: ip(address) })).toBe(
      "LF-ADDRESS-UNUSABLE",
    );
  }
  expect(await acquire(store, { index: 0, pools })).toBe("10.0.0.3/29");
});

test("a set is exhausted when all is given, and never gives a gateway", async () => {
  const store = await storeWith(pods);
  const set = setOf(["10.0.0.0/29"]);
  const given: string[] = [];
  for (let n = 0; n < 5; n++) given.push(await acquire(store, set));
  expect(given.sort()).toEqual([2, 3, 4, 5, 6].map((last) => `10.0.0.${last}/29`));
  expect(await acquire(store, set)).toBe("LF-POOL-EXHAUSTED");
});

test("an address that is asked for is given, and the next one is that after it", async () => {
  const store = await storeWith(pods);
  const set = (requested: string) => setOf(["10.0.0.0/24"], { requested: ip(requested) });
  expect(await acquire(store, set("10.0.0.9"))).toBe("10.0.0.9/24");
  expect(await acquire(store, set("10.0.0.9"))).toBe("LF-ADDRESS-TAKEN");
  expect(await acquire(store, setOf(["10.0.0.0/24"]))).toBe("10.0.0.10/24");
  expect(await acquire(store, set("10.0.0.1"))).toBe("LF-ADDRESS-UNUSABLE");
  expect(await acquire(store, set("10.0.9.1"))).toBe("LF-ADDRESS-UNUSABLE");
});

test("gateways, routers and reservations of others on the wire are not given", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", gateway: "10.0.0.2" }],
    reservations: [["web", "10.0.0.3"]],
  });
  const other: Network = { ...network("other", { subnets: [] }), routers: [ip("10.0.0.4")] };
  const store = await storeWith(pods, lan, other);
  expect(await acquire(store, setOf(["10.0.0.0/24"]))).toBe("10.0.0.5/24");
});

test("what others give away is theirs, whoever asks", async () => {
  const store = await storeWith(pods);
  await store.transact((tx) => {
    const { segment } = pods;
    for (const address of ["10.0.0.2", "10.0.0.3"]) {
      const [file, holder] = [`/x/${address}`, { containerId: "c" }];
      tx.holds.insert({ segment, address: ip(address), configuration: "pods", file, holder });
    }
    return ok();
  });
  expect(await acquire(store, setOf(["10.0.0.0/24"]))).toBe("10.0.0.4/24");
  const requested = setOf(["10.0.0.0/24"], { requested: ip("10.0.0.3") });
  expect(await acquire(store, requested)).toBe("LF-ALLOCATION-TAKEN");
  const given = await store.transact((tx) => {
    const on = { network: pods, endpoint: "ep-g" as EndpointId, hostAddresses: [], now: after(0) };
    return acquireGiven(tx, on, [must(parseInterfaceAddress("10.0.0.2/24"))]);
  });
  expect(given.ok ? "given" : given.error.code).toBe("LF-ALLOCATION-TAKEN");
});
