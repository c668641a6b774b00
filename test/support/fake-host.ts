import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseInterfaceAddress, parseIp, parsePrefix, parseRange } from "../../src/addr/index.ts";
import { ok } from "../../src/base/index.ts";
import {
  checkNetwork,
  type Driver,
  type IfName,
  type NetworkName,
  type NetworkSpec,
  type NetworkWish,
  parseVlanTag,
  type StoreSalt,
  type StoreUuid,
} from "../../src/domain/index.ts";
import { type AttachRequest, type LocalEngine, openEngine } from "../../src/engine/index.ts";
import {
  addAddress,
  addLink,
  openRtnetlink,
  type Request,
  setLink,
} from "../../src/netlink/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import { memoryStore, openSqliteStore, type Store } from "../../src/store/index.ts";
import { type FakeKernel, openFakeLinux } from "./fake-kernel.ts";
import type { FakeLink } from "./fake-kernel-state.ts";
import { codeOf, must } from "./must.ts";

export const storeKinds = ["memory", "sqlite"] as const;

/**
 * A host on the fake kernel: p0 (10.0.0.10/24, fd00::10/64) and p1 (10.1.0.10/24), both up and
 * plugged into a machine, and an engine with an empty store.
 */
export interface FakeHost extends Disposable {
  readonly platform: Platform;
  readonly kernel: FakeKernel;
  readonly netns: NetnsHandle;
  readonly store: Store;
  readonly engine: LocalEngine;
  /** Another engine of the same host, on a platform of its own. */
  engineOn(platform: Platform): LocalEngine;
  sandbox(): NetnsHandle;
  /** Changes a namespace behind the engine's back. */
  run(netns: NetnsHandle, ...requests: readonly Request[]): void;
}

export function openFakeHost(storeKind: (typeof storeKinds)[number] = "memory"): FakeHost {
  const { platform, kernel } = openFakeLinux();
  const { store, close } = openStore(storeKind);
  const netns = must(platform.namespaces.home());
  const engineOn = (on: Platform): LocalEngine =>
    openEngine({ platform: on, hostNamespace: netns, store });
  const host: FakeHost = {
    ...{ platform, kernel, netns, store, engineOn, engine: engineOn(platform) },
    sandbox: () => must(platform.namespaces.create()),
    run: (where, ...requests) => {
      using talk = must(openRtnetlink(platform, where));
      for (const result of talk.execute(requests)) must(result);
    },
    [Symbol.dispose]: close,
  };
  plugIn(host, { ifindex: 2, name: "p0" }, ["10.0.0.10/24", "fd00::10/64"]);
  plugIn(host, { ifindex: 3, name: "p1" }, ["10.1.0.10/24"]);
  return host;
}

function openStore(kind: (typeof storeKinds)[number]) {
  if (kind === "memory") {
    const uuid = "0f0e0d0c-0000-4000-8000-000000000001" as StoreUuid;
    return { store: memoryStore({ uuid, salt: "00" as StoreSalt }), close: () => {} };
  }
  const stateDirectory = mkdtempSync(join(tmpdir(), "landfall-engine-"));
  const randomBytes = (count: number): Uint8Array => new Uint8Array(count);
  const wall = (): Date => new Date(0);
  const store = must(openSqliteStore({ stateDirectory, randomBytes, wall }));
  const close = (): void => {
    store.close();
    rmSync(stateDirectory, { recursive: true });
  };
  return { store, close };
}

function plugIn(
  host: FakeHost,
  link: { readonly ifindex: number; readonly name: string },
  addresses: readonly string[],
): void {
  const machine = host.sandbox();
  const peer = { name: "m0", netns: { fd: machine.fd } };
  host.run(
    host.netns,
    addLink({ kind: "veth", ...link, peer }),
    setLink({ link, state: "up" }),
    ...addresses.map((text) => addAddress({ link, address: must(parseInterfaceAddress(text)) })),
  );
}

/** A network in the words of the command line. */
export interface NetworkWords {
  readonly name?: string;
  readonly parent?: string;
  readonly subnets?: readonly string[];
  readonly gateways?: readonly string[];
  readonly ranges?: readonly string[];
  readonly mtu?: number;
  readonly driver?: Driver;
  /** As `--vlan`, outermost first. */
  readonly vlan?: readonly string[];
}

/** "lan" on p0 with 10.0.0.0/24 and fd00::/64, unless told otherwise. */
export function network(words: NetworkWords = {}): NetworkSpec {
  const { subnets = ["10.0.0.0/24", "fd00::/64"], gateways = [], ranges = [], mtu } = words;
  return must(
    checkNetwork({
      name: (words.name ?? "lan") as NetworkName,
      parent: (words.parent ?? "p0") as IfName,
      driver: words.driver ?? { kind: "macvlan", mode: "bridge" },
      subnets: subnets.map((text) => must(parsePrefix(text))),
      gateways: gateways.map((text) => must(parseIp(text))),
      ranges: ranges.map((text) => must(parseRange(text))),
      exclusions: [],
      routes: [],
      reach: "routed",
      vlan: (words.vlan ?? []).map((text) => must(parseVlanTag(text))),
      ...(mtu === undefined ? {} : { mtu: mtu as NonNullable<NetworkWish["mtu"]> }),
    }),
  );
}

/** eth0 of a sandbox on "lan", unless told otherwise. */
export function request(netns: NetnsHandle, change: Partial<AttachRequest> = {}): AttachRequest {
  return {
    network: "lan" as NetworkName,
    sandbox: { netns, path: `/proc/self/fd/${netns.fd}` },
    ifname: "eth0" as IfName,
    addresses: [],
    ...change,
  };
}

/** Every row of a store that an operation could have changed. */
export async function bookOf(store: Store) {
  const read = await store.transact((tx) => {
    const segments = tx.segments.all();
    return ok({
      segments,
      networks: tx.networks.all(),
      endpoints: tx.endpoints.all(),
      operations: tx.operations.all(),
      leases: segments.flatMap(({ name }) => tx.leases.bySegment(name)),
    });
  });
  return must(read);
}

/** The links that hang on parents, in every namespace. */
export function childrenIn(kernel: FakeKernel): readonly FakeLink[] {
  return kernel.state.links().filter(({ details }) => details.kind === "macvlan");
}

/** Refused with this code, and neither the kernel nor the book changed. */
export async function expectRefusal(
  host: FakeHost,
  code: string,
  work: () => ReturnType<LocalEngine["createNetwork"] | LocalEngine["attach"]>,
) {
  const before = [host.kernel.describe(), await bookOf(host.store)];
  const refused = await work();
  expect(codeOf(refused)).toBe(code);
  expect([host.kernel.describe(), await bookOf(host.store)]).toEqual(before);
  return refused.ok ? undefined : refused.error;
}
