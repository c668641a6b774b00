/** A network "lan" on a LAN of real links, ready to be attached to. */
import { dlopen } from "bun:ffi";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseIp, parsePrefix } from "../../src/addr/index.ts";
import { findDaemon, type RemoteDaemon } from "../../src/api/index.ts";
import {
  checkNetwork,
  type IfName,
  type NetworkName,
  type StoreSalt,
  type StoreUuid,
} from "../../src/domain/index.ts";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { memoryStore, openSqliteStore, type Store } from "../../src/store/index.ts";
import { type openLan, pathOf } from "../../test/support/lan.ts";
import { must } from "../../test/support/must.ts";
import { time } from "./harness.ts";

export const lanName = "lan" as NetworkName;
export const eth0 = "eth0" as IfName;

/** The daemon of this host, as soon as it answers. */
export async function untilReady(runDirectory: string, host: NetnsHandle): Promise<RemoteDaemon> {
  for (let look = 0; look < 500; look++) {
    const found = must(await findDaemon({ runDirectory, namespace: String(host.cookie) }));
    if (found !== undefined) return found;
    await Bun.sleep(20);
  }
  throw new Error("the daemon does not answer");
}

/** A directory on the disk that the checkout is on: /tmp may be memory, which needs no flush. */
export function diskDirectory(): { readonly path: string } & Disposable {
  const dist = join(import.meta.dirname, "../../dist");
  mkdirSync(dist, { recursive: true });
  const path = mkdtempSync(join(dist, "bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/**
 * A directory in memory, for files that nobody waits for the disk with. An ext4 without a journal
 * looks at each inode that was deleted within the last minute before it gives one away
 * (recently_deleted in fs/ext4/ialloc.c): a bench would measure how often it was run.
 */
export function memoryDirectory(): { readonly path: string } & Disposable {
  const path = mkdtempSync("/dev/shm/lf-bench-");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const { symbols: libc } = dlopen("libc.so.6", {
  setns: { args: ["i32", "i32"], returns: "i32" },
});
const CLONE_NEWNET = 0x40000000;

/**
 * Has this thread, and whatever it starts, in a namespace until it is disposed of. A plugin is
 * started by its runtime alone: a program in between that enters the namespace is not measured.
 */
export function enterNamespace({ fd }: NetnsHandle): Disposable {
  const home = openSync("/proc/thread-self/ns/net", "r");
  if (libc.setns(fd, CLONE_NEWNET) !== 0) throw new Error("the namespace cannot be entered");
  return {
    [Symbol.dispose]: () => {
      if (libc.setns(home, CLONE_NEWNET) !== 0) throw new Error("there is no way back");
      closeSync(home);
    },
  };
}

export function openMemory(): Store {
  return memoryStore({ uuid: "bench" as StoreUuid, salt: "00" as StoreSalt });
}

export function openSqlite(stateDirectory: string): Store {
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  return must(openSqliteStore({ stateDirectory, randomBytes, wall: () => new Date() }));
}

export interface Site {
  readonly lan: ReturnType<typeof openLan>;
  readonly engine: Engine;
}

/** An engine on `store`, with its network. */
export async function openSite(
  lan: ReturnType<typeof openLan>,
  store: Store,
  length = 24,
): Promise<Site> {
  const engine = openEngine({ platform: lan.platform, hostNamespace: lan.host, store });
  await makeLan(engine, length);
  return { lan, engine };
}

/** Creates the network: prefix 10.0.0.0/`length`, whose gateway answers. */
export async function makeLan(engine: Engine, length: number): Promise<void> {
  const spec = checkNetwork({
    name: lanName,
    parent: "p0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [must(parsePrefix(`10.0.0.0/${length}`))],
    gateways: [must(parseIp("10.0.0.1"))],
    ranges: [],
    exclusions: [],
    routes: [],
    reach: "routed",
  });
  must(await engine.createNetwork(must(spec)));
}

/** The milliseconds of one attach; the detach after it, if it is not to stay, is not counted. */
export async function timeAttach(
  { lan, engine }: Site,
  then: "detach" | "stays" = "detach",
): Promise<number> {
  const netns = lan.sandbox();
  const sandbox = { netns, path: pathOf(netns) };
  const request = { network: lanName, sandbox, ifname: eth0, addresses: [] };
  const spent = await time(async () => must(await engine.attach(request)));
  if (then === "stays") return spent;
  must(await engine.detach({ kind: "owner", sandbox, ifname: eth0 }));
  netns.close();
  return spent;
}
