import { describe, expect, test } from "bun:test";
import type { Ip } from "../addr/index.ts";
import { millis } from "../base/index.ts";
import type {
  Endpoint,
  EndpointId,
  HeldAddress,
  IfName,
  NetworkName,
  SegmentName,
} from "../domain/index.ts";
import {
  endpoint,
  ip,
  lease,
  network,
  read,
  segment,
  withOwners,
  write,
} from "./store.contract.ts";
import type { Store } from "./store.ts";

export function held(address: Ip, containerId = "c1", on = segment): HeldAddress {
  return {
    segment: on,
    address,
    configuration: "pods",
    file: `/var/lib/cni/networks/pods/${address}`,
    holder: { containerId, ifname: "eth0" },
  };
}

/** An endpoint that a runtime calls by this container and link. */
export function attachment(id: string, containerId: string, ifname = "eth0"): Endpoint {
  const key = { network: "pods", containerId, ifname: ifname as IfName };
  return { ...endpoint(id, `boot/${id}`, ifname), attachment: key };
}

/** What every store promises of attachments and of the addresses that others give away. */
export function holdContract(name: string, open: () => Store): void {
  describe(`${name} keeps attachments and holds`, () => {
    attachmentContract(open);
    addressContract(open);
  });
}

function attachmentContract(open: () => Store): void {
  test("an attachment is found by what its runtime calls it, and is the only one", async () => {
    const store = open();
    await write(store, (tx) => {
      tx.networks.insert(network("net-1", "lan"));
      tx.endpoints.insert(endpoint("ep-0", "boot/9"));
      tx.endpoints.insert(attachment("ep-1", "c1"));
      tx.endpoints.insert(attachment("ep-2", "c1", "net1"));
      const other = attachment("ep-3", "c2");
      const key = { ...other.attachment, network: "other" } as Endpoint["attachment"] & object;
      tx.endpoints.insert({ ...other, attachment: key });
    });
    const find = (containerId: string, ifname: string) =>
      read(store, (tx) => {
        const key = { network: "pods", containerId, ifname: ifname as IfName };
        return tx.endpoints.byAttachment(key)?.id;
      });
    expect(await find("c1", "eth0")).toBe("ep-1" as EndpointId);
    expect(await find("c1", "net1")).toBe("ep-2" as EndpointId);
    expect(await find("c2", "eth0")).toBeUndefined();
    const ids = (name: string) =>
      read(store, (tx) => tx.endpoints.byConfiguration(name).map((row) => row.id as string));
    expect([await ids("pods"), await ids("other")]).toEqual([["ep-1", "ep-2"], ["ep-3"]]);
    const second = write(store, (tx) => tx.endpoints.insert(attachment("ep-4", "c1")));
    expect(second.then(() => "written")).rejects.toThrow();
    await second.catch(() => {});
    await write(store, (tx) => tx.endpoints.remove("ep-1" as EndpointId));
    expect(await find("c1", "eth0")).toBeUndefined();
    store.close();
  });
}

const range = { version: 4, first: 0x0a00_0001n, last: 0x0a00_0004n } as const;

function addressContract(open: () => Store): void {
  test("a held address is not free, and is when it is not held any more", async () => {
    const store = await withOwners(open());
    const free = () => read(store, (tx) => tx.leases.firstFree(segment, range));
    await write(store, (tx) => {
      tx.leases.insert(lease(ip("10.0.0.1")));
      tx.holds.insert(held(ip("10.0.0.2")));
      tx.holds.insert(held(ip("10.0.0.4"), "c2"));
      tx.holds.insert(held(ip("10.0.0.3"), "c1", "eth9" as SegmentName));
    });
    expect(await free()).toBe(0x0a00_0003n);
    expect(await read(store, (tx) => tx.leases.countWithin(segment, range))).toBe(1);
    expect(await read(store, (tx) => tx.holds.get(segment, ip("10.0.0.2")))).toEqual(
      held(ip("10.0.0.2")),
    );
    expect(await read(store, (tx) => tx.holds.all().map((row) => row.address))).toEqual(
      ["10.0.0.2", "10.0.0.4", "10.0.0.3"].map(ip),
    );
    const ofFirst = await read(store, (tx) => tx.holds.byContainer("c1"));
    expect(ofFirst.map((row) => row.address)).toEqual(["10.0.0.2", "10.0.0.3"].map(ip));
    await write(store, (tx) => tx.holds.remove(segment, ip("10.0.0.2")));
    expect(await free()).toBe(0x0a00_0002n);
    store.close();
  });

  test("what is held does not rest", async () => {
    const store = await withOwners(open());
    const address = ip("10.0.0.1");
    const [bootId, until, name] = ["boot-1", millis(1000), "lan" as NetworkName];
    await write(store, (tx) => {
      tx.leases.insert(lease(address));
      tx.leases.rest({ ...lease(address), network: name, bootId, until });
      tx.holds.insert(held(address));
    });
    expect(await read(store, (tx) => tx.leases.resting(segment))).toEqual([]);
    await write(store, (tx) => tx.holds.remove(segment, address));
    expect(await read(store, (tx) => tx.leases.firstFree(segment, range))).toBe(range.first);
    store.close();
  });
}
