import { listed, refused, refusedForNow } from "./problem-rows.ts";

export const parentMissing = refusedForNow("LF-PARENT-MISSING", {
  title: "The parent link is not there",
  explanation:
    "The parent is the host's link on the LAN that the endpoints hang on. A network may wait for " +
    "it, an endpoint cannot. What of the network depends on the parent is checked when the first " +
    "endpoint is attached.",
  detail: (f: { parent: string; links: readonly string[]; nearest: string | undefined }) =>
    `No endpoint can be attached until there is a link "${f.parent}" on this host; ` +
    `there are: ${listed(f.links)}.`,
  remedy: (f) =>
    f.nearest === undefined
      ? "Make the link, or use a network on one that is plugged into the LAN."
      : `Did you mean ${f.nearest}? If so, remove the network and make it on ${f.nearest}.`,
  command: () => "ip -br link",
});

export const defaultRouteMissing = refusedForNow("LF-DEFAULT-ROUTE-MISSING", {
  title: "No default route says which link is meant",
  explanation:
    "A configuration of a container runtime that names no parent means the link of the first " +
    "default route.",
  detail: () => "There is no default route, so no link to hang endpoints on was found.",
  remedy: () => "Name the link in the configuration, or add a default route.",
  command: () => "ip route show default",
});

export const parentDown = refusedForNow("LF-PARENT-DOWN", {
  title: "The parent link is down",
  explanation:
    "A link on a parent that is down has no carrier: nothing that it sends leaves, not even to " +
    "its siblings. It comes to life by itself when the parent is set up. The link of a VLAN " +
    "cannot be up before the one beneath it, and goes up together with that.",
  detail: (f: { parent: string; link: string }) =>
    f.link === f.parent
      ? `${f.parent} is down; its endpoints reach nobody until it is up.`
      : `${f.parent} is down because ${f.link} is; its endpoints reach nobody until both are up.`,
  remedy: (f) => `Set it up: ip link set dev ${f.link} up. Nothing else is needed.`,
  command: (f) => `ip link set dev ${f.link} up`,
});

export const parentLoopback = refused("LF-PARENT-LOOPBACK", {
  title: "The loopback cannot be a parent",
  explanation: "lo is not an Ethernet link and leads nowhere (the kernel answers EINVAL).",
  detail: (f: { parent: string }) => `${f.parent} is the loopback link.`,
  remedy: () => "Name the link that is plugged into the LAN.",
  command: () => "ip -br link",
});

export const parentNotEthernet = refused("LF-PARENT-NOT-ETHERNET", {
  title: "The parent is not an Ethernet link",
  explanation: "Only links with Ethernet frames can carry further MAC addresses.",
  detail: (f: { parent: string; kind: string }) => `${f.parent} is a ${f.kind} link.`,
  remedy: () => "Name the link that is plugged into the LAN.",
  command: (f) => `ip -d link show dev ${f.parent}`,
});

export const parentBusy = refused("LF-PARENT-BUSY", {
  title: "The parent is used in a way that excludes this",
  explanation:
    "A link has one receive hook. A bridge port, a member of a bond and the parent of another " +
    "kind of link have given it away (the kernel answers EBUSY).",
  detail: (f: { parent: string; use: string; instead: string | undefined }) =>
    `${f.parent} is ${f.use}.`,
  remedy: (f) =>
    f.instead === undefined ? "Use another parent." : `Use ${f.instead} as the parent.`,
  command: (f) => `ip -d link show dev ${f.parent}`,
});

export const parentResolved = refused("LF-PARENT-RESOLVED", {
  title: "The parent is itself a link on a parent",
  explanation:
    "A link on a macvlan or ipvlan link is made on the real device beneath it: the kernel looks " +
    "through. The network is on that device, and its rules are those of all networks there.",
  detail: (f: { parent: string; kind: string; real: string }) =>
    `${f.parent} is a ${f.kind} link on ${f.real}, so the network is on ${f.real}.`,
  remedy: (f) => `Nothing needs to be done; ${f.parent} is not needed for this network.`,
  command: (f) => `ip -d link show dev ${f.parent}`,
});

