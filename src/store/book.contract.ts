import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Ip, type IpVersion, ipFromBigint } from "../addr/index.ts";
import { millis } from "../base/index.ts";
import type {
  EndpointId,
  Moment,
  NetworkId,
  NetworkName,
  RestingLease,
  WorkloadName,
} from "../domain/index.ts";
import { ip, lease, network, prefix, read, segment, withOwners, write } from "./store.contract.ts";
import { FORMER_MAX, type Store } from "./store.ts";

const at = (boottime: number, bootId = "boot-1"): Moment => ({
  wall: "",
  boottime: millis(boottime),
  bootId,
});

function resting(address: Ip, until: number, bootId = "boot-1"): RestingLease {
  return {
    segment,
    address,
    prefix,
    network: "lan" as NetworkName,
    endpoint: "ep-1" as EndpointId,
    origin: "pool",
    acquiredAt: "2026-01-01T00:00:00.000Z",
    bootId,
    until: millis(until),
  };
}

/** What every store promises of addresses that rest and of workloads that come back. */
export function bookContract(name: string, open: () => Store): void {
  describe(`${name} keeps the address book`, () => {
    restContract(open);
    modelContract(open);
    formerContract(open);
  });
}

const range = { version: 4, first: 0x0a00_0000n, last: 0x0a00_00ffn } as const;

function restContract(open: () => Store): void {
  test("a rest ends when its time has come, or with the boot", async () => {
    const store = await withOwners(open());
    const ends = [
      ["10.0.0.1", 1000.5, "boot-1"],
      ["10.0.0.2", 2000, "boot-1"],
      ["10.0.0.3", 9000, "boot-0"],
      ["10.0.0.4", 9000, "boot-2"],
    ] as const;
    await write(store, (tx) => {
      for (const [text, until, boot] of ends) {
        tx.leases.insert(lease(ip(text)));
        tx.leases.rest(resting(ip(text), until, boot));
      }
      tx.leases.endRests(at(1000.25, "boot-1"));
    });
    const rows = () => read(store, (tx) => tx.leases.resting(segment));
    expect(await rows()).toEqual([resting(ip("10.0.0.1"), 1000.5), resting(ip("10.0.0.2"), 2000)]);
    await write(store, (tx) => tx.leases.endRests(at(1000.5)));
    expect((await rows()).map((row) => row.address)).toEqual([ip("10.0.0.2")]);
    store.close();
  });

  test("what rests is no lease, and what is leased again does not rest", async () => {
    const store = await withOwners(open());
    const address = ip("10.0.0.1");
    await write(store, (tx) => {
      tx.leases.insert(lease(address));
      tx.leases.rest(resting(address, 1000));
    });
    expect(await read(store, (tx) => tx.leases.get(segment, address))).toBeUndefined();
    expect(await read(store, (tx) => tx.leases.byEndpoint("ep-1" as EndpointId))).toEqual([]);
    await write(store, (tx) => tx.leases.insert(lease(address)));
    expect(await read(store, (tx) => tx.leases.resting(segment))).toEqual([]);
    store.close();
  });

  test("the oldest is that whose rest ends first; of equal ones, the lowest address", async () => {
    const store = await withOwners(open());
    await write(store, (tx) => {
      for (const [text, until] of [
        ["10.0.0.9", 5],
        ["10.0.0.2", 7],
        ["10.0.0.1", 7],
      ] as const) {
        tx.leases.insert(lease(ip(text)));
        tx.leases.rest(resting(ip(text), until));
      }
    });
    const oldest = (last: bigint) =>
      read(store, (tx) => tx.leases.oldestResting(segment, { ...range, last })?.address);
    expect(await oldest(range.last)).toBe(ip("10.0.0.9"));
    expect(await oldest(0x0a00_0008n)).toBe(ip("10.0.0.1"));
    expect(await oldest(0x0a00_0000n)).toBeUndefined();
    store.close();
  });
}

type Move = readonly [what: "lease" | "remove" | "rest" | "wake", offset: number];

