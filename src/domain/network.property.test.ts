import { expect, test } from "bun:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { type Ip, ipFromBigint, type Prefix, prefixOf, rangeOf } from "../addr/index.ts";
import { checkNetwork, isEdge, type NetworkWish } from "./index.ts";
import { accepted, ip, wish } from "./testing.ts";

// The oracle works on ipaddr.js and numbers alone; of our own code it only reads formatted values.

interface Span {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

function numberOf(text: string): bigint {
  const bytes = ipaddr.parse(text).toByteArray();
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

const versionOf = (text: string): 4 | 6 => (ipaddr.parse(text).kind() === "ipv4" ? 4 : 6);

function spanOf(prefix: string): Span {
  const [address, length] = ipaddr.parseCIDR(prefix);
  const version = address.kind() === "ipv4" ? 4 : 6;
  const size = 1n << BigInt((version === 4 ? 32 : 128) - length);
  const first = numberOf(address.toString());
  return { version, first, last: first + size - 1n };
}

const within = (inner: Span, outer: Span): boolean =>
  inner.version === outer.version && inner.first >= outer.first && inner.last <= outer.last;

const single = (text: string): Span => {
  const number = numberOf(text);
  return { version: versionOf(text), first: number, last: number };
};

function edgeOf(address: string, prefix: string): boolean {
  const [network, length] = ipaddr.parseCIDR(prefix);
  if (network.kind() === "ipv6" || length > 30) return false;
  const edges = [
    ipaddr.IPv4.networkAddressFromCIDR(prefix),
    ipaddr.IPv4.broadcastAddressFromCIDR(prefix),
  ];
  return edges.some((edge) => edge.toString() === address);
}

/** Whether a network may be made like this, said the other way round: all at once, by numbers. */
function legal(asked: NetworkWish): boolean {
  const spans = asked.subnets.map(spanOf);
  const home = (span: Span): number => spans.findIndex((outer) => within(span, outer));
  const gatewayHomes = asked.gateways.map((gateway) => home(single(gateway)));
  const disjoint = spans.every((a, index) =>
    spans
      .slice(index + 1)
      .every((b) => a.version !== b.version || a.last < b.first || b.last < a.first),
  );
  return (
    spans.length > 0 &&
    disjoint &&
    gatewayHomes.every((index) => index >= 0) &&
    new Set(gatewayHomes).size === gatewayHomes.length &&
    asked.gateways.every((gateway) => !asked.subnets.some((subnet) => edgeOf(gateway, subnet))) &&
    [...asked.ranges, ...asked.exclusions].every((span) => home(span) >= 0) &&
    asked.routes.every(
      ({ to, via }) =>
        via === undefined || (home(single(via)) >= 0 && versionOf(via) === spanOf(to).version),
    )
  );
}

/** Addresses of two small neighbourhoods, so that what is drawn often meets. */
const anyIp: fc.Arbitrary<Ip> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(63).map((n) => ipFromBigint(4, 0x0a000000n + BigInt(n))) },
  { weight: 1, arbitrary: fc.nat(63).map((n) => ipFromBigint(6, (0xfd00n << 112n) + BigInt(n))) },
);
const hostBits = fc.constantFrom(0, 1, 2, 3, 4, 5);
const anyPrefix: fc.Arbitrary<Prefix> = fc
  .tuple(anyIp, hostBits)
  .map(([address, bits]) => prefixOf(address, (versionOf(address) === 4 ? 32 : 128) - bits));
const anyRange = fc.tuple(anyIp, anyIp).map(([a, b]) => {
  const [low, high] = numberOf(a) <= numberOf(b) ? [a, b] : [b, a];
  return accepted(rangeOf(versionOf(low) === versionOf(high) ? low : high, high));
});
const few = <T>(values: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  fc.array(values, { maxLength: most });

const anyWish = fc
  .record({
    subnets: few(anyPrefix, 4),
    gateways: few(anyIp, 2),
    ranges: few(anyRange, 1),
    exclusions: few(anyRange, 1),
    routes: few(
      fc.oneof(fc.record({ to: anyPrefix }), fc.record({ to: anyPrefix, via: anyIp })),
      1,
    ),
  })
  .map(wish);

test("a network is made exactly when nothing of it contradicts its subnets", () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(anyWish, (asked) => {
      const made = checkNetwork(asked).ok;
      seen[made ? "accepted" : "refused"] += 1;
      expect(made).toBe(legal(asked));
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100);
});

test("in a network that is made, everything is in its place and nothing got lost", () => {
  fc.assert(
    fc.property(anyWish.filter(legal), (asked) => {
      const { subnets, routes } = accepted(checkNetwork(asked));
      expect(subnets.map((subnet) => subnet.prefix)).toEqual([...asked.subnets]);
      for (const { prefix, gateway, ranges, exclusions } of subnets) {
        const whole = spanOf(prefix);
        for (const span of [...ranges, ...exclusions]) expect(within(span, whole)).toBe(true);
        if (gateway === undefined) continue;
        expect(within(single(gateway), whole)).toBe(true);
        expect(edgeOf(gateway, prefix)).toBe(false);
      }
      const gateways = subnets.flatMap((subnet) => subnet.gateway ?? []);
      expect(new Set(gateways)).toEqual(new Set(asked.gateways));
      expect(subnets.flatMap((subnet) => subnet.ranges)).toEqual([...asked.ranges]);
      expect(subnets.flatMap((subnet) => subnet.exclusions)).toEqual([...asked.exclusions]);
      expect(routes).toEqual(asked.routes);
    }),
    { numRuns: 300 },
  );
});

test("isEdge agrees with ipaddr.js on every address of small prefixes", () => {
  fc.assert(
    fc.property(anyPrefix, anyIp, (prefix, other) => {
      const { version, first, last } = spanOf(prefix);
      for (let number = first; number <= last; number++) {
        const address = ipFromBigint(version, number);
        expect(isEdge(address, prefix)).toBe(edgeOf(address, prefix));
      }
      expect(isEdge(other, prefix)).toBe(edgeOf(other, prefix));
    }),
  );
  expect(isEdge(ip("10.255.255.255"), prefixOf(ip("10.0.0.0"), 8))).toBe(true);
  expect(isEdge(ip("0.0.0.0"), prefixOf(ip("0.0.0.0"), 0))).toBe(true);
});
