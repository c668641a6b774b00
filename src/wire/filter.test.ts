import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { matchesFilter } from "./filter.ts";
import { decodeFrame } from "./frame.ts";
import { parseFilter } from "./parse-filter.ts";
import { accepted, CAPTURED } from "./testing.ts";

type Name = keyof typeof CAPTURED;
const names = Object.keys(CAPTURED) as Name[];
const frames = new Map(names.map((name) => [name, accepted(decodeFrame(CAPTURED[name]))]));

/** The captured frames that a filter lets through. */
function matching(text: string): readonly Name[] {
  const filter = accepted(parseFilter(text));
  return names.filter((name) => {
    const frame = frames.get(name);
    return frame !== undefined && matchesFilter(filter, frame);
  });
}

const untaggedArp = ["arpRequest", "arpReply", "arpAnnouncement", "arpPadded"] as const;
const tagged = ["vlanArp", "doubleTagArp"] as const;
const icmp4 = [
  "echoRequest4",
  "echoReply4",
  "firstFragment4",
  "lastFragment4",
  "portUnreachable4",
] as const;
const tcp = ["tcpSyn", "tcpSynAck", "tcpAck", "tcpData", "tcpReset"] as const;
const ip4 = [...icmp4, "udp4", ...tcp] as const;
const ndp = [
  "solicitation",
  "advertisement",
  "unsolicitedAdvertisement",
  "dadSolicitation",
] as const;
const icmp6 = [
  "echoRequest6",
  "echoReply6",
  "portUnreachable6",
  ...ndp,
  "routerSolicitation",
  "mldReport",
] as const;
const ip6 = [...icmp6, "lastFragment6", "udp6"] as const;
const broadcast = ["arpRequest", "arpAnnouncement", "arpPadded", ...tagged] as const;
const multicast = [
  ...broadcast,
  "solicitation",
  "unsolicitedAdvertisement",
  "dadSolicitation",
  "routerSolicitation",
  "mldReport",
] as const;

/** Filter, and what it lets through: written by hand, compared with tcpdump on these frames. */
const TABLE: readonly (readonly [string, readonly Name[]])[] = [
  ["", names],
  ["arp", [...untaggedArp, ...tagged]],
  ["arp request", ["arpRequest", "arpAnnouncement", "arpPadded", ...tagged]],
  ["arp reply", ["arpReply"]],
  ["ip", ip4],
  ["ip6", ip6],
  ["icmp", icmp4],
  ["icmp echo-request", ["echoRequest4", "firstFragment4"]],
  ["icmp echo-reply", ["echoReply4"]],
  ["icmp6", icmp6],
  ["icmp6 echo-request", ["echoRequest6"]],
  ["icmp6 echo-reply", ["echoReply6"]],
  ["ndp", ndp],
  ["tcp", tcp],
  ["tcp syn", ["tcpSyn"]],
  ["tcp synack", ["tcpSynAck"]],
  ["tcp ack", ["tcpSynAck", "tcpAck", "tcpData", "tcpReset"]],
  ["tcp rst", ["tcpReset"]],
  ["udp", ["udp4", "udp6", "lastFragment6"]],
  ["host 10.0.0.77", ["arpPadded"]],
  ["src host 10.0.0.2", ["arpReply", "echoReply4", "portUnreachable4", "tcpSynAck", "tcpReset"]],
  ["dst host 10.0.0.1 and arp", ["arpReply", "arpAnnouncement"]],
  ["host fd00::2 and udp", ["udp6", "lastFragment6"]],
  ["host ::", ["dadSolicitation", "mldReport"]],
  ["ether src 02:00:00:00:00:02 and arp", ["arpReply"]],
  ["ether dst 33:33:00:00:00:16", ["mldReport"]],
  ["ether host 33:33:00:00:00:02", ["routerSolicitation"]],
  ["broadcast", broadcast],
  ["multicast", multicast],
  ["vlan", tagged],
  ["vlan 10", ["vlanArp"]],
  ["vlan 7", ["doubleTagArp"]],
  ["vlan 5 and vlan 7", ["doubleTagArp"]],
  ["port 9999", ["udp4", "udp6"]],
  ["port 80", ["tcpSynAck", "tcpAck", "tcpData"]],
  ["src port 80", ["tcpSynAck"]],
  ["dst port 80", ["tcpAck", "tcpData"]],
  ["not ip and not ip6 and not vlan", untaggedArp],
  ["not (ip or ip6 or vlan)", untaggedArp],
  ["arp or udp and vlan", tagged],
  ["arp or (udp and vlan)", [...untaggedArp, ...tagged]],
];

describe("matchesFilter", () => {
  test.each(TABLE)("%j lets exactly the right frames through", (text, expected) => {
    expect([...matching(text)].sort()).toEqual([...expected].sort());
  });

  test("finds broken packets by the protocol that their headers name", () => {
    const cut = accepted(decodeFrame(CAPTURED.tcpSyn.subarray(0, 40)));
    expect(cut.payload.kind).toBe("malformed");
    expect(matchesFilter(accepted(parseFilter("ip")), cut)).toBe(true);
    expect(matchesFilter(accepted(parseFilter("tcp")), cut)).toBe(false);
  });

  test("does not take ICMPv6 in an IPv4 packet for ICMPv6", () => {
    const bytes = Uint8Array.from(CAPTURED.echoRequest4);
    bytes[23] = 58;
    const strange = accepted(decodeFrame(bytes));
    expect(matchesFilter(accepted(parseFilter("icmp6")), strange)).toBe(false);
    expect(matchesFilter(accepted(parseFilter("icmp")), strange)).toBe(false);
  });

  test("obeys the laws of logic for any two filters", () => {
    const any = fc.constantFrom(...TABLE.map(([text]) => text).filter((text) => text !== ""));
    fc.assert(
      fc.property(any, any, (a, b) => {
        const both = new Set(matching(`(${a}) and (${b})`));
        const either = new Set(matching(`(${a}) or (${b})`));
        const inA = new Set(matching(a));
        const inB = new Set(matching(b));
        expect(both).toEqual(inA.intersection(inB));
        expect(either).toEqual(inA.union(inB));
        expect(new Set(matching(`not (${a})`))).toEqual(new Set(names).difference(inA));
      }),
    );
  });
});
