import { type Ip, interfaceAddressIp, type Mac } from "../addr/index.ts";
import { err, nearest, ok, type Problem, type Result } from "../base/index.ts";
import {
  type IfName,
  type NetworkSpec,
  parentBusy,
  parentLoopback,
  parentMissing,
  parentNotEthernet,
} from "../domain/index.ts";
import {
  getLink,
  type Link,
  listAddresses,
  listAddressesOf,
  listLinks,
  type Rtnetlink,
} from "../netlink/index.ts";
import { refusalProblem } from "./refusals.ts";

/** A link that endpoints can hang on. */
export interface ParentLink {
  readonly ifindex: number;
  readonly name: IfName;
  readonly mac: Mac | undefined;
  readonly mtu: number;
  /** What is made on a parent that is down comes to life when it is set up. */
  readonly state: "up" | "down";
  /** Where it is down: what is to be set up. For a VLAN it is the link beneath, if that is down. */
  readonly downBy?: IfName;
}

/** What the engine needs to know of a parent. */
export interface Parent extends ParentLink {
  /** The host's own addresses on it. */
  readonly addresses: readonly Ip[];
  /** Those of the host's addresses that no endpoint on it may have. */
  readonly hostAddresses: readonly Ip[];
}

/** ARPHRD_* (include/uapi/linux/if_arp.h). */
const ETHERNET = 1;
const LOOPBACK = 772;

/**
 * The parent and the host's addresses, or why nothing can hang on it. What comes to the parent for
 * an address of an ipvlan link goes to that link, even if it is the host's on another link.
 */
export function observeParent(
  host: Rtnetlink,
  name: IfName,
  { driver, parentPlace }: Pick<NetworkSpec, "driver" | "parentPlace">,
): Result<Parent, Problem> {
  const { kind } = driver;
  const link = observeParentLink(host, name, parentPlace);
  if (!link.ok) return link;
  const rows = host.dump(kind === "ipvlan" ? listAddresses() : listAddressesOf(link.value));
  if (!rows.ok) return err(refusalProblem(rows.error, "list addresses"));
  const ips = (addresses: typeof rows.value) =>
    addresses.map(({ address }) => interfaceAddressIp(address));
  const own = rows.value.filter(({ ifindex }) => ifindex === link.value.ifindex);
  return ok({ ...link.value, addresses: ips(own), hostAddresses: ips(rows.value) });
}

/** The parent as it is now, or why nothing can hang on it. */
export function observeParentLink(
  host: Rtnetlink,
  name: IfName,
  place?: NetworkSpec["parentPlace"],
): Result<ParentLink, Problem> {
  const found = host.request(getLink({ name }));
  if (!found.ok) {
    if (found.error.errno === "ENODEV") return err(missing(host, name));
    return err(refusalProblem(found.error, `look for ${name}`));
  }
  const problem = unsuitable(host, found.value, place);
  if (problem !== undefined) return err(problem);
  const { ifindex, mac, mtu, state } = found.value;
  const downBy = state === "down" ? { downBy: lowestDown(host, found.value) } : {};
  return ok({ ifindex, name, mac, mtu, state, ...downBy });
}

/** The kernel sets the link of a VLAN up together with the one beneath, and not before it. */
function lowestDown(host: Rtnetlink, link: Link): IfName {
  let lowest = link;
  while (lowest.details?.kind === "vlan" && lowest.parent?.netnsid === undefined) {
    const below = lowest.parent && host.request(getLink({ ifindex: lowest.parent.ifindex }));
    if (!below?.ok || below.value.state === "up") break;
    lowest = below.value;
  }
  return lowest.name as IfName;
}

function missing(host: Rtnetlink, parent: IfName): Problem {
  const all = host.dump(listLinks());
  const names = all.ok ? all.value.map((link) => link.name) : [];
  const links = names.filter((name) => name !== "lo");
  return parentMissing({ parent, links, nearest: nearest(parent, links) });
}

/** Why nothing can hang on this link; in the order in which mending it makes sense. */
function unsuitable(
  host: Rtnetlink,
  link: Link,
  place: NetworkSpec["parentPlace"],
): Problem | undefined {
  const parent = link.name;
  if (link.hardware === LOOPBACK) return parentLoopback({ parent });
  if (link.hardware !== ETHERNET) {
    return parentNotEthernet({ parent, kind: link.details?.kind ?? `type ${link.hardware}` });
  }
  if (link.upper !== undefined) return memberOf(host, link, link.upper);
  // In a sandbox the real parent is usually elsewhere, and the network is a wire of its own.
  if (place === "sandbox") return undefined;
  const kind = link.details?.kind ?? "hardware";
  return lookedThrough.includes(kind) ? stacked(host, link, kind) : undefined;
}

/** Kinds of links that the kernel puts nothing on, but on the device beneath them. */
const lookedThrough: readonly string[] = ["macvlan", "macvtap", "ipvlan", "ipvtap"];

function memberOf(host: Rtnetlink, link: Link, upper: number): Problem {
  const found = host.request(getLink({ ifindex: upper }));
  const name = found.ok ? found.value.name : `if${upper}`;
  const kind = found.ok ? (found.value.details?.kind ?? "link") : "link";
  return parentBusy({ parent: link.name, use: `a port of the ${kind} ${name}`, instead: name });
}

/** The kernel would quietly make a sibling on the real parent, so the segment would be a lie. */
function stacked(host: Rtnetlink, link: Link, kind: string): Problem {
  const real = link.parent;
  const here = real !== undefined && real.netnsid === undefined;
  const found = here ? host.request(getLink({ ifindex: real.ifindex })) : undefined;
  const instead = found?.ok ? found.value.name : undefined;
  const place = instead === undefined ? "a link of another namespace" : instead;
  return parentBusy({ parent: link.name, use: `itself a ${kind} on ${place}`, instead });
}
