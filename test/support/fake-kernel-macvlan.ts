import type { Mac } from "../../src/addr/index.ts";
import { err, ok } from "../../src/base/index.ts";
import type { LinkDetails } from "../../src/netlink/index.ts";
import type { ChildMode, FakeLink, FakeState, Making, Outcome } from "./fake-kernel-state.ts";

type MacvlanData = Extract<LinkDetails, { readonly kind: "macvlan" }>;

/** macvlan_common_newlink and macvlan_port_create (drivers/net/macvlan.c). */
export function makeMacvlan(
  state: FakeState,
  { netns, attributes, link }: Making,
  data: MacvlanData,
): Outcome {
  if (attributes.link === undefined) return err("EINVAL");
  const named = state.byIndex(netns, attributes.link);
  if (named === undefined) return err("ENODEV");
  const { mode = "vepa" } = data;
  if (!isChildMode(mode)) return err("EOPNOTSUPP");
  // On a macvlan the kernel makes a sibling of it instead.
  const parent = named.details.kind === "macvlan" ? state.byId(named.details.parent) : named;
  if (attributes.mtu !== undefined && attributes.mtu > parent.mtu) return err("EINVAL");
  if (parent.details.kind === "loopback") return err("EINVAL");
  if (parent.upper !== undefined || parent.ipvlanPort !== undefined) return err("EBUSY");
  if (parent.details.kind === "ipvlan") return err("EINVAL");
  const { macAddresses = [] } = data;
  if (macAddresses.length > 0 && mode !== "source") return err("EINVAL");
  const details = { kind: "macvlan", parent: parent.id, mode, allowedMacs: macAddresses } as const;
  state.put({ ...link, details, mtu: attributes.mtu ?? parent.mtu });
  return ok();
}

/** macvlan_changelink, of which this knows the mode and the whole list; flags are not kept. */
export function changeMacvlan(state: FakeState, link: FakeLink, data: MacvlanData): Outcome {
  const { details } = link;
  if (details.kind !== "macvlan") return err("EOPNOTSUPP");
  const { mode = details.mode, macAddressChange, macAddresses = [] } = data;
  if (!isChildMode(mode)) return err("EINVAL");
  if (macAddressChange !== undefined && macAddressChange !== "replace") return err("EOPNOTSUPP");
  const listed = macAddressChange === undefined ? details.allowedMacs : macAddresses;
  const allowedMacs = mode === "source" ? listed : [];
  // What was done before the list is refused stays.
  state.change(link.id, { details: { ...details, mode, allowedMacs } });
  return macAddressChange !== undefined && mode !== "source" ? err("EINVAL") : ok();
}

function isChildMode(mode: string | number): mode is ChildMode {
  return mode === "private" || mode === "vepa" || mode === "bridge" || mode === "source";
}

/** macvlan_addr_busy: the parent's own, or that of a sibling that is up. */
export function isMacBusy(state: FakeState, { id, details }: FakeLink, mac: Mac): boolean {
  if (details.kind !== "macvlan") return false;
  if (state.byId(details.parent).mac === mac) return true;
  const siblings = state.childrenOf(details.parent).filter((sibling) => sibling.id !== id);
  return siblings.some((sibling) => sibling.state === "up" && sibling.mac === mac);
}
