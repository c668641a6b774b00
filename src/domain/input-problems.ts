import { listed, usage } from "./problem-rows.ts";

export const nameInvalid = usage("LF-NAME-INVALID", {
  title: "Not a valid name",
  explanation:
    "Names of networks and workloads follow Docker's and Kubernetes' rules; names of links " +
    "follow the kernel's: at most 15 bytes, no '/', ':', '%' or white space, and not '.', '..', " +
    "'all' or 'default', which are directories.",
  detail: (f: { name: string; what: string; reason: string }) =>
    `${f.name} is not a ${f.what}: ${f.reason}.`,
  remedy: (f) => `Choose another ${f.what}.`,
  command: (f) => (f.what === "link name" ? "ip -br link" : undefined),
});

export const mtuInvalid = usage("LF-MTU-INVALID", {
  title: "Not a valid MTU",
  explanation: "An MTU is a whole number of bytes; RFC 791 sets the lower bound.",
  detail: (f: { value: string; min: number; max: number }) =>
    `${f.value} is not an MTU: it must be a whole number from ${f.min} to ${f.max}.`,
  remedy: () => "Leave it out to take the parent's.",
  command: () => "ip -br link",
});

export const driverUnknown = usage("LF-DRIVER-UNKNOWN", {
  title: "Unknown driver",
  explanation: "The drivers are the kernel's link kinds that share a parent's wire.",
  detail: (f: { driver: string }) => `There is no driver "${f.driver}".`,
  remedy: () => "Use macvlan or ipvlan.",
});

export const modeUnknown = usage("LF-MODE-UNKNOWN", {
  title: "Unknown mode",
  explanation: "Modes are spelled as iproute2 spells them.",
  detail: (f: { driver: string; mode: string; modes: readonly string[] }) =>
    `${f.driver} has no mode "${f.mode}".`,
  remedy: (f) => `Use one of: ${listed(f.modes)}.`,
  command: (f) => `ip link help ${f.driver}`,
});

export const flagUnknown = usage("LF-FLAG-UNKNOWN", {
  title: "Not a flag of this mode",
  explanation:
    "Two modes of macvlan have a flag: passthru has nopromisc (the parent does not receive " +
    "everything), source has nodst (what a listed peer sends goes nowhere else). Those of ipvlan " +
    "have private (siblings do not reach each other) and vepa (they do by the switch only).",
  detail: (f: { mode: string; flag: string; flags: readonly string[] }) =>
    `Mode ${f.mode} has no flag "${f.flag}"; it has: ${listed(f.flags)}.`,
  remedy: () => "Leave the flag out, or choose the mode that has it.",
  command: () => "ip link help macvlan",
});

export const sourceNotInMode = usage("LF-SOURCE-NOT-IN-MODE", {
  title: "Only mode source has a list of peers",
  explanation: "In every other mode an endpoint receives from whoever sends to it.",
  detail: (f: { mode: string }) => `Mode ${f.mode} has no list of source MACs.`,
  remedy: () => "Add --mode source, or leave --source out.",
  command: () => "ip link help macvlan",
});

export const queueLengthInvalid = usage("LF-BCQUEUELEN-INVALID", {
  title: "Not a valid length of the broadcast queue",
  explanation:
    "Broadcasts wait in a queue of the parent, as long as the longest that one of its links asks " +
    "for. What comes while it is full is dropped for all of them.",
  detail: (f: { value: number; max: number }) =>
    `${f.value} is not a number of frames: it must be a whole number from 0 to ${f.max}.`,
  remedy: () => "Leave it out to take the kernel's 1000.",
  command: () => "ip link help macvlan",
});

export const queueLengthUnused = usage("LF-BCQUEUELEN-UNUSED", {
  title: "Only macvlan has a broadcast queue whose length can be chosen",
  explanation:
    "The queue of an ipvlan parent holds 1000 frames, and the kernel lets nobody change that.",
  detail: (f: { driver: string }) => `${f.driver} has no length of the broadcast queue.`,
  remedy: () => "Leave it out.",
  command: (f) => `ip link help ${f.driver}`,
});

export const vlanInvalid = usage("LF-VLAN-INVALID", {
  title: "Not the number of a VLAN",
  explanation:
    "A tag has 12 bits for the number; 0 means no VLAN and 4095 is reserved (IEEE 802.1Q). A tag " +
    "of providers, which goes outside of others, is written 802.1ad:NUMBER.",
  detail: (f: { value: string; min: number; max: number }) =>
    `${JSON.stringify(f.value)} is no VLAN: it must be a whole number from ${f.min} to ${f.max}.`,
  remedy: () => "Give the number that the switch's port is a member of, such as 100.",
  command: () => "ip -d link show type vlan",
});

export const subnetMissing = usage("LF-SUBNET-MISSING", {
  title: "A network needs a subnet",
  explanation: "Without a prefix there is nothing to give addresses from.",
  detail: (f: { network: string }) => `Network ${f.network} has no subnet.`,
  remedy: () => "Name the LAN's prefix: --subnet 192.168.1.0/24.",
  command: () => "ip -br address",
});

export const subnetsOverlap = usage("LF-SUBNETS-OVERLAP", {
  title: "Subnets of one network overlap",
  explanation: "An address that is in two subnets has no single gateway or prefix length.",
  detail: (f: { first: string; second: string }) => `${f.first} and ${f.second} overlap.`,
  remedy: () => "Keep the one that the LAN uses.",
});

export const outsideSubnets = usage("LF-OUTSIDE-SUBNETS", {
  title: "Does not fit the network's subnets",
  explanation:
    "Gateways, ranges, exclusions and reserved addresses belong to the subnet that holds them.",
  detail: (f: { what: string; value: string; reason: string; subnets: readonly string[] }) =>
    `The ${f.what} ${f.value} ${f.reason} (${listed(f.subnets)}).`,
  remedy: (f) => `Correct the ${f.what} or the subnet.`,
  command: () => "ip route show",
});
