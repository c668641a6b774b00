import { listed, refused, refusedForNow } from "./problem-rows.ts";

export const sandboxMissing = refused("LF-SANDBOX-MISSING", {
  title: "The network namespace is not there",
  explanation: "A sandbox is given by the path of its namespace or by a process in it.",
  detail: (f: { path: string }) => `There is no ${f.path}.`,
  remedy: () => "Give /run/netns/NAME, /proc/PID/ns/net, or the pid of a process that runs.",
  command: () => "ip netns list",
});

export const sandboxNotNetns = refused("LF-SANDBOX-NOT-NETNS", {
  title: "Not a network namespace",
  explanation: "The path exists, and is a plain file or another kind of namespace.",
  detail: (f: { path: string }) => `${f.path} is not a network namespace.`,
  remedy: () =>
    "Give /run/netns/NAME or /proc/PID/ns/net. A plain file in /run/netns is left over from a " +
    "namespace that is gone.",
  command: (f) => `stat -f -c %T ${f.path}`,
});

export const sandboxIsHost = refused("LF-SANDBOX-IS-HOST", {
  title: "This is the host's own namespace",
  explanation: "An endpoint belongs into a namespace of its own, not beside its parent.",
  detail: (f: { path: string }) => `${f.path} is the host's network namespace.`,
  remedy: () => "Give the namespace of the container.",
  command: () => "ip netns identify",
});

export const sandboxUnreachable = refusedForNow("LF-SANDBOX-UNREACHABLE", {
  title: "The sandbox cannot be opened, and its link lives",
  explanation:
    "Nothing leads to the namespace any more, but some process still holds it: the parent still " +
    "receives for the link. Its address must not be given to another while that is so.",
  detail: (f: { path: string; sign: string; parent: string }) =>
    `${f.path} does not lead to the sandbox any more, and ${f.sign} still lives on ${f.parent}.`,
  remedy: () => "End the process that holds the namespace, then detach again.",
  command: (f) => `bridge fdb show dev ${f.parent}`,
});

export const ifnameTaken = refused("LF-IFNAME-TAKEN", {
  title: "The link name is taken in the sandbox",
  explanation: "Link names are unique within a namespace.",
  detail: (f: { ifname: string; sandbox: string }) =>
    `${f.sandbox} already has a link named ${f.ifname}.`,
  remedy: () => "Choose another (--ifname; CNI: CNI_IFNAME), or take away the one that is there.",
  command: (f) => `ip link show dev ${f.ifname}`,
});

export const attachmentExists = refused("LF-ATTACHMENT-EXISTS", {
  title: "The container has this attachment already",
  explanation:
    "A runtime names an attachment by its configuration, the container and the link, and asks " +
    "for each once (CNI specification, ADD).",
  detail: (f: { attachment: string; sandbox: string }) =>
    `${f.attachment} is attached already, in ${f.sandbox}.`,
  remedy: () => "Delete it first (CNI DEL, or landfall detach).",
  command: () => "landfall endpoint ls",
});

export const attachmentBusy = refusedForNow("LF-ATTACHMENT-BUSY", {
  title: "Somebody else is at work on this attachment",
  explanation: "What a runtime asks of one attachment is done one after the other.",
  detail: (f: { attachment: string }) => `Work on ${f.attachment} has not ended.`,
  remedy: () => "Try again when it has.",
  command: () => "landfall status",
});

export const addressConflict = refused("LF-ADDRESS-CONFLICT", {
  title: "Another machine has the address",
  explanation:
    "Before it uses an IPv6 address the kernel asks the LAN for it (RFC 4862, section 5.4), and " +
    "somebody answered.",
  detail: (f: { addresses: readonly string[] }) =>
    `Another machine has ${listed(f.addresses)}, or the kernel could not make sure of it.`,
  remedy: () => "Find that machine by its MAC address, or use another address.",
  command: () => "ip -6 neigh",
});

export const endpointMissing = refused("LF-ENDPOINT-MISSING", {
  title: "No such endpoint",
  explanation: "An endpoint is named by its id, or by its sandbox and link name.",
  detail: (f: { endpoint: string; nearest: string | undefined }) =>
    `There is no endpoint ${f.endpoint}.`,
  remedy: (f) =>
    f.nearest === undefined ? "Nothing needs to be detached." : `Did you mean ${f.nearest}?`,
  command: () => "landfall endpoint ls",
});

export const cancelled = refusedForNow("LF-CANCELLED", {
  title: "Cancelled",
  explanation: "Whoever asked for it went away or had had enough; what was done was undone.",
  detail: (f: { what: string }) => `${f.what} was cancelled, and everything is as it was before.`,
  remedy: () => "Ask again when it is wanted.",
});

export const deadlinePassed = refusedForNow("LF-DEADLINE", {
  title: "It took too long and was given up",
  explanation:
    "Every operation has a deadline. One that has not ended by then is undone, so that nobody " +
    "waits for it without end.",
  detail: (f: { what: string; seconds: number }) =>
    `${f.what} had not begun ${f.seconds} s after the operation began.`,
  remedy: () => "Try again when the machine is less busy.",
  command: () => "landfall status",
});

export const lockRefused = refusedForNow("LF-LOCK-REFUSED", {
  title: "An operation cannot be locked",
  explanation:
    "Each operation holds a lock while it works, so that others can tell a slow process from a " +
    "dead one.",
  detail: (f: { path: string; errno: string }) => `${f.path}: ${f.errno}.`,
  remedy: () => "Run it as root (sudo), or name a directory of your own: --state-dir.",
  command: (f) => `ls -ld ${f.path}`,
});

export const ownerBusy = refusedForNow("LF-OWNER-BUSY", {
  title: "Another operation on this endpoint has not ended",
  explanation:
    "Operations on one endpoint are done one after the other. One that never ended belongs to a " +
    "process that was killed, and is completed or undone by reconcile.",
  detail: (f: { sandbox: string; ifname: string; operation: string }) =>
    `${f.operation} on ${f.ifname} of ${f.sandbox} has not ended.`,
  remedy: () => "Try again when it has.",
  command: () => "landfall endpoint ls",
});