/** The book as a plain map: what is said of each number. */
function play(book: Map<number, string>, [what, offset]: Move): boolean {
  const state = book.get(offset);
  if (what === "lease" ? state === "leased" : state !== (what === "wake" ? "resting" : "leased")) {
    return false;
  }
  if (what === "lease") book.set(offset, "leased");
  else if (what === "rest") book.set(offset, "resting");
  else book.delete(offset);
  return true;
}

function modelContract(open: () => Store): void {
  const base: Readonly<Record<IpVersion, bigint>> = { 4: 0x0a00_0000n, 6: 0xfd00n << 112n };
  const move = fc.tuple(fc.constantFrom("lease", "lease", "remove", "rest", "wake"), fc.nat(9));
  test("any sequence of leasing, freeing and resting agrees with a plain map", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(4, 6), fc.array(move, { maxLength: 40 }), (version, moves) =>
        agree(open, moves, (offset) => base[version] + BigInt(offset), version),
      ),
      { numRuns: 60 },
    );
  });
}

async function agree(
  open: () => Store,
  moves: readonly Move[],
  numberAt: (offset: number) => bigint,
  version: IpVersion,
): Promise<void> {
  const store = await withOwners(open());
  const book = new Map<number, string>();
  await write(store, (tx) => {
    for (const [what, offset] of moves) {
      if (!play(book, [what, offset])) continue;
      const address = ipFromBigint(version, numberAt(offset));
      if (what === "lease") tx.leases.insert(lease(address));
      if (what === "remove") tx.leases.remove(segment, address);
      if (what === "rest") tx.leases.rest(resting(address, 1000));
      if (what === "wake") tx.leases.endRest(segment, address);
    }
  });
  for (const start of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const free = Array.from({ length: 10 - start }, (_, i) => start + i).find((n) => !book.has(n));
    const rest = { version, first: numberAt(start), last: numberAt(9) };
    const found = await read(store, (tx) => tx.leases.firstFree(segment, rest));
    expect(found).toBe(free === undefined ? undefined : numberAt(free));
  }
  const count = (state: string) => [...book.values()].filter((other) => other === state).length;
  expect(await read(store, (tx) => tx.leases.bySegment(segment).length)).toBe(count("leased"));
  expect(await read(store, (tx) => tx.leases.resting(segment).length)).toBe(count("resting"));
  store.close();
}

function formerContract(open: () => Store): void {
  const net = "net-1" as NetworkId;
  const row = (workload: string, ...addresses: readonly string[]) => ({
    network: net,
    workload: workload as WorkloadName,
    addresses: addresses.map(ip),
  });

  test("of a workload the last addresses on a network are known", async () => {
    const store = await withOwners(open());
    await write(store, (tx) => {
      tx.former.remember(row("web", "10.0.0.1"));
      tx.former.remember(row("web", "10.0.0.2", "fd00::2"));
    });
    const found = await read(store, (tx) => tx.former.get(net, "web" as WorkloadName));
    expect(found).toEqual(row("web", "10.0.0.2", "fd00::2"));
    const other = await read(store, (tx) => tx.former.get(net, "db" as WorkloadName));
    expect(other).toBeUndefined();
    store.close();
  });

  test("they are forgotten with the network", async () => {
    const store = open();
    await write(store, (tx) => {
      tx.networks.insert(network("net-1", "lan"));
      tx.former.remember(row("web", "10.0.0.1"));
      tx.networks.remove(net);
    });
    expect(await read(store, (tx) => tx.former.get(net, "web" as WorkloadName))).toBeUndefined();
    store.close();
  });

  test("the workloads that were not seen for the longest time are forgotten", async () => {
    const store = await withOwners(open());
    const known = (name: string) =>
      read(store, (tx) => tx.former.get(net, name as WorkloadName) !== undefined);
    await write(store, (tx) => {
      for (let n = 0; n < FORMER_MAX; n++) tx.former.remember(row(`w${n}`, "10.0.0.1"));
      tx.former.remember(row("w0", "10.0.0.2"));
    });
    expect([await known("w0"), await known("w1")]).toEqual([true, true]);
    await write(store, (tx) => tx.former.remember(row("new", "10.0.0.3")));
    expect([await known("new"), await known("w0"), await known("w1"), await known("w2")]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    store.close();
  });
}
