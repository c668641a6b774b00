import { err, ok, type Problem } from "../base/index.ts";
import {
  type CreateLink,
  describeStep,
  formatDriver,
  kindOf,
  type MacvlanDriver,
  macTaken,
  mtuTooLarge,
  parentBusy,
  passthruExclusive,
  type VlanDriver,
  vlanTaken,
} from "../domain/index.ts";
import {
  addLink,
  type LinkRef,
  type MacvlanMode,
  type NetlinkRefusal,
  type NewLinkKind,
} from "../netlink/index.ts";
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
  do: async (step, context, permit) => {
    const look = () => observeParentLink(context.host, step.parent);
    const parent = context.parent === undefined ? look() : ok(context.parent);
    if (!parent.ok) return parent;
    const permitted = permit(describeStep(step));
    if (!permitted.ok) return permitted;
    const { ifindex, name } = parent.value;
    const { link, mtu } = step;
    const created = context.host.request(
      addLink({
        ...kindOptions(step, { ifindex, name }),
        name: link.temporaryName,
        ifindex: link.ifindex,
        netns: { fd: context.sandboxNetns.fd },
        ...(mtu === undefined ? {} : { mtu }),
      }),
    );
    if (created.ok) return ok();
    // It may have gone, or become unfit, since it was looked at.
    const now = look();
    return now.ok ? err(problemOf(created.error, step, now.value)) : now;
  },
  undo: (step, context) => removeOwnLink(step.link, context),
};

/** What is particular to the driver's kind. */
function kindOptions({ driver, link, linkKind }: CreateLink, parent: LinkRef): NewLinkKind {
  if (driver.kind === "ipvlan") {
    const { mode, flag = "bridge" } = driver;
    const kind = linkKind === undefined ? "ipvlan" : "ipvtap";
    return { kind, parent, mode, flag };
  }
  if (driver.kind === "vlan") return vlanOptions(driver, parent);
  const { bcQueueLen } = driver;
  return {
    kind: linkKind === undefined ? "macvlan" : "macvtap",
    parent,
    mode: modeOf(driver),
    ...(link.mac === undefined ? {} : { mac: link.mac }),
    ...(bcQueueLen === undefined ? {} : { bcQueueLen }),
  };
}

/** What makes the link that of a VLAN. */
export function vlanOptions({ id, mode: protocol }: VlanDriver, parent: LinkRef): NewLinkKind {
  return { kind: "vlan", parent, id, protocol };
}

/** The mode in netlink's words. */
function modeOf(driver: MacvlanDriver): MacvlanMode {
  switch (driver.mode) {
    case "passthru":
      return { kind: driver.mode, ...(driver.flag === undefined ? {} : { flags: [driver.flag] }) };
    case "source": {
      const { mode: kind, allowedMacs, flag } = driver;
      return { kind, allowedMacs, ...(flag === undefined ? {} : { flags: [flag] }) };
    }
    default:
      return { kind: driver.mode };
  }
}

/**
 * The kernel's bare EBUSY, EADDRINUSE or EINVAL in terms of what was asked
 * (macvlan_common_newlink).
 */
function problemOf(refusal: NetlinkRefusal, step: CreateLink, parent: ParentLink): Problem {
  if (refusal.errno === "EBUSY") {
    const other = step.driver.kind === "ipvlan" ? "a macvlan" : "an ipvlan";
    const use = `used by another kind of link (${other}, a bridge or a bond)`;
    return parentBusy({ parent: step.parent, use, instead: undefined });
  }
  if (refusal.errno === "EEXIST" && step.driver.kind === "vlan") {
    return vlanTaken({ vlan: formatDriver(step.driver), parent: step.parent });
  }
  if (refusal.errno === "EADDRINUSE" && step.link.mac !== undefined) {
    return macTaken({ mac: step.link.mac, owner: `another link on ${step.parent}` });
  }
  if (refusal.errno === "EINVAL" && step.mtu !== undefined && step.mtu > parent.mtu) {
    return mtuTooLarge({ mtu: step.mtu, parent: step.parent, parentMtu: parent.mtu });
  }
  // What the book knows was refused earlier, so this is a link that Landfall did not make.
  if (refusal.errno === "EINVAL" && step.driver.mode === "passthru") {
    const [network, other] = ["A passthru link", "one that Landfall did not make"];
    return passthruExclusive({ parent: step.parent, network, other });
  }
  return creationProblem(refusal, kindOf(step), `make a link on ${step.parent}`);
}
