import type { Parent } from "../attach/index.ts";
import { type Millis, millis, ok, type Problem, type Result } from "../base/index.ts";
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

  /** As it was seen a moment before `now`, of CLOCK_BOOTTIME, or else as `look` sees it. */
  orLook(
    network: Network,
    now: Millis,
    look: () => Result<Parent, Problem>,
  ): Result<Parent, Problem> {
    const seen = this.#seen.get(network);
    if (seen !== undefined && now - seen.at < FRESH) return ok(seen.parent);
    const parent = look();
    if (parent.ok) this.#seen.set(network, { parent: parent.value, at: now });
    return parent;
  }
}
