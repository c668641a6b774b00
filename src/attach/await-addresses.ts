import { err, millis, ok, seconds } from "../base/index.ts";
import { type AwaitAddresses, addressConflict, describeStep } from "../domain/index.ts";
import { observeAddresses, observeOwnLink } from "./observe-sandbox.ts";
import type { StepHandler } from "./step.ts";

/** Longer than the kernel asks: one probe, up to a second late, and a second for the answer. */
const PATIENCE = seconds(5);
const PAUSE = millis(20);

/**
 * Waits for duplicate address detection. Where the link is not running the kernel does not ask, and
 * nothing can be waited for.
 */
export const awaitAddresses: StepHandler<AwaitAddresses> = {
  observe: ({ link, addresses }, { sandbox }) => {
    const own = observeOwnLink(sandbox, link);
    if (!own.ok) return own;
    if (own.value.kind !== "ours") return ok(own.value.kind === "foreign" ? "foreign" : "undone");
    const present = observeAddresses(sandbox, link.ifindex);
    if (!present.ok) return present;
    const used = present.value.filter(({ address }) => addresses.includes(address));
    return ok(used.some(({ use }) => use === "conflict") ? "partial" : "done");
  },
  do: async (step, { platform: { clock }, sandbox }, permit) => {
    const deadline = clock.boottime() + PATIENCE;
    for (;;) {
      const permitted = permit(describeStep(step));
      if (!permitted.ok) return permitted;
      const present = observeAddresses(sandbox, step.link.ifindex);
      if (!present.ok) return present;
      const wanted = present.value.filter(({ address }) => step.addresses.includes(address));
      const lost = wanted.filter(({ use }) => use === "conflict");
      if (lost.length > 0) {
        return err(addressConflict({ addresses: lost.map(({ address }) => address) }));
      }
      const isOver = clock.boottime() > deadline;
      if (isOver || wanted.every(({ use }) => use === "free")) return ok();
      await clock.sleep(PAUSE);
    }
  },
  // The addresses go with their link.
  undo: async () => ok(),
};
