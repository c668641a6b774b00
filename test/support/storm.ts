/** Attaching and detaching at random, for tests that kill whoever does it. */
import { join } from "node:path";
import type { Problem, Result } from "../../src/base/index.ts";
import type { IfName, NetworkName } from "../../src/domain/index.ts";
import { type EndpointView, type Engine, fileLocks, openEngine } from "../../src/engine/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import { openSqliteStore, type Store } from "../../src/store/index.ts";
import { must } from "./must.ts";

export interface StormHost {
  readonly engine: Engine;
  readonly store: Store;
}

/** An engine over the state of a host, opened as the program opens it, on a store changed so. */
export function openStormHost(
  platform: Platform,
  hostNamespace: NetnsHandle,
  stateDirectory: string,
  change: (store: Store) => Store = (store) => store,
): StormHost {
  const { random, clock, files } = platform;
  const options = { stateDirectory, randomBytes: random.bytes, wall: clock.wall };
  const store = change(must(openSqliteStore(options)));
  const locks = fileLocks(files, join(stateDirectory, "operations.lock"));
  return { store, engine: openEngine({ platform, hostNamespace, store, locks }) };
}

/** Whole numbers below a limit, by xorshift32, so that a storm can be repeated. */
export function drawsFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export interface StormPlan {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly networks: readonly string[];
  readonly sandboxPaths: readonly string[];
  readonly below: (limit: number) => number;
}

/** One operation of a storm, before it begins. */
export interface StormMove {
  readonly kind: "attach" | "detach";
  /** The sandbox and the link in it, which an endpoint has for itself. */
  readonly place: string;
  make(): Promise<Result<EndpointView, Problem>>;
}

export function drawMove({
  platform,
  engine,
  networks,
  sandboxPaths,
  below,
}: StormPlan): StormMove {
  const path = sandboxPaths[below(sandboxPaths.length)] ?? "";
  const ifname = `eth${below(2)}` as IfName;
  const network = networks[below(networks.length)] as NetworkName;
  const kind = below(2) === 0 ? "attach" : "detach";
  const make = async (): Promise<Result<EndpointView, Problem>> => {
    using netns = must(platform.namespaces.open(path));
    const sandbox = { netns, path };
    return kind === "attach"
      ? await engine.attach({ network, sandbox, ifname, addresses: [] })
      : await engine.detach({ kind: "owner", sandbox, ifname });
  };
  return { kind, place: `${path} ${ifname}`, make };
}
