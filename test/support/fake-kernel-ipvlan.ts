import { err, ok } from "../../src/base/index.ts";
import type { IpvlanFlag, IpvlanMode, LinkDetails } from "../../src/netlink/index.ts";
import type {
  FakeKind,
  FakeLink,
  FakeState,
  LinkId,
  Making,
  Outcome,
} from "./fake-kernel-state.ts";

type IpvlanData = Extract<LinkDetails, { readonly kind: "ipvlan" }>;
type FakeIpvlan = Extract<FakeKind, { readonly kind: "ipvlan" }>;

/** What nobody asked for (ipvlan_port_create). */
const NEW_PORT = { mode: "l3", flag: "bridge" } as const;

/** ipvlan_link_new (drivers/net/ipvlan/ipvlan_main.c): MAC and MTU are the parent's. */
export function makeIpvlan(
  state: FakeState,
  { netns, attributes, link }: Making,
  data: IpvlanData,
): Outcome {
  const wish = wishOf(data);
  if (!wish.ok) return wish;
  if (attributes.link === undefined) return err("EINVAL");
  const named = state.byIndex(netns, attributes.link);
  if (named === undefined) return err("ENODEV");
  // On an ipvlan the kernel makes a sibling of it instead.
  const parent = named.details.kind === "ipvlan" ? state.byId(named.details.parent) : named;
  if (parent.details.kind === "loopback") return err("EINVAL");
  if (parent.upper !== undefined || state.childrenOf(parent.id).length > 0) return err("EBUSY");
  state.put({
    ...link,
    details: { kind: "ipvlan", parent: parent.id },
    mac: parent.mac,
    mtu: parent.mtu,
  });
  const before = parent.ipvlanPort ?? NEW_PORT;
  // A mode that is not named is l3 for all of them; a flag that is not named stays.
  return ok(state.change(parent.id, { ipvlanPort: { ...before, mode: "l3", ...wish.value } }));
}

/** ipvlan_nl_changelink: what is not named stays. */
export function changeIpvlan(state: FakeState, { details }: FakeLink, data: IpvlanData): Outcome {
  if (details.kind !== "ipvlan") return err("EOPNOTSUPP");
  const wish = wishOf(data);
  if (!wish.ok) return wish;
  const ipvlanPort = { ...portOf(state, details.parent), ...wish.value };
  return ok(state.change(details.parent, { ipvlanPort }));
}

interface Wish {
  readonly mode?: IpvlanMode;
  readonly flag?: IpvlanFlag;
}

function wishOf({ mode, flags }: IpvlanData): Outcome<Wish> {
  if (typeof mode === "number") return err("EINVAL");
  const [first = "bridge", ...more] = flags ?? [];
  if (more.length > 0 || typeof first === "number") return err("EINVAL");
  return ok({
    ...(mode === undefined ? {} : { mode }),
    ...(flags === undefined ? {} : { flag: first }),
  });
}

function portOf(state: FakeState, parent: LinkId) {
  return state.byId(parent).ipvlanPort ?? NEW_PORT;
}

/** In the modes of layer 3 a link neither asks nor answers. */
export function isWithoutArp(state: FakeState, { details }: FakeLink): boolean {
  return details.kind === "ipvlan" && portOf(state, details.parent).mode !== "l2";
}

/** IFLA_LINKINFO: every link shows what its parent's port has. */
export function showIpvlan(state: FakeState, { parent }: FakeIpvlan) {
  const { mode, flag } = portOf(state, parent);
  return { details: { kind: "ipvlan", mode, flags: flag === "bridge" ? [] : [flag] } } as const;
}
