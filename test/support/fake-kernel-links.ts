import { isMulticastMac, type Mac, macFromBytes } from "../../src/addr/index.ts";
import { err, ok } from "../../src/base/index.ts";
import {
  encode,
  Family,
  type LinkDetails,
  linkMessage,
  linkRequest,
  MessageFlag,
  MessageType,
  neighbourMessage,
} from "../../src/netlink/index.ts";
import type { NetnsCookie } from "../../src/platform/index.ts";
import { dropRoutesOfDown } from "./fake-kernel-inet.ts";
import { changeIpvlan, isWithoutArp, makeIpvlan, showIpvlan } from "./fake-kernel-ipvlan.ts";
import { changeMacvlan, isMacBusy, makeMacvlan } from "./fake-kernel-macvlan.ts";
import {
  type FakeLink,
  type FakeState,
  type Handler,
  handlerOf,
  type LinkId,
  type LinkPayload,
  type Making,
  type Outcome,
  type Reply,
} from "./fake-kernel-state.ts";
import { boundVlansOf, changeVlan, lacksParent, makeVlan, showVlan } from "./fake-kernel-vlan.ts";

type Attributes = LinkPayload["attributes"];

const ETHERNET_MTU = 1500;
const MTU_MIN = 68;
const MTU_MAX = 65535;
const NO_MAC = "00:00:00:00:00:00" as Mac;

/** RTM_NEWLINK: makes a link (NLM_F_CREATE) or changes one. */
export const newLink = handlerOf(linkRequest, (state, { netns, resolve, flags }, request) => {
  if ((flags & MessageFlag.create) === 0) return changeLink(state, netns, request);
  const { header, attributes } = request;
  const target = attributes.netnsFd === undefined ? netns : resolve(attributes.netnsFd);
  if (target === undefined) return err("EBADF");
  const base = newcomer(state, target, { ...attributes, ifindex: header.ifindex });
  if (!base.ok) return base;
  const made = makeKind(state, { netns, resolve, attributes, link: base.value });
  if (!made.ok) return made;
  if (!header.flags.includes("up")) return ok([]);
  const up = setState(state, base.value.id, "up");
  // A link that cannot be set up as asked is not made at all (rtnl_newlink_create).
  if (!up.ok) state.remove(base.value.id);
  return up.ok ? ok([]) : up;
});

interface Newcomer {
  readonly ifindex: number;
  readonly name?: string;
  readonly address?: Mac | Uint8Array;
  readonly mtu?: number;
}

/** A link that is not in the state yet, down and without a kind. */
function newcomer(state: FakeState, netns: NetnsCookie, wish: Newcomer): Outcome<FakeLink> {
  const used = state.links(netns).map((link) => link.ifindex);
  const id = state.nextId();
  const name = wish.name ?? `link${id}`;
  if (state.byName(netns, name) !== undefined) return err("EEXIST");
  if (used.includes(wish.ifindex)) return err("EEXIST");
  const mac = typeof wish.address === "string" ? wish.address : inventedMac(id);
  if (isUnfitMac(mac)) return err("EADDRNOTAVAIL");
  const mtu = wish.mtu ?? ETHERNET_MTU;
  if (mtu < MTU_MIN || mtu > MTU_MAX) return err("EINVAL");
  return ok({
    ...blank(id, netns),
    ifindex: wish.ifindex === 0 ? Math.max(0, ...used) + 1 : wish.ifindex,
    name,
    details: { kind: "bridge" },
    mac,
    mtu,
  });
}

function blank(id: LinkId, netns: NetnsCookie) {
  const nothing = { alias: "", upper: undefined, inet: {}, addresses: [], routes: [] } as const;
  return { id, netns, state: "down", ...nothing } as const;
}

/** The loopback link that every namespace is born with. */
export function loopback(id: LinkId, netns: NetnsCookie): FakeLink {
  const details = { kind: "loopback" } as const;
  return { ...blank(id, netns), ifindex: 1, name: "lo", details, mac: NO_MAC, mtu: 65536 };
}

