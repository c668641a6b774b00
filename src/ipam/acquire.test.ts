import { expect, test } from "bun:test";
import { ok } from "../base/index.ts";
import { acquire, after, must, network, release, rest, storeWith } from "./testing.ts";

test("the first address of a range is given first, with the length of the prefix", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", ranges: ["10.0.0.100-10.0.0.101"] }],
  });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.100/24");
  expect(await acquire(store, lan)).toBe("10.0.0.101/24");
  expect(await acquire(store, lan)).toBe("LF-POOL-EXHAUSTED");
});

test("network, broadcast, gateway, host and excluded addresses are never given", async () => {
  const lan = network("lan", {
    subnets: [
      {
        prefix: "10.0.0.0/29",
        gateway: "10.0.0.1",
        exclusions: ["10.0.0.4-10.0.0.5"],
      },
    ],
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
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", ranges: ["10.0.0.1-10.0.0.3"] }],
  });
  const store = await storeWith(lan);
  expect(await acquire(store, lan, { id: "a" })).toBe("10.0.0.1/24");
  await release(store, "a");
  expect(await acquire(store, lan)).toBe("10.0.0.2/24");
  expect(await acquire(store, lan)).toBe("10.0.0.3/24");
  expect(await acquire(store, lan)).toBe("10.0.0.1/24");
});

test("an address asked for may lie outside the ranges, has one owner, and comes back when freed", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", ranges: ["10.0.0.100-10.0.0.200"] }],
  });
  const store = await storeWith(lan);
  expect(await acquire(store, lan, { requested: ["10.0.0.7"], id: "b" })).toBe("10.0.0.7/24");
  expect(await acquire(store, lan, { requested: ["10.0.0.7"] })).toBe("LF-ADDRESS-TAKEN");
  await release(store, "b");
  expect(await acquire(store, lan, { requested: ["10.0.0.7"] })).toBe("10.0.0.7/24");
});

test("each IP version of the network gives one address; one asked for replaces its version", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/24" }, { prefix: "fd00::/64" }] });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.1/24 fd00::1/64");
  expect(await acquire(store, lan, { requested: ["fd00::99"] })).toBe("fd00::99/64 10.0.0.2/24");
});

test("two networks on one prefix share the book and each other's gateways", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/29", gateway: "10.0.0.1" }] });
  const dmz = network("dmz", { subnets: [{ prefix: "10.0.0.0/29", gateway: "10.0.0.3" }] });
  const store = await storeWith(lan, dmz);
  expect(await acquire(store, lan)).toBe("10.0.0.2/29");
  expect(await acquire(store, dmz)).toBe("10.0.0.4/29");
  expect(await acquire(store, dmz, { requested: ["10.0.0.2"] })).toBe("LF-ADDRESS-TAKEN");
  expect(await acquire(store, lan, { requested: ["10.0.0.3"] })).toBe("LF-ADDRESS-UNUSABLE");
});

test("a second subnet of the same version is used when the first is full", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/30", gateway: "10.0.0.1" }, { prefix: "10.9.0.0/30" }],
  });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.2/30");
  expect(await acquire(store, lan)).toBe("10.9.0.1/30");
});

test("a /8 and a /64 are as quick to begin with as a /30", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/8" }, { prefix: "fd00::/64" }] });
  const store = await storeWith(lan);
  expect(await acquire(store, lan)).toBe("10.0.0.1/8 fd00::1/64");
});

test("a detached endpoint's address rests for a minute, and other addresses go first", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", ranges: ["10.0.0.1-10.0.0.3"] }],
  });
  const store = await storeWith(lan);
  for (const id of ["a", "b"]) await acquire(store, lan, { id });
  await rest(store, "a", after(10));
  await rest(store, "b", after(20));
  expect(await acquire(store, lan, { now: after(30) })).toBe("10.0.0.3/24");
  // The pool is tight: the longest rested first.
  expect(await acquire(store, lan, { now: after(30), id: "c" })).toBe("10.0.0.1/24");
  await rest(store, "c", after(31));
  // 10.0.0.2 is fresh again, 10.0.0.1 is not.
  expect(await acquire(store, lan, { now: after(80) })).toBe("10.0.0.2/24");
});

