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

export const modeUnsupported = usage("LF-MODE-UNSUPPORTED", {
  title: "Not driven by this version",
  explanation:
    "The kernel has this driver and mode; this version of Landfall does not drive it yet.",
  detail: (f: { driver: string; mode: string }) =>
    `This version does not drive ${f.driver} in mode ${f.mode}.`,
  remedy: () => "Use macvlan in mode bridge.",
  command: (f) => `ip link help ${f.driver}`,
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