function inventedMac(id: LinkId): Mac {
  return macFromBytes(Uint8Array.from([0x0a, 0xfa, 0x4e, id >> 16, (id >> 8) & 255, id & 255]));
}

/** With those that follow it (NETDEV_CHANGEADDR). */
function giveMac(state: FakeState, id: LinkId, mac: Mac): void {
  state.change(id, { mac });
  for (const above of state.stackedOn(id)) {
    // One that is down takes it when it goes up.
    const follows = above.state === "up" && hasMacOfParent(above);
    if (follows || above.details.kind === "ipvlan") giveMac(state, above.id, mac);
  }
}

/** With those that follow it (NETDEV_CHANGEMTU): ipvlans up and down, the others only down. */
function giveMtu(state: FakeState, id: LinkId, mtu: number): void {
  state.change(id, { mtu });
  for (const above of state.stackedOn(id)) {
    if (above.details.kind === "ipvlan" || above.mtu > mtu) giveMtu(state, above.id, mtu);
  }
}

function hasMacOfParent({ details }: FakeLink): boolean {
  return details.kind === "vlan" && details.macOf === "parent";
}

function isUnfitMac(mac: Mac): boolean {
  return mac === NO_MAC || isMulticastMac(mac);
}

function makeKind(state: FakeState, making: Making): Outcome {
  const details = making.attributes.linkInfo?.details;
  switch (details?.kind) {
    case "bridge":
      state.put(making.link);
      return ok();
    case "veth":
      return makeVeth(state, making, details.peer);
    case "macvlan":
      return makeMacvlan(state, making, details);
    case "ipvlan":
      return makeIpvlan(state, making, details);
    case "vlan":
      return makeVlan(state, making, details);
    default:
      return err("EOPNOTSUPP");
  }
}

function makeVeth(
  state: FakeState,
  { netns, resolve, link }: Making,
  wish: LinkPayload | undefined,
): Outcome {
  const fd = wish?.attributes.netnsFd;
  const target = fd === undefined ? netns : resolve(fd);
  if (target === undefined) return err("EBADF");
  state.put(link);
  const ifindex = wish?.header.ifindex ?? 0;
  const peer = newcomer(state, target, { ...wish?.attributes, ifindex });
  if (!peer.ok) {
    state.remove(link.id);
    return peer;
  }
  state.put({ ...peer.value, details: { kind: "veth", peer: link.id } });
  state.change(link.id, { details: { kind: "veth", peer: peer.value.id } });
  return ok();
}

function changeKind(state: FakeState, link: FakeLink, data: LinkDetails): Outcome {
  switch (data.kind) {
    case "macvlan":
      return changeMacvlan(state, link, data);
    case "ipvlan":
      return changeIpvlan(state, link, data);
    case "vlan":
      return changeVlan(state, link, data);
    default:
      return err("EOPNOTSUPP");
  }
}

const changeable: ReadonlySet<string> = new Set<keyof Attributes>([
  ...(["address", "mtu", "name", "alias", "upper", "afSpec", "linkInfo"] as const),
]);

/** do_setlink (net/core/rtnetlink.c): in this order, and what was done before a refusal stays. */
function changeLink(
  state: FakeState,
  netns: NetnsCookie,
  { header, attributes: a }: LinkPayload,
): ReturnType<Handler> {
  const found = state.byIndex(netns, header.ifindex);
  if (found === undefined) return err("ENODEV");
  if (!Object.keys(a).every((name) => changeable.has(name))) return err("EOPNOTSUPP");
  const { id } = found;
  const { address, mtu, name, alias, upper } = a;
  const details = a.linkInfo?.details;
  const up = header.flags.includes("up") ? "up" : "down";
  const parts: readonly (() => Outcome)[] = [
    () => (typeof address === "string" ? setMac(state, found, address) : ok()),
    () => (mtu === undefined ? ok() : setMtu(state, found, mtu)),
    () => (name === undefined ? ok() : setName(state, found, name)),
    () => ok(state.change(id, alias === undefined ? {} : { alias })),
    () => (upper === undefined ? ok() : setUpper(state, found, upper)),
    () => (details === undefined ? ok() : changeKind(state, found, details)),
    () => (header.change.includes("up") ? setState(state, id, up) : ok()),
    () => ok(state.change(id, { inet: { ...found.inet, ...a.afSpec?.inet?.conf } })),
  ];
  for (const part of parts) {
    const done = part();
    if (!done.ok) return done;
  }
  return ok([]);
}

