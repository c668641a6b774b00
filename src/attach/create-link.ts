import { err, ok, type Problem } from "../base/index.ts";
import { type CreateLink, macTaken, mtuTooLarge, parentBusy } from "../domain/index.ts";
import { addLink, type NetlinkRefusal } from "../netlink/index.ts";
import { observeParentLink, type ParentLink } from "./observe-parent.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import { creationProblem } from "./refusals.ts";
import { removeOwnLink } from "./remove-link.ts";
import type { StepHandler } from "./step.ts";

/**
 * Makes the link straight in the sandbox: moving it there later would wait for a grace period. It
 * stays down and under a temporary name, because the name that is wanted may be taken on older
 * kernels in the namespace of the caller, and the alias is not accepted in the same message.
 */
export const createLink: StepHandler<CreateLink> = {
  observe: (step, { sandbox }) => {
    const own = observeOwnLink(sandbox, step.link);
    if (!own.ok) return own;
    if (own.value.kind === "foreign") return ok("foreign");
    return ok(own.value.kind === "ours" ? "done" : "undone");
  },
  do: async (step, context) => {
    const parent = observeParentLink(context.host, step.parent);
    if (!parent.ok) return parent;
    const { ifindex, name } = parent.value;
    const created = context.host.request(
      addLink({
        kind: step.driver.kind,
        parent: { ifindex, name },
        mode: { kind: step.driver.mode },
        name: step.link.temporaryName,
        ifindex: step.link.ifindex,
        mac: step.link.mac,
        netns: { fd: context.sandboxNetns.fd },
        ...(step.mtu === undefined ? {} : { mtu: step.mtu }),
      }),
    );
    return created.ok ? ok() : err(problemOf(created.error, step, parent.value));
  },
  undo: (step, context) => removeOwnLink(step.link, context),
};

/**
 * The kernel's bare EBUSY, EADDRINUSE or EINVAL in terms of what was asked
 * (macvlan_common_newlink).
 */
function problemOf(refusal: NetlinkRefusal, step: CreateLink, parent: ParentLink): Problem {
  if (refusal.errno === "EBUSY") {
    const use = "used by another kind of link (an ipvlan, a bridge or a bond)";
    return parentBusy({ parent: step.parent, use, instead: undefined });
  }
  if (refusal.errno === "EADDRINUSE") {
    return macTaken({ mac: step.link.mac, owner: `another link on ${step.parent}` });
  }
  if (refusal.errno === "EINVAL" && step.mtu !== undefined && step.mtu > parent.mtu) {
    return mtuTooLarge({ mtu: step.mtu, parent: step.parent, parentMtu: parent.mtu });
  }
  return creationProblem(refusal, step.driver.kind, `make a link on ${step.parent}`);
}
