import { observeVlan, observeVlanStack, refusalProblem } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type IfName,
  type NetworkSpec,
  parentAlias,
  parentBalances,
  parentBridge,
  parentResolved,
  type Segment,
  segmentOf,
  type VlanStack,
  vlanLinkName,
  vlanOfName,
} from "../domain/index.ts";
import { getLink, type Link, type Rtnetlink } from "../netlink/index.ts";
import type { EngineDeps } from "./deps.ts";

/** A network on the parent that its wish comes to. */
export interface ResolvedParent {
  readonly spec: NetworkSpec;
  readonly segment: Segment;
  readonly warnings: readonly Problem[];
}

/**
 * Finds what a user means by a parent: a VLAN by whatever name its link goes, the real device
 * beneath a macvlan or ipvlan link, or a VLAN that is yet to be made.
 */
export function resolveParent(
  deps: EngineDeps,
  host: Rtnetlink,
  wish: NetworkSpec,
): Result<ResolvedParent, Problem> {
  const found = findLink(host, { name: wish.parent });
  if (!found.ok) return found;
  const vlan = wish.vlan ?? (found.value === undefined ? vlanOfName(wish.parent) : undefined);
  if (vlan !== undefined) return onVlanOf(deps, host, wish, vlan);
  return found.value === undefined
    ? ok({ spec: wish, segment: segmentOf(wish), warnings: [] })
    : onLink(deps, host, wish, found.value);
}

/** Undefined where there is no such link. */
function findLink(
  host: Rtnetlink,
  key: Parameters<typeof getLink>[0],
): Result<Link | undefined, Problem> {
  const found = host.request(getLink(key));
  if (found.ok) return found;
  if (found.error.errno === "ENODEV") return ok(undefined);
  return err(refusalProblem(found.error, "look for the parent"));
}

/** On a VLAN of the device that a link stands for, unless the link itself has it already. */
function onVlanOf(
  deps: EngineDeps,
  host: Rtnetlink,
  wish: NetworkSpec,
  vlan: VlanStack,
): Result<ResolvedParent, Problem> {
  const base = findLink(host, { name: vlan.on });
  if (!base.ok) return base;
  const levels = observeVlan(host, vlan);
  if (!levels.ok) return levels;
  const isThere = base.value === undefined || levels.value?.at(-1)?.link !== undefined;
  if (isThere) return onVlan(deps, host, wish, vlan);
  const device = realDevice(host, base.value);
  if (!device.ok) return device;
  const { link, warnings } = device.value;
  const on = onVlan(deps, host, wish, { ...vlan, on: link.name as IfName });
  return on.ok ? ok({ ...on.value, warnings: [...warnings, ...on.value.warnings] }) : on;
}

/** On the link of a VLAN that is there, whoever made it, or else on the one that is to be made. */
function onVlan(
  deps: EngineDeps,
  host: Rtnetlink,
  wish: NetworkSpec,
  vlan: VlanStack,
): Result<ResolvedParent, Problem> {
  const levels = observeVlan(host, vlan);
  if (!levels.ok) return levels;
  const base = findLink(host, { name: vlan.on });
  if (!base.ok) return base;
  const { vlan: _, ...rest } = wish;
  const segment = segmentOf({ parent: vlanLinkName(vlan), vlan });
  const innermost = levels.value?.at(-1)?.link;
  const isOurs = innermost === undefined || innermost.alias === parentAlias(deps.store.uuid);
  const parent = (innermost?.name ?? vlanLinkName(vlan)) as IfName;
  // A link that was there before is none of ours to delete.
  const spec = isOurs ? { ...rest, parent, vlan } : { ...rest, parent };
  const warnings = base.value === undefined ? [] : deviceWarnings(wish, base.value);
  return ok({ spec, segment, warnings });
}

function onLink(
  deps: EngineDeps,
  host: Rtnetlink,
  wish: NetworkSpec,
  link: Link,
): Result<ResolvedParent, Problem> {
  switch (link.details?.kind) {
    case "vlan": {
      const stack = observeVlanStack(host, link);
      if (!stack.ok) return stack;
      return stack.value === undefined
        ? ok({ spec: wish, segment: segmentOf(wish), warnings: [] })
        : onVlan(deps, host, wish, stack.value);
    }
    case "macvlan":
    case "macvtap":
    case "ipvlan":
    case "ipvtap":
      return onRealDevice(deps, host, wish, link);
    default:
      return ok({ spec: wish, segment: segmentOf(wish), warnings: deviceWarnings(wish, link) });
  }
}

/** The kernel would quietly make a sibling on the real parent, so the segment would be a lie. */
function onRealDevice(
  deps: EngineDeps,
  host: Rtnetlink,
  wish: NetworkSpec,
  link: Link,
): Result<ResolvedParent, Problem> {
  const device = realDevice(host, link);
  if (!device.ok) return device;
  const { link: real, warnings } = device.value;
  // In another namespace; that is refused where the parent is looked at.
  if (real === link) return ok({ spec: wish, segment: segmentOf(wish), warnings });
  const on = onLink(deps, host, { ...wish, parent: real.name as IfName }, real);
  return on.ok ? ok({ ...on.value, warnings: [...warnings, ...on.value.warnings] }) : on;
}

/** The device beneath a macvlan or ipvlan link; every other link is its own. */
function realDevice(
  host: Rtnetlink,
  link: Link,
): Result<{ readonly link: Link; readonly warnings: readonly Problem[] }, Problem> {
  const kind = link.details?.kind;
  const isStacked =
    kind === "macvlan" || kind === "macvtap" || kind === "ipvlan" || kind === "ipvtap";
  if (!isStacked || link.parent === undefined || link.parent.netnsid !== undefined) {
    return ok({ link, warnings: [] });
  }
  const real = findLink(host, { ifindex: link.parent.ifindex });
  if (!real.ok) return real;
  if (real.value === undefined) return ok({ link, warnings: [] });
  const facts = { parent: link.name, kind, real: real.value.name };
  return ok({ link: real.value, warnings: [parentResolved(facts)] });
}

/** What does not work on a parent of this kind. Links of ipvlan have its MAC, which it knows. */
function deviceWarnings({ driver }: NetworkSpec, { name, details }: Link): readonly Problem[] {
  if (driver.kind !== "macvlan") return [];
  if (details?.kind === "bridge") return [parentBridge({ parent: name })];
  const mode = details?.kind === "bond" ? details.mode : undefined;
  const rewrites = mode === "balance-tlb" || mode === "balance-alb";
  return rewrites ? [parentBalances({ parent: name, mode })] : [];
}
