import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Ip } from "../addr/index.ts";
import { err, millis } from "../base/index.ts";
import {
  type EndpointId,
  type FormerAddresses,
  type IfName,
  type Moment,
  type NetworkId,
  type NetworkName,
  networkExists,
  type RestingLease,
  type SandboxId,
  type SegmentName,
  type WorkloadName,
} from "../domain/index.ts";
import { attachment, held } from "./holds.contract.ts";
import {
  endpoint,
  ip,
  lease,
  macOfAll,
  network,
  prefix,
  read,
  segment,
  update,
  withOwners,
  write,
} from "./store.contract.ts";
import type { Store, Transaction } from "./store.ts";

/** What every store promises of a transaction that comes to nothing. */
export function rollBackContract(name: string, open: () => Store): void {
  describe(`${name} takes back what came to nothing`, () => {
    test("after an Err or a throw every table and look-up is as it was", async () => {
      const store = await withOwners(open());
      await write(store, fill);
      const before = await read(store, everything);
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray([...changes]),
          fc.boolean(),
          async (chosen, throws) => {
            const outcome = await store
              .transact((tx) => {
                for (const change of chosen) change(tx);
                if (throws) throw new Error("a bug");
                return err(networkExists({ network: "lan" }));
              })
              .catch(() => "thrown");
            expect(outcome === "thrown").toBe(throws);
            expect(await read(store, everything)).toEqual(before);
          },
        ),
        { numRuns: 40 },
      );
      store.close();
    });
  });
}

const workload = "web" as WorkloadName;
const [first, second] = [ip("10.0.0.1"), ip("10.0.0.2")];
const now: Moment = { wall: "", boottime: millis(0), bootId: "boot" };

function restOf(address: Ip): RestingLease {
  return { ...lease(address), network: "lan" as NetworkName, bootId: "boot", until: millis(5) };
}

function former(id: string, address: Ip): FormerAddresses {
  return { network: id as NetworkId, workload, addresses: [address] };
}

/** A row of every kind, beside those of `withOwners`. */
function fill(tx: Transaction): void {
  tx.segments.insert({ name: segment, device: "eth0" as IfName });
  tx.networks.insert(network("net-2", "dmz"));
  tx.operations.insert(update("op-1"));
  for (const address of [first, second]) tx.leases.insert(lease(address));
  tx.leases.rest(restOf(second));
  tx.leases.setCursor({ segment, prefix, lastGiven: second });
  tx.former.remember(former("net-2", first));
  tx.holds.insert(held(ip("10.0.0.9")));
  tx.endpoints.insert(attachment("ep-9", "c9"));
}

/** Each makes sense after any of the others. */
const changes: readonly ((tx: Transaction) => void)[] = [
  (tx) => tx.segments.remove(segment),
  (tx) => tx.networks.insert(network("net-3", "third")),
  (tx) => tx.networks.replace({ ...network("net-1", "new"), segment: "eth7" as SegmentName }),
  (tx) => tx.networks.remove("net-2" as NetworkId),
  (tx) => tx.endpoints.replace(endpoint("ep-1", "c", "eth9")),
  (tx) => tx.endpoints.insert(endpoint("ep-3", "c")),
  (tx) => tx.endpoints.remove("ep-2" as EndpointId),
  (tx) => tx.operations.insert(update("op-2")),
  (tx) => tx.operations.replace(update("op-1", "net-1")),
  (tx) => tx.leases.insert(lease(ip("10.0.0.3"))),
  (tx) => tx.leases.insert(lease(ip("fd00::1"), "ep-1")),
  (tx) => tx.leases.remove(segment, first),
  (tx) => tx.leases.endRests({ ...now, boottime: millis(5) }),
  (tx) => tx.leases.setCursor({ segment, prefix, lastGiven: first }),
  (tx) => tx.former.remember(former("net-1", second)),
  (tx) => tx.holds.insert(held(ip("10.0.0.7"), "c9")),
  (tx) => tx.holds.remove(segment, ip("10.0.0.9")),
  (tx) => tx.endpoints.insert(attachment("ep-8", "c8")),
  (tx) => tx.endpoints.remove("ep-9" as EndpointId),
];

/** All that a store tells, by every look-up. */
function everything(tx: Transaction): unknown {
  const range = { version: 4, first: 0x0a00_0001n, last: 0x0a00_00ffn } as const;
  const ids = ["net-1", "net-2", "net-3"] as NetworkId[];
  return [
    [tx.segments.all(), tx.networks.all(), tx.endpoints.all(), tx.operations.all()],
    ids.map((id) => [tx.endpoints.byNetwork(id), tx.operations.byNetwork(id)]),
    ids.map((id) => tx.former.get(id, workload)),
    ["lan", "dmz", "third", "new"].map((name) => tx.networks.byName(name as NetworkName)),
    ["eth0", "eth7"].map((name) => tx.networks.bySegment(name as SegmentName)),
    ["a", "b", "c"].map((name) => tx.endpoints.byOwner(name as SandboxId, "eth0" as IfName)),
    tx.endpoints.byOwner("c" as SandboxId, "eth9" as IfName),
    tx.endpoints.byMac(macOfAll),
    [tx.leases.bySegment(segment), tx.leases.byEndpoint("ep-1" as EndpointId)],
    [tx.leases.resting(segment), tx.leases.oldestResting(segment, range)],
    [tx.leases.firstFree(segment, range), tx.leases.countWithin(segment, range)],
    tx.leases.cursor(segment, prefix),
    [tx.holds.all(), tx.holds.byContainer("c1"), tx.holds.byContainer("c9")],
    ["c8", "c9"].map((containerId) => {
      const key = { network: "pods", containerId, ifname: "eth0" as IfName };
      return tx.endpoints.byAttachment(key);
    }),
    tx.endpoints.byConfiguration("pods"),
  ];
}
