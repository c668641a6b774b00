/** The address book as the engine's callers meet it: rests, reservations, shared gateways. */
import { describe, expect, test } from "bun:test";
import { parseIp } from "../src/addr/index.ts";
import type { EndpointId, NetworkName, SegmentName, WorkloadName } from "../src/domain/index.ts";
import type { LeaseView } from "../src/engine/index.ts";
import { type FakeHost, network, openFakeHost, request, storeKinds } from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";

const ip = (text: string) => must(parseIp(text));
const workload = (name: string) => name as WorkloadName;

/** A host with the network "lan", in which web has a reserved address. */
async function hostWithReservation(storeKind: (typeof storeKinds)[number]): Promise<FakeHost> {
  const host = openFakeHost(storeKind);
  const reservations = [{ workload: workload("web"), address: ip("10.0.0.77") }];
  const spec = network({ subnets: ["10.0.0.0/24"], gateways: ["10.0.0.1"] });
  must(await host.engine.createNetwork({ ...spec, reservations }));
  return host;
}

async function attach(host: FakeHost, name?: string): Promise<string> {
  const named = name === undefined ? {} : { workload: workload(name) };
  return must(await host.engine.attach(request(host.sandbox(), named))).endpoint.id;
}

async function leasesOf(host: FakeHost): Promise<readonly string[]> {
  const text = (view: LeaseView) =>
    view.kind === "elsewhere"
      ? `${view.kind} ${view.address} ${view.holder.containerId} ${view.file}`
      : `${view.kind} ${view.address} ${view.workload ?? "-"} ${view.origin}`;
  return must(await host.engine.listLeases()).map(text);
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  test("what is given and what rests is listed, with names", async () => {
    using host = await hostWithReservation(storeKind);
    await attach(host, "web");
    const id = await attach(host, "db");
    await attach(host);
    must(await host.engine.detach({ kind: "id", id: id as EndpointId }));
    expect(await leasesOf(host)).toEqual([
      "held 10.0.0.3 - pool",
      "held 10.0.0.77 web reserved",
      "resting 10.0.0.2 db pool",
    ]);
    const [, , resting] = must(await host.engine.listLeases());
    // The fake clocks stand still: a minute from now.
    const end = host.platform.clock.wall().getTime() + 60_000;
    expect(resting).toMatchObject({ network: "lan", until: new Date(end).toISOString() });
  });

  test("what files of others give away is listed, and freed by nobody here", async () => {
    using host = await hostWithReservation(storeKind);
    await attach(host, "web");
    const [address, file] = [ip("10.0.0.9"), "/var/lib/cni/networks/pods/10.0.0.9"];
    const hold = { address, file, holder: { containerId: "c1", ifname: "eth0" } };
    must(host.platform.files.createText(file, "c1\r\neth0"));
    must(await host.engine.attachments.hold("lan" as NetworkName, [hold]));
    expect(await leasesOf(host)).toEqual([
      "held 10.0.0.77 web reserved",
      `elsewhere 10.0.0.9 c1 ${file}`,
    ]);
    expect(codeOf(await host.engine.releaseLease({ address }))).toBe("LF-ALLOCATION-TAKEN");
  });

  test("a rest is ended by hand, an endpoint's address is not", async () => {
    using host = await hostWithReservation(storeKind);
    const id = await attach(host, "db");
    await attach(host);
    const address = ip("10.0.0.2");
    const held = await host.engine.releaseLease({ address });
    expect(held).toMatchObject({
      ok: false,
      error: { code: "LF-LEASE-HELD", facts: { endpoint: id } },
    });
    must(await host.engine.detach({ kind: "id", id: id as EndpointId }));
    const elsewhere = { address, segment: "p1" as SegmentName };
    expect(codeOf(await host.engine.releaseLease(elsewhere))).toBe("LF-LEASE-MISSING");
    const [ended] = must(await host.engine.releaseLease({ address, segment: "p0" as SegmentName }));
    expect(ended).toMatchObject({ address, endpoint: id });
    expect(await leasesOf(host)).toEqual(["held 10.0.0.3 - pool"]);
    expect(codeOf(await host.engine.releaseLease({ address }))).toBe("LF-LEASE-MISSING");
  });

  test("a workload that comes back has its address and its MAC again", async () => {
    using host = await hostWithReservation(storeKind);
    const first = must(
      await host.engine.attach(request(host.sandbox(), { workload: workload("db") })),
    );
    must(await host.engine.detach({ kind: "id", id: first.endpoint.id }));
    await attach(host);
    const again = must(
      await host.engine.attach(request(host.sandbox(), { workload: workload("db") })),
    );
    expect(again.endpoint.addresses).toEqual(first.endpoint.addresses);
    expect(again.endpoint.link.mac).toBe(first.endpoint.link.mac);
  });

  test("an attach that was undone leaves no rest behind", async () => {
    using host = await hostWithReservation(storeKind);
    host.kernel.inject({ at: 9, kind: "refused", errno: "ENOMEM" });
    const undone = await host.engine.attach(request(host.sandbox(), { workload: workload("db") }));
    host.kernel.inject(undefined);
    expect(undone.ok).toBe(false);
    expect(await leasesOf(host)).toEqual([]);
  });
});

describe("networks on one prefix", () => {
  const sibling = network({ name: "dmz", subnets: ["10.0.0.0/24"] });

  test("share the gateway that one of them has", async () => {
    using host = await hostWithReservation("memory");
    const created = must(await host.engine.createNetwork(sibling));
    expect(created.network.subnets.map((subnet) => subnet.gateway)).toEqual([ip("10.0.0.1")]);
    const attached = must(
      await host.engine.attach(request(host.sandbox(), { network: "dmz" as NetworkName })),
    );
    expect(attached.endpoint.gateways).toEqual([ip("10.0.0.1")]);
  });

  test("cannot reserve what the other reserved, has given, or has as its gateway", async () => {
    using host = await hostWithReservation("memory");
    await attach(host);
    const reserving = (address: string) =>
      host.engine.createNetwork({
        ...sibling,
        reservations: [{ workload: workload("web"), address: ip(address) }],
      });
    expect(codeOf(await reserving("10.0.0.77"))).toBe("LF-ADDRESS-RESERVED");
    expect(codeOf(await reserving("10.0.0.2"))).toBe("LF-ADDRESS-TAKEN");
    expect(codeOf(await reserving("10.0.0.1"))).toBe("LF-ADDRESS-UNUSABLE");
    expect(codeOf(await reserving("10.0.0.78"))).toBe("done");
  });
});
