import type { Parent } from "../attach/index.ts";
import { type Millis, millis } from "../base/index.ts";
import type { Network } from "../domain/index.ts";

/**
 * For so long a parent is taken to be as it was seen: a runtime comes once for each address and
 * then for the link, containers start by the dozen, and the kernel refuses a link on a parent that
 * went meanwhile.
 */
const FRESH: Millis = millis(100);

/** Parents as they were seen a moment ago, by the networks on them. */
export class RecentParents {
  // A network that was changed is another object, whose parent nobody has seen yet.
  readonly #seen = new WeakMap<Network, { readonly parent: Parent; readonly at: Millis }>();

  /** `at`: CLOCK_BOOTTIME. */
  note(network: Network, parent: Parent, at: Millis): void {
    this.#seen.set(network, { parent, at });
  }

  /** Undefined where it has to be looked at. */
  of(network: Network, now: Millis): Parent | undefined {
    const seen = this.#seen.get(network);
    return seen !== undefined && now - seen.at < FRESH ? seen.parent : undefined;
  }
}