function setMac(state: FakeState, link: FakeLink, mac: Mac): Outcome {
  if (link.details.kind === "ipvlan") return err("EOPNOTSUPP");
  if (isUnfitMac(mac)) return err("EADDRNOTAVAIL");
  if (mac !== link.mac && isMacBusy(state, link, mac)) return err("EADDRINUSE");
  if (link.details.kind === "vlan") {
    state.change(link.id, { details: { ...link.details, macOf: "itself" } });
  }
  return ok(giveMac(state, link.id, mac));
}

function setMtu(state: FakeState, { id, details }: FakeLink, mtu: number): Outcome {
  if (mtu < MTU_MIN || mtu > MTU_MAX) return err("EINVAL");
  // An ipvlan may have more than its parent.
  if (details.kind === "macvlan" && mtu > state.byId(details.parent).mtu) return err("EINVAL");
  if (details.kind === "vlan" && mtu > state.byId(details.parent).mtu) return err("ERANGE");
  return ok(giveMtu(state, id, mtu));
}

function setName(state: FakeState, { id, netns }: FakeLink, name: string): Outcome {
  const holder = state.byName(netns, name);
  if (holder !== undefined && holder.id !== id) return err("EEXIST");
  return ok(state.change(id, { name }));
}

function setUpper(state: FakeState, link: FakeLink, ifindex: number): Outcome {
  state.change(link.id, { upper: undefined });
  if (ifindex === 0) return ok();
  const upper = state.byIndex(link.netns, ifindex);
  if (upper === undefined) return err("EINVAL");
  if (upper.details.kind !== "bridge") return err("EOPNOTSUPP");
  if (link.details.kind === "loopback" || link.details.kind === "ipvlan") return err("EINVAL");
  if (state.childrenOf(link.id).length > 0 || link.ipvlanPort !== undefined) return err("EBUSY");
  return ok(state.change(link.id, { upper: upper.id }));
}

function setState(state: FakeState, id: LinkId, wanted: "up" | "down"): Outcome {
  const link = state.byId(id);
  if (link.state === wanted) return ok();
  if (wanted === "up" && isMacBusy(state, link, link.mac)) return err("EADDRINUSE");
  if (wanted === "up" && lacksParent(state, link)) return err("ENETDOWN");
  state.put(wanted === "up" ? { ...link, state: wanted } : dropRoutesOfDown(link));
  if (wanted === "up" && "parent" in link.details && hasMacOfParent(link)) {
    giveMac(state, id, state.byId(link.details.parent).mac);
  }
  for (const follower of boundVlansOf(state, id)) setState(state, follower.id, wanted);
  return ok();
}

/** RTM_DELLINK of one link. */
export const deleteLink = handlerOf(linkRequest, (state, { netns }, { header }) => {
  const link = state.byIndex(netns, header.ifindex);
  if (link === undefined) return err("ENODEV");
  if (link.details.kind === "loopback") return err("EOPNOTSUPP");
  state.remove(link.id);
  return ok([]);
});

