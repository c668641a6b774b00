import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type CreateLink,
  describeStep,
  formatDriver,
  ifnameTaken,
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
import type { AttachContext } from "./context.ts";
import { observeParentLink, type ParentLink } from "./observe-parent.ts";
import { observeLink, observeOwnLink } from "./observe-sandbox.ts";
import { creationProblem } from "./refusals.ts";
import { removeOwnLink } from "./remove-link.ts";
import type { StepHandler } from "./step.ts";

/**
 * Makes the link straight in the sandbox and under its name: moving it there later would wait for a
 * grace period, and with another name the kernel makes all its sysctls anew. Since the ifindex is
 * given, the kernel does not look for the name where the caller is (rtnl_newlink). The alias is not
 * accepted in the same message.
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
    const created = createOn(parent.value, step, context);
    if (created.ok) return ok();
    const taken = created.error.errno === "EEXIST" ? refuseTaken(step, context) : ok();
    if (!taken.ok) return taken;
    // It may have gone, or become unfit, since it was looked at.
    const now = look();
    if (!now.ok) return now;
    // Or been made anew: then the one that was asked about is nobody's parent any more.
    const isAnother = now.value.ifindex !== parent.value.ifindex;
    const again = isAnother ? createOn(now.value, step, context) : created;
    return again.ok ? ok() : err(problemOf(again.error, step, now.value));
  },
  undo: (step, context) => removeOwnLink(step.link, context),
};

/** Somebody may have made a link of this name since the sandbox was looked at. */
function refuseTaken({ link }: CreateLink, { sandbox }: AttachContext): Result<void, Problem> {
  const { madeAs: ifname } = link;
  const present = observeLink(sandbox, { name: ifname });
  if (!present.ok) return present;
  return present.value === undefined ? ok() : err(ifnameTaken({ ifname, sandbox: "The sandbox" }));
}

function createOn(
  { ifindex, name }: ParentLink,
  step: CreateLink,
  { host, sandboxNetns }: AttachContext,
): Result<void, NetlinkRefusal> {
  const { link, mtu } = step;
  return host.request(
    addLink({
      ...kindOptions(step, { ifindex, name }),
      name: link.madeAs,
      ifindex: link.ifindex,
      netns: { fd: sandboxNetns.fd },
      ...(mtu === undefined ? {} : { mtu }),
    }),
  );
}

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