export const parentBridge = refused("LF-PARENT-BRIDGE", {
  title: "The parent is a bridge",
  explanation:
    "The bridge does not learn the MACs of links on it: what is for them goes to all of its " +
    "ports, and the bridge itself receives everything (it is promiscuous).",
  detail: (f: { parent: string }) =>
    `${f.parent} is a bridge. It works, at the price of flooding; the host does not reach the ` +
    "endpoints by the bridge, and a hairpin port does not change that.",
  remedy: () => "Use ipvlan, whose links have the bridge's own MAC, or a link that is no bridge.",
  command: (f) => `bridge fdb show br ${f.parent}`,
});

export const parentBalances = refused("LF-PARENT-BALANCES", {
  title: "The parent bond rewrites MAC addresses",
  explanation:
    "In modes balance-tlb and balance-alb a bond sends frames of other MACs with the address of " +
    "the port that they leave by, so that answers do not come back to the endpoint.",
  detail: (f: { parent: string; mode: string }) =>
    `${f.parent} is a bond in mode ${f.mode}, which changes the MAC of what endpoints send.`,
  remedy: () => "Use active-backup or 802.3ad, or ipvlan, whose links have the parent's MAC.",
  command: (f) => `ip -d link show dev ${f.parent}`,
});

export const mtuTooLarge = refused("LF-MTU-TOO-LARGE", {
  title: "The MTU is larger than the parent's",
  explanation: "Frames leave by the parent, so no endpoint may exceed it.",
  detail: (f: { mtu: number; parent: string; parentMtu: number }) =>
    `MTU ${f.mtu} is larger than the ${f.parentMtu} of ${f.parent}.`,
  remedy: (f) => `Use ${f.parentMtu} or less, or raise the parent's.`,
  command: (f) => `ip link set dev ${f.parent} mtu ${f.mtu}`,
});

export const passthruExclusive = refused("LF-PASSTHRU-EXCLUSIVE", {
  title: "Mode passthru does not share its parent",
  explanation:
    "A passthru link takes all unicast that arrives at its parent, so the kernel allows no other " +
    "macvlan beside it (EINVAL). The same holds for networks, before it comes to links.",
  detail: (f: { parent: string; network: string; other: string }) =>
    `${f.network} and ${f.other} cannot both be on ${f.parent}, for one of them is passthru.`,
  remedy: () => "Remove the other first, or use another parent.",
  command: (f) => `ip -d link show dev ${f.parent}`,
});

export const passthruMac = refused("LF-PASSTHRU-MAC", {
  title: "Mode passthru has the parent's MAC address",
  explanation: "The kernel gives a passthru link the address of its parent, whatever is asked for.",
  detail: (f: { mac: string; parent: string; parentMac: string }) =>
    `${f.mac} was asked for, but a passthru link on ${f.parent} has ${f.parentMac}.`,
  remedy: (f) => `Leave the MAC address out, or change that of ${f.parent}.`,
  command: (f) => `ip link set dev ${f.parent} address ${f.mac}`,
});

export const passthruCutsHost = refused("LF-PASSTHRU-CUTS-HOST", {
  title: "The host cannot use the parent while a passthru link exists",
  explanation:
    "All unicast that arrives at the parent goes to the passthru link, or nowhere while that is " +
    "down. The host still hears and answers ARP, but no answer reaches it.",
  detail: (f: { parent: string; addresses: readonly string[] }) =>
    `While an endpoint is attached, the host receives no unicast on ${f.parent}` +
    (f.addresses.length === 0 ? "." : `; it has ${listed(f.addresses)} there.`),
  remedy: () => "Reach the host by another link; detach the endpoint to have this one back.",
  command: (f) => `ip -br address show dev ${f.parent}`,
});

