/** Each way in which a packet's journey ends early, in one sentence for a table's footnote. */
const meanings: Readonly<Record<string, string>> = {
  "parent-isolated":
    "what a parent sends goes to the wire, never to its own macvlan or ipvlan links.",
  "mode-isolated": "the mode of the links keeps siblings on one parent apart.",
  "needs-hairpin": "the switch does not send a frame back out of the port it came in on.",
  "no-route": "the sender has no route to that address.",
  "neighbour-unreachable": "nobody answers for that address on the segment.",
  "wrong-segment": "the two are on different segments, and nothing routes between them.",
  "mac-filtered": "the switch does not let this MAC address in.",
  "rp-filtered": "the receiver drops it, because it would answer by another link.",
  "source-not-allowed": "the link takes frames from listed MAC addresses only.",
  "mtu-exceeded": "the packet is larger than a link on the way carries.",
  "link-down": "a link on the way is down.",
  "unknown-beyond-wire": "it left on the wire; what is behind it is not known.",
};

/** What a disposition means, where it is one. */
export function dispositionMeaning(disposition: string): string | undefined {
  return Object.hasOwn(meanings, disposition) ? meanings[disposition] : undefined;
}