test("after a reboot nothing rests", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24", ranges: ["10.0.0.1-10.0.0.3"] }],
  });
  const store = await storeWith(lan);
  for (const id of ["a", "b", "c"]) await acquire(store, lan, { id });
  await rest(store, "b", after(10));
  await rest(store, "a", after(20));
  expect(await acquire(store, lan, { now: after(1, "boot-2") })).toBe("10.0.0.1/24");
});

test("an address asked for by name is given while it rests", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/24" }] });
  const store = await storeWith(lan);
  await acquire(store, lan, { id: "a" });
  await rest(store, "a");
  expect(await acquire(store, lan, { requested: ["10.0.0.1"] })).toBe("10.0.0.1/24");
});

test("a workload gets the addresses of both versions that it had, unless another has them", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/24" }, { prefix: "fd00::/64" }] });
  const store = await storeWith(lan);
  const web = { id: "a", workload: "web" };
  expect(await acquire(store, lan, web)).toBe("10.0.0.1/24 fd00::1/64");
  await rest(store, "a");
  expect(await acquire(store, lan, { workload: "db" })).toBe("10.0.0.2/24 fd00::2/64");
  expect(await acquire(store, lan, web)).toBe("10.0.0.1/24 fd00::1/64");
  await rest(store, "a");
  await acquire(store, lan, { requested: ["10.0.0.1"] });
  expect(await acquire(store, lan, web)).toBe("10.0.0.3/24 fd00::1/64");
});

test("a reserved address is its workload's alone, on its network", async () => {
  const lan = network("lan", {
    subnets: [{ prefix: "10.0.0.0/24" }, { prefix: "fd00::/64" }],
    reservations: [
      ["web", "10.0.0.1"],
      ["web", "fd00::80"],
    ],
  });
  const dmz = network("dmz", { subnets: [{ prefix: "10.0.0.0/24" }] });
  const store = await storeWith(lan, dmz);
  expect(await acquire(store, dmz)).toBe("10.0.0.2/24");
  expect(await acquire(store, lan)).toBe("10.0.0.3/24 fd00::1/64");
  const asked = { requested: ["10.0.0.1"] };
  expect(await acquire(store, lan, asked)).toBe("LF-ADDRESS-RESERVED");
  expect(await acquire(store, dmz, { ...asked, workload: "web" })).toBe("LF-ADDRESS-RESERVED");
  expect(await acquire(store, lan, { workload: "web", id: "a" })).toBe("10.0.0.1/24 fd00::80/64");
  expect(await acquire(store, lan, { workload: "web" })).toBe("LF-ADDRESS-TAKEN");
  await rest(store, "a");
  expect(await acquire(store, lan, { ...asked, workload: "web" })).toBe("10.0.0.1/24 fd00::80/64");
});

test("any number of addresses may be asked for, but one of each subnet", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/24" }, { prefix: "10.9.0.0/24" }] });
  const store = await storeWith(lan);
  const both = ["10.9.0.7", "10.0.0.7"];
  expect(await acquire(store, lan, { requested: both })).toBe("10.9.0.7/24 10.0.0.7/24");
  const twice = { requested: ["10.0.0.8", "10.0.0.9"] };
  expect(await acquire(store, lan, twice)).toBe("LF-ADDRESS-UNUSABLE");
});

test("the leases in the book are the addresses that were given", async () => {
  const lan = network("lan", { subnets: [{ prefix: "10.0.0.0/24" }] });
  const store = await storeWith(lan);
  const given = [await acquire(store, lan), await acquire(store, lan)];
  const leases = must(await store.transact((tx) => ok(tx.leases.bySegment(lan.segment))));
  expect(leases.map((lease) => `${lease.address}/24`)).toEqual(given);
});
