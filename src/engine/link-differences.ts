import type { InterfaceAddress } from "../addr/index.ts";
import type { Driver, Endpoint, Network } from "../domain/index.ts";
import type { Link } from "../netlink/index.ts";
import type { EndpointFinding } from "./engine.ts";

/** How a link should be. */
interface Wanted {
  readonly endpoint: Endpoint;
  readonly network: Network;
  /** Which it may have: while the network is changed, the former and the new one. */
  readonly modes: readonly Driver["mode"][];
}

/** How it is, and the parent that the network has now. */
interface Present {
  readonly link: Link;
  readonly addresses: readonly {
    readonly address: InterfaceAddress;
    readonly use: "free" | "conflict" | "in doubt";
  }[];
  readonly parent: Link | undefined;
}

interface Found extends Pick<EndpointFinding, "kind" | "action"> {
  /** Each the end of a sentence; none when all is as it should be. */
  readonly differences: readonly string[];
}

/** In what a link differs from the book, and what `reconcile` does about it. */
export function differencesOf(wanted: Wanted, present: Present): Found {
  const { endpoint, network, modes } = wanted;
  const { link, ifname, addresses } = endpoint;
  const { name, state, mac, details } = present.link;
  const mode = details !== undefined && "mode" in details ? details.mode : undefined;
  const isExpected = mode === undefined || modes.some((known) => known === mode);
  const stateOf = (address: string) => present.addresses.find((row) => row.address === address);
  // Name, state and addresses of a link that a runtime moves are the runtime's.
  const isOurs = endpoint.sandbox.mover === undefined;
  const missing = isOurs ? addresses.filter((address) => stateOf(address) === undefined) : [];
  const rivalled = addresses.filter((address) => stateOf(address)?.use === "conflict");
  const mtu = mtuDifference(wanted, present);
  const differences = [
    ...(name === ifname || !isOurs ? [] : [`it is named ${name}`]),
    ...(state === "up" || !isOurs ? [] : ["it is down"]),
    ...(link.mac === undefined || mac === link.mac ? [] : [`its MAC is ${mac}, not ${link.mac}`]),
    ...(isExpected ? [] : [`its mode is ${mode}, not ${network.driver.mode}`]),
    ...(mtu === undefined ? [] : [mtu.words]),
    ...parentDifference(network, present),
    ...missing.map((address) => `${address} was taken away`),
    ...rivalled.map((address) => `another machine has ${address}, so it is not used`),
  ];
  const kind = rivalled.length > 0 ? "address-conflict" : "link-differs";
  return { kind, differences, action: mtu?.canBe === "set" ? "repair" : "none" };
}

/** The MTU that an endpoint should have: its own, or that of the parent, which it was made with. */
export function wantedMtu(
  { mtu }: Endpoint,
  parent: Pick<Link, "mtu"> | undefined,
): number | undefined {
  return mtu ?? parent?.mtu;
}

/**
 * The kernel lowers a macvlan link with its parent and does not raise it again
 * (macvlan_device_event); ipvlan links follow both ways.
 */
function mtuDifference({ endpoint }: Wanted, { link, parent }: Present) {
  const wanted = wantedMtu(endpoint, parent);
  if (wanted === undefined || link.mtu === wanted) return undefined;
  const words = `its MTU is ${link.mtu}, not ${wanted}`;
  if (parent === undefined || parent.mtu >= wanted) return { words, canBe: "set" as const };
  return { words: `${words}: ${parent.name} has ${parent.mtu} now`, canBe: "told" as const };
}

/** Another link may have taken the name of the parent. */
function parentDifference({ parent: name }: Network, { link, parent }: Present): readonly string[] {
  const on = link.parent?.ifindex;
  if (parent === undefined || on === undefined || on === parent.ifindex) return [];
  return [`it hangs on link ${on} of the host, and ${name} is another one now`];
}
