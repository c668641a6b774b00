import { nearest, type Problem } from "../base/index.ts";
import {
  type Ids,
  type Moment,
  type NetworkName,
  networkMissing,
  type Sandbox,
  sandboxId,
} from "../domain/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import type { Book, Store } from "../store/index.ts";
import type { Claims } from "./claims.ts";
import type { SandboxHandle } from "./engine.ts";
import type { OperationLocks } from "./operation-locks.ts";
import type { RecentParents } from "./recent-parents.ts";

/** Everything that an engine stands on; a lab host has its own of each, the real host too. */
export interface EngineDeps {
  readonly platform: Platform;
  /** The namespace that the parents are in. */
  readonly hostNamespace: NetnsHandle;
  readonly store: Store;
  readonly ids: Ids;
  readonly locks: OperationLocks;
  readonly claims: Claims;
  readonly parents: RecentParents;
}

/** The problem of a name that stands for no network. */
export function missingNetwork(book: Book, name: NetworkName): Problem {
  const known = book.networks.all().map((network) => network.name);
  return networkMissing({ network: name, known, nearest: nearest(name, known) });
}

/** A sandbox as the store keeps it: what it is for ever, and where it was found. */
export function rememberedSandbox(
  { platform }: EngineDeps,
  { netns, path }: SandboxHandle,
): Sandbox {
  return { id: sandboxId(platform.process.bootId, netns.cookie), path };
}

/** The platform's clocks, read now. */
export function momentOf({ platform }: EngineDeps): Moment {
  const { clock, process } = platform;
  return {
    wall: clock.wall().toISOString(),
    boottime: clock.boottime(),
    bootId: process.bootId,
  };
}