export const driversExclusive = refused("LF-DRIVERS-EXCLUSIVE", {
  title: "A parent does not carry macvlan and ipvlan at once",
  explanation:
    "Both need the one receive hook of the parent, so that the kernel refuses the second kind " +
    "(EBUSY). The same holds for networks, before it comes to links.",
  detail: (f: { parent: string; network: string; driver: string; other: string; kind: string }) =>
    `Network ${f.network} is ${f.driver}, and network ${f.other} on ${f.parent} is ${f.kind}.`,
  remedy: (f) => `Use ${f.kind} for both, or another parent, such as a VLAN of ${f.parent}.`,
  command: (f) => `landfall net inspect ${f.other}`,
});

export const ipvlanShared = refused("LF-IPVLAN-SHARED", {
  title: "All ipvlan networks on a parent have one mode and flag",
  explanation:
    "In the kernel mode and flag belong to the parent: a link made in another mode turns every " +
    "link of the parent to that mode, without a word.",
  detail: (f: { parent: string; network: string; driver: string; other: string; kind: string }) =>
    `Network ${f.network} is ${f.driver}, but network ${f.other} on ${f.parent} is ${f.kind}.`,
  remedy: (f) => `Use ${f.kind} for both, or another parent, such as a VLAN of ${f.parent}.`,
  command: (f) => `landfall net inspect ${f.other}`,
});

export const ipvlanForeignMode = refused("LF-IPVLAN-FOREIGN-MODE", {
  title: "A link on the parent has another ipvlan mode",
  explanation:
    "In the kernel mode and flag belong to the parent. Landfall did not make the link that is " +
    "there, and an endpoint of this network would change how it works.",
  detail: (f: { parent: string; link: string; has: string; driver: string }) =>
    `${f.link} on ${f.parent} is ${f.has}; an endpoint would turn it to ${f.driver}.`,
  remedy: (f) => `Remove ${f.link}, or create the network as ${f.has}.`,
  command: (f) => `ip -d link show dev ${f.link}`,
});

export const vlanTaken = refused("LF-VLAN-TAKEN", {
  title: "The VLAN has a link already",
  explanation:
    "A link of the host has one link for each VLAN, in whatever namespace that is (EEXIST): a " +
    "second container on it needs macvlan or ipvlan on the VLAN's link.",
  detail: (f: { vlan: string; parent: string }) =>
    `${f.parent} has its link for ${f.vlan} already.`,
  remedy: () => "Delete that link or container first, or use macvlan on the VLAN.",
  command: () => "ip -d link show type vlan",
});

export const ipvlanMac = refused("LF-IPVLAN-MAC", {
  title: "Links of this driver have no MAC address of their own",
  explanation:
    "Those of ipvlan have their parent's, and follow when it changes; the kernel lets nobody set " +
    "it. Those that are a VLAN's own link are left with it, too.",
  detail: (f: { mac: string; parent: string }) =>
    `${f.mac} was asked for, but the endpoints have the MAC of ${f.parent}.`,
  remedy: () => "Leave the MAC address out, or use macvlan.",
  command: (f) => `ip link show dev ${f.parent}`,
});

export const gatewayUnused = refused("LF-GATEWAY-UNUSED", {
  title: "A network routed by the host has no gateway",
  explanation:
    "Endpoints of mode l3 and l3s ask nobody for a MAC address: what they send is routed by the " +
    "host. Their default route leads to their own link.",
  detail: (f: { network: string; mode: string; gateways: readonly string[] }) =>
    `Network ${f.network} is in mode ${f.mode}, which sends nothing to ${listed(f.gateways)}. ` +
    "The address is only kept from being handed out.",
  remedy: () =>
    "Nothing needs to be done here. The LAN's router needs a route to the subnet by this host.",
  command: () => "ip route get 192.0.2.1",
});
