import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Ip4, type Ip6, ipFromBytes, type Mac, macFromBytes } from "../addr/index.ts";
import type { Arp } from "./arp.ts";
import { decodeFrame, encodeFrame, type Frame, type VlanTag } from "./frame.ts";
import type { Echo, Icmp } from "./icmp.ts";
import type { Ipv4 } from "./ipv4.ts";
import type { Fragment, Ipv6 } from "./ipv6.ts";
import type { NdpAdvertisement, NdpSolicitation } from "./ndp.ts";
import { TCP_FLAGS, type Tcp, tcpFlags } from "./tcp.ts";
import { accepted } from "./testing.ts";
import type { UnknownTransport } from "./transport.ts";
import type { Udp } from "./udp.ts";

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const bits = (count: number) => fc.nat(2 ** count - 1);
const data = fc.uint8Array({ maxLength: 40 });
const mac: fc.Arbitrary<Mac> = bytesOf(6).map(macFromBytes);
const ip4: fc.Arbitrary<Ip4> = bytesOf(4).map((bytes) => ipFromBytes(bytes) as Ip4);
const ip6: fc.Arbitrary<Ip6> = bytesOf(16).map((bytes) => ipFromBytes(bytes) as Ip6);
/** Two numbers kept for experiments (RFC 3692). */
const protocol = fc.constantFrom(253, 254);

const echo: fc.Arbitrary<Echo> = fc.record({
  kind: fc.constantFrom("icmp-echo-request", "icmp-echo-reply"),
  identifier: bits(16),
  sequence: bits(16),
  data,
});
/** Types that are neither echo nor neighbour discovery in either version. */
const icmp: fc.Arbitrary<Icmp> = fc.record({
  kind: fc.constant("icmp"),
  type: fc.constantFrom(1, 2, 3, 11, 133, 143),
  code: bits(8),
  body: data,
});
const tcp: fc.Arbitrary<Tcp> = fc.record({
  kind: fc.constant("tcp"),
  sourcePort: bits(16),
  destinationPort: bits(16),
  sequence: bits(32),
  acknowledgement: bits(32),
  flags: fc.subarray([...TCP_FLAGS]).map((set) => tcpFlags(...set)),
  window: bits(16),
  data,
});
const udp: fc.Arbitrary<Udp> = fc.record({
  kind: fc.constant("udp"),
  sourcePort: bits(16),
  destinationPort: bits(16),
  data,
});
const unknown: fc.Arbitrary<UnknownTransport> = fc.record({
  kind: fc.constant("unknown"),
  protocol,
  bytes: data,
});
const solicitation: fc.Arbitrary<NdpSolicitation> = fc.record(
  { kind: fc.constant("ndp-solicitation"), target: ip6, linkLayer: mac },
  { requiredKeys: ["kind", "target"] },
);
const advertisement: fc.Arbitrary<NdpAdvertisement> = fc.record(
  {
    kind: fc.constant("ndp-advertisement"),
    target: ip6,
    linkLayer: mac,
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
  },
  { requiredKeys: ["kind", "target", "router", "solicited", "override"] },
);

const arp: fc.Arbitrary<Arp> = fc.record({
  kind: fc.constant("arp"),
  operation: fc.constantFrom("request", "reply"),
  senderMac: mac,
  senderIp: ip4,
  targetMac: mac,
  targetIp: ip4,
});
const ipv4Header = {
  kind: fc.constant("ipv4" as const),
  source: ip4,
  destination: ip4,
  trafficClass: bits(8),
  identification: bits(16),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  ttl: bits(8),
};
const ipv4: fc.Arbitrary<Ipv4> = fc.oneof(
  fc.record({
    ...ipv4Header,
    fragmentOffset: fc.constant(0),
    transport: fc.oneof(echo, icmp, tcp, udp, unknown),
  }),
  fc.record({
    ...ipv4Header,
    fragmentOffset: fc.integer({ min: 1, max: 8191 }).map((units) => units * 8),
    transport: unknown,
  }),
);
const ipv6Header = {
  kind: fc.constant("ipv6" as const),
  source: ip6,
  destination: ip6,
  trafficClass: bits(8),
  flowLabel: bits(20),
  hopLimit: bits(8),
};
const fragmentAt = (offset: fc.Arbitrary<number>): fc.Arbitrary<Fragment> =>
  fc.record({ identification: bits(32), offset, moreFragments: fc.boolean() });
const transport6 = fc.oneof(echo, icmp, tcp, udp, unknown, solicitation, advertisement);
const ipv6: fc.Arbitrary<Ipv6> = fc.oneof(
  fc.record({ ...ipv6Header, transport: transport6 }),
  fc.record({ ...ipv6Header, fragment: fragmentAt(fc.constant(0)), transport: transport6 }),
  fc.record({
    ...ipv6Header,
    fragment: fragmentAt(fc.integer({ min: 1, max: 8191 }).map((units) => units * 8)),
    transport: unknown,
  }),
);
const tag: fc.Arbitrary<VlanTag> = fc.record({
  protocol: fc.constantFrom("802.1Q", "802.1ad"),
  id: bits(12),
  priority: bits(3),
  dropEligible: fc.boolean(),
});
const frame: fc.Arbitrary<Frame> = fc.record({
  source: mac,
  destination: mac,
  tags: fc.array(tag, { maxLength: 4 }),
  payload: fc.oneof(
    arp,
    ipv4,
    ipv6,
    fc.record({
      kind: fc.constant("unknown" as const),
      etherType: fc.constantFrom(0x0026, 0x88cc, 0x88b5),
      bytes: data,
    }),
  ),
});

test("decoding what was encoded gives the same frame", () => {
  fc.assert(
    fc.property(frame, (original) => {
      expect(accepted(decodeFrame(encodeFrame(original)))).toStrictEqual(original);
    }),
    { numRuns: 500 },
  );
});

test("a frame cut at any length is refused or readable, and never throws", () => {
  fc.assert(
    fc.property(frame, fc.nat(), (original, at) => {
      const bytes = encodeFrame(original);
      const cut = bytes.subarray(0, at % bytes.length);
      const headers = 14 + original.tags.length * 4;
      expect(decodeFrame(cut).ok).toBe(cut.length >= headers);
    }),
  );
});
