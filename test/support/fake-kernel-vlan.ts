import { err, ok } from "../../src/base/index.ts";
import type { LinkDetails, VlanFlag } from "../../src/netlink/index.ts";
import type {
  FakeLink,
  FakeState,
  FakeVlan,
  LinkId,
  Making,
  Outcome,
} from "./fake-kernel-state.ts";

type VlanData = Extract<LinkDetails, { readonly kind: "vlan" }>;

/** VLAN_VID_MASK is no id. */
const ID_MAX = 4094;
/** The others do something that is not in here. */
const knownFlags: readonly string[] = ["reorderHdr", "looseBinding"] satisfies VlanFlag[];

/** vlan_newlink and vlan_check_real_dev (net/8021q). */
export function makeVlan(
  state: FakeState,
  { netns, attributes, link }: Making,
  data: VlanData,
): Outcome {
  const { id, protocol = "802.1Q" } = data;
  if (typeof protocol === "number") return err("EPROTONOSUPPORT");
  if (id !== undefined && id > ID_MAX) return err("ERANGE");
  if (id === undefined || attributes.link === undefined) return err("EINVAL");
  const parent = state.byIndex(netns, attributes.link);
  if (parent === undefined) return err("ENODEV");
  if (cannotHaveVlans(parent)) return err("EOPNOTSUPP");
  if (vlansOf(state, parent.id).some((other) => other.id === id && other.protocol === protocol)) {
    return err("EEXIST");
  }
  if (attributes.mtu !== undefined && attributes.mtu > parent.mtu) return err("EINVAL");
  const flags = flagsAfter(["reorderHdr"], data);
  if (!flags.ok) return flags;
  const macOf = attributes.address === undefined ? "parent" : "itself";
  const key = { kind: "vlan", parent: parent.id, protocol, id } as const;
  state.put({
    ...link,
    details: { ...key, flags: flags.value, macOf },
    mac: macOf === "parent" ? parent.mac : link.mac,
    mtu: attributes.mtu ?? parent.mtu,
  });
  return ok();
}

/** NETIF_F_VLAN_CHALLENGED */
function cannotHaveVlans({ details }: FakeLink): boolean {
  return details.kind === "loopback" || details.kind === "ipvlan";
}

/** vlan_changelink: id and protocol are not looked at. */
export function changeVlan(state: FakeState, link: FakeLink, data: VlanData): Outcome {
  const { details } = link;
  if (details.kind !== "vlan") return err("EOPNOTSUPP");
  const flags = flagsAfter(details.flags, data);
  if (!flags.ok) return flags;
  return ok(state.change(link.id, { details: { ...details, flags: flags.value } }));
}

function flagsAfter(before: readonly VlanFlag[], data: VlanData): Outcome<readonly VlanFlag[]> {
  if (data.ingressQos !== undefined || data.egressQos !== undefined) return err("EOPNOTSUPP");
  const { flags: on, mask } = data.flags ?? { flags: [], mask: [] };
  if (!mask.every((flag) => knownFlags.includes(`${flag}`))) return err("EOPNOTSUPP");
  const isOn = (flag: VlanFlag) => (mask.includes(flag) ? on : before).includes(flag);
  const all: readonly VlanFlag[] = ["reorderHdr", "looseBinding"];
  return ok(all.filter(isOn));
}

/** vlan_dev_open: its parent has to be up. */
export function lacksParent(state: FakeState, { details }: FakeLink): boolean {
  return isBound(details) && state.byId(details.parent).state === "down";
}

/** The vlans that go up and down with their parent, even those that nobody had set up. */
export function boundVlansOf(state: FakeState, parent: LinkId): readonly FakeLink[] {
  return state.stackedOn(parent).filter(({ details }) => isBound(details));
}

function isBound(details: FakeLink["details"]): details is FakeVlan {
  return details.kind === "vlan" && !details.flags.includes("looseBinding");
}

function vlansOf(state: FakeState, parent: LinkId): readonly FakeVlan[] {
  return state
    .stackedOn(parent)
    .flatMap(({ details }) => (details.kind === "vlan" ? [details] : []));
}

/** IFLA_LINKINFO */
export function showVlan({ protocol, id, flags }: FakeVlan) {
  const mask = ["reorderHdr", "gvrp", "looseBinding", "mvrp", "bridgeBinding"] as const;
  return { details: { kind: "vlan", protocol, id, flags: { flags, mask } } } as const;
}
