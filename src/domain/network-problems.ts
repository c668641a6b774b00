import { listed, refused, refusedForNow } from "./problem-rows.ts";

export const networkMissing = refused("LF-NETWORK-MISSING", {
  title: "No such network",
  explanation: "Networks are known by the name that they were created with.",
  detail: (f: { network: string; known: readonly string[]; nearest: string | undefined }) =>
    `There is no network "${f.network}"; there are: ${listed(f.known)}.`,
  remedy: (f) =>
    f.nearest === undefined
      ? "Create it first: landfall net create."
      : `Did you mean ${f.nearest}?`,
  command: () => "landfall net ls",
});

export const networkExists = refused("LF-NETWORK-EXISTS", {
  title: "The network exists already",
  explanation: "A name stands for one network; a second one would take its containers' commands.",
  detail: (f: { network: string }) => `There is already a network "${f.network}".`,
  remedy: (f) => `Choose another name, or remove it first: landfall net rm ${f.network}.`,
  command: (f) => `landfall net inspect ${f.network}`,
});

export const networkInUse = refused("LF-NETWORK-IN-USE", {
  title: "The network still has endpoints",
  explanation: "Removing a network must not cut off what is attached to it.",
  detail: (f: { network: string; endpoints: readonly string[] }) =>
    `Network ${f.network} still has ${f.endpoints.length} endpoints: ${listed(f.endpoints)}.`,
  remedy: () => "Detach them first.",
  command: (f) => `landfall detach ${f.endpoints[0] ?? "ENDPOINT"}`,
});

export const networkBusy = refusedForNow("LF-NETWORK-BUSY", {
  title: "A change of this network has not ended",
  explanation:
    "While a network and the links on it are changed, nothing is attached to it or detached from " +
    "it. A change that never ended belongs to a process that was killed, and is completed or " +
    "undone by reconcile.",
  detail: (f: { network: string; operation: string }) =>
    `Network ${f.network} is at work: ${f.operation} has not ended.`,
  remedy: () => "Try again when it has.",
  command: () => "landfall status",
});

export const modeFixed = refused("LF-MODE-FIXED", {
  title: "A network keeps this mode",
  explanation:
    "The kernel changes macvlan links between all other modes while they live, but not to or " +
    "from passthru (EINVAL), which changes how the parent receives. The modes of ipvlan need " +
    "other routes in every endpoint.",
  detail: (f: { from: string; to: string }) =>
    `A network in mode ${f.from} cannot be changed to mode ${f.to}.`,
  remedy: () => "Remove the network and create it in the other mode.",
  command: () => "landfall net ls",
});

export const subnetConflict = refused("LF-SUBNET-CONFLICT", {
  title: "The subnet overlaps another network's on this segment",
  explanation:
    "Networks on one segment share one address book. The same prefix may be used by several of " +
    "them; two different prefixes that overlap cannot both be right.",
  detail: (f: { prefix: string; segment: string; network: string; other: string }) =>
    `${f.prefix} overlaps ${f.other} of network ${f.network} on segment ${f.segment}.`,
  remedy: (f) => `Use ${f.other}, as network ${f.network} does.`,
  command: (f) => `landfall net inspect ${f.network}`,
});

export const subnetRoutedElsewhere = refused("LF-SUBNET-ROUTED-ELSEWHERE", {
  title: "The host reaches the subnet by another link",
  explanation:
    "A route for the prefix through another device means that the prefix lives on another " +
    "wire, or that answers from the containers would be looked for there.",
  detail: (f: { prefix: string; parent: string; route: string; device: string }) =>
    `The host routes ${f.route} through ${f.device}, but ${f.prefix} was asked for on ${f.parent}.`,
  remedy: (f) => `Use ${f.device} as the parent, or a prefix that is really on ${f.parent}.`,
  command: (f) => `ip route show ${f.route}`,
});
