import {
  type AttachContext,
  checkHostRoutes,
  checkIpvlanPort,
  observeParent,
  openConversation,
  type Parent,
} from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  gatewayUnused,
  isRoutedByHost,
  mtuTooLarge,
  type Network,
  type NetworkSpec,
  parentDown,
  parentMissing,
  type Segment,
} from "../domain/index.ts";
import type { EngineDeps } from "./deps.ts";
import { passthruWarnings } from "./passthru.ts";
import { resolveParent } from "./resolve-parent.ts";

/** What the host says of a network that is to be made. */
export interface HostVerdict {
  /** The network, on the parent that it comes to. */
  readonly spec: NetworkSpec;
  readonly segment: Segment;
  readonly warnings: readonly Problem[];
  /** Set where there is no parent yet: what depends on it is checked by the first attach. */
  readonly parentChecks?: "due";
}

/** Whether a network could work on this host, now or when its parent appears. */
export function checkAgainstHost(
  deps: EngineDeps,
  wish: NetworkSpec,
): Result<HostVerdict, Problem> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const resolved = resolveParent(deps, host, wish);
  if (!resolved.ok) return resolved;
  const { spec, segment } = resolved.value;
  const verdict = {
    spec,
    segment,
    warnings: [...resolved.value.warnings, ...networkWarnings(spec)],
  };
  const parent = checkedParent(host, spec);
  if (parent.ok) {
    return ok({
      ...verdict,
      warnings: [...verdict.warnings, ...parentWarnings(spec, parent.value)],
    });
  }
  if (parent.error.code !== parentMissing.code) return parent;
  return ok({ ...verdict, warnings: [...verdict.warnings, parent.error], parentChecks: "due" });
}

/** The parent of an endpoint that is to be made. */
export function parentForAttach(
  host: AttachContext["host"],
  network: Network,
): Result<Parent, Problem> {
  return network.parentChecks === "due"
    ? checkedParent(host, network)
    : observedParent(host, network);
}

/** What whoever made something on this parent should know. */
export function parentWarnings({ driver }: NetworkSpec, parent: Parent): readonly Problem[] {
  const { name, downBy } = parent;
  const down = downBy === undefined ? [] : [parentDown({ parent: name, link: downBy })];
  return [...down, ...passthruWarnings(driver, parent)];
}

/** What whoever makes this network should know of it, whatever its parent. */
function networkWarnings({ name, driver, subnets }: NetworkSpec): readonly Problem[] {
  const gateways = subnets.flatMap(({ gateway }) => gateway ?? []);
  if (!isRoutedByHost(driver) || gateways.length === 0) return [];
  return [gatewayUnused({ network: name, mode: driver.mode, gateways })];
}

/**
 * The parent as it is. One of a VLAN that is yet to be made is like the link that it will be on,
 * and has nothing of its own yet.
 */
function presentParent(host: AttachContext["host"], spec: NetworkSpec): Result<Parent, Problem> {
  const { parent, vlan } = spec;
  const present = observeParent(host, parent, spec);
  if (present.ok || vlan === undefined || present.error.code !== parentMissing.code) return present;
  const base = observeParent(host, vlan.on, spec);
  if (!base.ok) return base;
  return ok({ ...base.value, ifindex: 0, name: parent, addresses: [] });
}

/** The parent as it is, with what else hangs on it left as it is. */
function observedParent(host: AttachContext["host"], spec: NetworkSpec): Result<Parent, Problem> {
  const { driver } = spec;
  const parent = presentParent(host, spec);
  if (!parent.ok || driver.kind !== "ipvlan") return parent;
  const kept = checkIpvlanPort(host, parent.value, driver);
  return kept.ok ? parent : kept;
}

/** The parent, if the network could work on it. */
function checkedParent(host: AttachContext["host"], spec: NetworkSpec): Result<Parent, Problem> {
  const parent = observedParent(host, spec);
  if (!parent.ok) return parent;
  const { mtu } = parent.value;
  if (spec.mtu !== undefined && spec.mtu > mtu) {
    return err(mtuTooLarge({ mtu: spec.mtu, parent: spec.parent, parentMtu: mtu }));
  }
  const prefixes = spec.subnets.map((subnet) => subnet.prefix);
  const routed = checkHostRoutes(host, parent.value, prefixes);
  return routed.ok ? parent : routed;
}