/** RTM_GETLINK: one link by name or ifindex, or a dump. */
export const getLink = handlerOf(linkRequest, (state, { netns, flags }, request) => {
  if ((flags & MessageFlag.dump) === MessageFlag.dump) {
    return ok(state.links(netns).map((link) => show(state, link)));
  }
  const { ifindex } = request.header;
  const { name } = request.attributes;
  const link = name === undefined ? state.byIndex(netns, ifindex) : state.byName(netns, name);
  return link === undefined ? err("ENODEV") : ok([show(state, link)]);
});

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

function show(state: FakeState, link: FakeLink): Reply {
  const isLoopback = link.details.kind === "loopback";
  const { bytes } = encode(linkMessage, {
    header: {
      family: Family.unspecified,
      hardware: isLoopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER,
      ifindex: link.ifindex,
      flags: [
        ...(link.state === "up" ? ["up" as const] : []),
        isLoopback ? "loopback" : "broadcast",
        ...(isWithoutArp(state, link) ? ["noArp" as const] : []),
      ],
      change: [],
    },
    attributes: {
      name: link.name,
      address: link.mac,
      mtu: link.mtu,
      ...(link.alias === "" ? {} : { alias: link.alias }),
      ...(link.upper === undefined ? {} : { upper: state.byId(link.upper).ifindex }),
      ...showKind(state, link),
      afSpec: { inet: { conf: link.inet } },
    },
  });
  return { type: MessageType.newLink, payload: bytes };
}

function showKind(state: FakeState, { details, netns }: FakeLink) {
  switch (details.kind) {
    case "loopback":
      return {};
    case "bridge":
      return { linkInfo: { details: { kind: "bridge" } } } as const;
    case "veth":
      return {
        ...showPlace(state, netns, details.peer),
        linkInfo: { details: { kind: "veth" } },
      } as const;
    case "macvlan": {
      const { parent, mode, allowedMacs } = details;
      const macAddresses = allowedMacs.length === 0 ? {} : { macAddresses: allowedMacs };
      const linkInfo = { details: { kind: "macvlan", mode, ...macAddresses } } as const;
      return { ...showPlace(state, netns, parent), linkInfo } as const;
    }
    case "ipvlan":
      return { ...showPlace(state, netns, details.parent), linkInfo: showIpvlan(state, details) };
    case "vlan":
      return { ...showPlace(state, netns, details.parent), linkInfo: showVlan(details) };
  }
}

function showPlace(state: FakeState, netns: NetnsCookie, id: LinkId) {
  const other = state.byId(id);
  if (other.netns === netns) return { link: other.ifindex };
  return { link: other.ifindex, linkNetnsid: Number(other.netns) };
}

/** RTM_GETNEIGH of AF_BRIDGE: a parent's filter has the MACs of the links on it that are up. */
export const getNeighbour = handlerOf(neighbourMessage, (state, { netns }, { header }) => {
  const { family, ifindex } = header;
  if (family !== Family.bridge) return err("EOPNOTSUPP");
  const asked = state.links(netns).filter((link) => ifindex === 0 || link.ifindex === ifindex);
  return ok(asked.flatMap((parent) => showFilter(state, parent)));
});

function showFilter(state: FakeState, parent: FakeLink): readonly Reply[] {
  return [...new Set(filterOf(state, parent))].map((mac) => {
    const header = {
      family: Family.bridge,
      ifindex: parent.ifindex,
      states: ["permanent"],
      flags: ["self"],
      type: 0,
    } as const;
    const { bytes } = encode(neighbourMessage, { header, attributes: { address: mac } });
    return { type: MessageType.newNeighbour, payload: bytes };
  });
}

/** A link hands what its own filter has down to its parent (dev_uc_sync). */
function filterOf(state: FakeState, parent: FakeLink): readonly Mac[] {
  const alive = state.stackedOn(parent.id).filter((link) => link.state === "up");
  return alive.flatMap((link) => {
    const hasParents = link.details.kind !== "macvlan" && link.mac === parent.mac;
    return [...(hasParents ? [] : [link.mac]), ...filterOf(state, link)];
  });
}
