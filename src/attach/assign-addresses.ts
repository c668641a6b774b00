import { ok } from "../base/index.ts";
import { type AssignAddresses, describeStep } from "../domain/index.ts";
import {
  addressRequests,
  observeAddressing,
  prepareIpv6,
  routeRequests,
  sendAddressing,
} from "./address-link.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import { type StepHandler, stateOf } from "./step.ts";

/**
 * Gives a link that is up its addresses and routes. The kernel announces no IPv4 address then; who
 * gave it, such as a DHCP server, has made sure of it on that very link.
 */
export const assignAddresses: StepHandler<AssignAddresses> = {
  observe: (step, { sandbox }) => {
    const own = observeOwnLink(sandbox, step.link);
    if (!own.ok) return own;
    if (own.value.kind !== "ours") return ok(own.value.kind === "foreign" ? "foreign" : "undone");
    const addressed = observeAddressing(step, sandbox);
    return addressed.ok ? ok(stateOf(addressed.value)) : addressed;
  },
  do: async (step, context, permit) => {
    const prepared = prepareIpv6(step, step.ifname, context);
    if (!prepared.ok) return prepared;
    const permitted = permit(describeStep(step));
    if (!permitted.ok) return permitted;
    const requests = [
      ...addressRequests(step, 4),
      ...addressRequests(step, 6),
      ...routeRequests(step),
    ];
    return sendAddressing(step, requests, context.sandbox);
  },
  // They go with the link, and the link with the step that made it.
  undo: async () => ok(),
};
