import { listed, refused, refusedForNow } from "./problem-rows.ts";

export const poolExhausted = refusedForNow("LF-POOL-EXHAUSTED", {
  title: "No free address is left",
  explanation:
    "Every address of the ranges is given, excluded, reserved, or the host's or gateway's own.",
  detail: (f: { network: string; prefix: string; size: string; given: number }) =>
    `Network ${f.network} has no free address in ${f.prefix}: ${f.given} of ${f.size} are given.`,
  remedy: () => "Detach what is not needed, or give the network a larger range.",
  command: () => "landfall endpoint ls",
});

export const addressTaken = refused("LF-ADDRESS-TAKEN", {
  title: "The address is given to another endpoint",
  explanation: "An address has one owner on a segment, whatever network it came from.",
  detail: (f: { address: string; endpoint: string; network: string }) =>
    `${f.address} belongs to endpoint ${f.endpoint} of network ${f.network}.`,
  remedy: () => "Ask for another address, or detach that endpoint.",
  command: (f) => `landfall detach ${f.endpoint}`,
});

export const allocationTaken = refused("LF-ALLOCATION-TAKEN", {
  title: "Another address manager has given the address away",
  explanation:
    "The files of host-local say whose an address is, whoever wrote them; it is free when its " +
    "file is gone.",
  detail: (f: { address: string; file: string; holder: string }) =>
    `${f.address} belongs to ${f.holder}: ${f.file} says so.`,
  remedy: () => "Ask for another address, or remove the file if no such container is there.",
  command: (f) => `cat ${f.file}`,
});

export const addressReserved = refused("LF-ADDRESS-RESERVED", {
  title: "The address is reserved for another workload",
  explanation:
    "A reserved address is always that workload's on that network, and never another's on the " +
    "segment.",
  detail: (f: { address: string; workload: string; network: string }) =>
    `${f.address} is reserved for ${f.workload} on network ${f.network}.`,
  remedy: (f) => `Choose another address, or attach with --name ${f.workload}.`,
  command: (f) => `landfall net inspect ${f.network}`,
});

export const leaseMissing = refused("LF-LEASE-MISSING", {
  title: "The address is not in the book",
  explanation: "Only addresses that are given or resting are in the book; all others are free.",
  detail: (f: { address: string; segments: readonly string[] }) =>
    `${f.address} is neither given nor resting on segment ${listed(f.segments)}.`,
  remedy: () => "See what is in the book.",
  command: () => "landfall lease ls",
});

export const leaseHeld = refused("LF-LEASE-HELD", {
  title: "An endpoint has the address",
  explanation: "Two machines with one address break each other, so only a resting one is freed.",
  detail: (f: { address: string; endpoint: string; segment: string }) =>
    `${f.address} on segment ${f.segment} belongs to endpoint ${f.endpoint}.`,
  remedy: () => "Detach that endpoint; its addresses are freed with it.",
  command: (f) => `landfall detach ${f.endpoint}`,
});

export const addressUnusable = refused("LF-ADDRESS-UNUSABLE", {
  title: "The address cannot be given to an endpoint",
  explanation:
    "It is outside the network, or the gateway's, the host's, excluded, or the network or " +
    "broadcast address of its prefix.",
  detail: (f: { address: string; network: string; reason: string }) =>
    `${f.address} ${f.reason} (network ${f.network}).`,
  remedy: () => "Ask for another address, or for none to be given a free one.",
  command: (f) => `landfall net inspect ${f.network}`,
});

export const macTaken = refused("LF-MAC-TAKEN", {
  title: "The MAC address is taken on this parent",
  explanation: "Two links with one MAC address on one parent take each other's frames.",
  detail: (f: { mac: string; owner: string }) => `${f.mac} belongs to ${f.owner}.`,
  remedy: () => "Ask for another MAC address, or for none to be given one.",
  command: () => "ip -br link",
});

export const addressOnSibling = refused("LF-ADDRESS-ON-SIBLING", {
  title: "Another ipvlan link on the parent has this address",
  explanation:
    "ipvlan links are told apart by their addresses, so that no two on one parent may have the " +
    "same (EADDRINUSE). The book knows of none, so it is a link that Landfall did not make.",
  detail: (f: { addresses: readonly string[] }) =>
    `A link that Landfall did not make has one of ${listed(f.addresses)}.`,
  remedy: () => "Remove that link, or exclude its address from the network.",
  command: () => "ip -d link show type ipvlan",
});

export const macUnusable = refused("LF-MAC-UNUSABLE", {
  title: "The MAC address cannot be a link's",
  explanation:
    "A link's address is a unicast address and not zero (the kernel answers EADDRNOTAVAIL).",
  detail: (f: { mac: string }) => `${f.mac} is a group address or zero.`,
  remedy: () => "Use one that begins with 02, such as 02:00:00:00:00:01.",
  command: () => "ip -br link",
});
