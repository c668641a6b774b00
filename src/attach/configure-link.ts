import { err, ok } from "../base/index.ts";
import { type ConfigureLink, describeStep } from "../domain/index.ts";
import { type Request, setLink } from "../netlink/index.ts";
import {
  addressingProblem,
  addressRequests,
  observeAddressing,
  prepareIpv6,
  routeRequests,
  sendAddressing,
} from "./address-link.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import { type StepHandler, stateOf } from "./step.ts";

/** Gives the link its alias, name, addresses and routes, sets it up, and has it announced. */
export const configureLink: StepHandler<ConfigureLink> = {
  observe: (step, { sandbox }) => {
    const own = observeOwnLink(sandbox, step.link);
    if (!own.ok) return own;
    if (own.value.kind !== "ours") return ok(own.value.kind === "foreign" ? "foreign" : "undone");
    const { name, alias, state } = own.value.link;
    const addressed = observeAddressing(step, sandbox);
    if (!addressed.ok) return addressed;
    const facts = [name === step.ifname, alias === step.link.alias, state === "up"];
    return ok(stateOf([...facts, ...addressed.value]));
  },
  do: async (step, context, permit) => {
    const prepared = prepareIpv6(step, step.link.madeAs, context);
    if (!prepared.ok) return prepared;
    const mayMark = permit(describeStep(step));
    if (!mayMark.ok) return mayMark;
    if (hasItsName(step)) return sendAddressing(step, requestsFor(step), context.sandbox);
    const marked = context.sandbox.request(markRequest(step));
    if (!marked.ok) return err(addressingProblem(marked.error, step));
    const mayConfigure = permit(describeStep(step));
    if (!mayConfigure.ok) return mayConfigure;
    return sendAddressing(step, requestsFor(step), context.sandbox);
  },
  // The link goes with the step that made it, and all of this with the link.
  undo: async () => ok(),
};

function hasItsName({ link, ifname }: ConfigureLink): boolean {
  return link.madeAs === ifname;
}

/**
 * The alias, alone and first: a link that lost its temporary name while the alias was refused would
 * be nobody's, and stay when this is undone.
 */
function markRequest({ link }: ConfigureLink): Request {
  const made = { ifindex: link.ifindex, name: link.madeAs };
  return setLink({ link: made, alias: link.alias });
}

/**
 * The rest in one send. IPv4 addresses come before the link is up, so that arp_notify announces
 * them; IPv6 addresses after, since the kernel adds no route for them while the link is down.
 */
function requestsFor(step: ConfigureLink): readonly Request[] {
  const link = { ifindex: step.link.ifindex, name: step.ifname };
  const made = { ifindex: step.link.ifindex, name: step.link.madeAs };
  return [
    setLink({
      ...{ link: made, inet: { arpNotify: 1 } },
      ...(hasItsName(step) ? { alias: step.link.alias } : { name: step.ifname }),
    }),
    ...addressRequests(step, 4),
    setLink({ link, state: "up" }),
    ...addressRequests(step, 6),
    ...routeRequests(step),
  ];
}
