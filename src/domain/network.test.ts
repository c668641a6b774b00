import { describe, expect, test } from "bun:test";
import { checkNetwork, type ExtraRoute, type NetworkWish, parseMtu } from "./index.ts";
import { accepted, ip, notText, prefix, range, refused, wish } from "./testing.ts";

describe("parseMtu", () => {
  test.each([
    [68, 68],
    [1500, 1500],
    [65535, 65535],
    ["68", 68],
    ["9000", 9000],
    ["01500", 1500],
  ])("reads %p as %d bytes", (value, bytes) => {
    expect(accepted<number>(parseMtu(value))).toBe(bytes);
  });

  test.each([
    [67, "67"],
    [65536, "65536"],
    [-1500, "-1500"],
    [1500.5, "1500.5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    ["67", "67"],
    ["65536", "65536"],
    ["1e3", "1e3"],
    ["0x5dc", "0x5dc"],
    ["-1500", "-1500"],
    [" 1500", '" 1500"'],
    ["1500\n", '"1500\\n"'],
    ["", '""'],
    ["9".repeat(1000), JSON.stringify("9".repeat(80))],
  ])("refuses %j", (value, shown) => {
    const problem = refused(parseMtu(value));
    expect(problem.code).toBe("LF-MTU-INVALID");
    expect(problem.detail).toBe(
      `${shown} is not an MTU: it must be a whole number from 68 to 65535.`,
    );
  });

  test("refuses what is neither number nor text, and never throws", () => {
    for (const value of notText) expect(refused(parseMtu(value)).code).toBe("LF-MTU-INVALID");
    expect(refused(parseMtu([1500])).detail).toStartWith("a value of type object is not an MTU");
  });
});

describe("checkNetwork sorts", () => {
  const lan: NetworkWish = wish({
    subnets: [prefix("10.0.0.0/24"), prefix("fd00::/64"), prefix("10.0.1.0/24")],
    gateways: [ip("fd00::1"), ip("10.0.1.254")],
    ranges: [range("10.0.1.16-10.0.1.31"), range("fd00::100-fd00::1ff"), range("10.0.0.0/28")],
    exclusions: [range("10.0.0.3"), range("10.0.1.20-10.0.1.21"), range("10.0.0.5")],
  });

  test("gateways, ranges and exclusions to the subnet that holds them, in the order given", () => {
    expect(accepted(checkNetwork(lan)).subnets).toEqual([
      {
        prefix: prefix("10.0.0.0/24"),
        ranges: [range("10.0.0.0-10.0.0.15")],
        exclusions: [range("10.0.0.3"), range("10.0.0.5")],
      },
      {
        prefix: prefix("fd00::/64"),
        gateway: ip("fd00::1"),
        ranges: [range("fd00::100-fd00::1ff")],
        exclusions: [],
      },
      {
        prefix: prefix("10.0.1.0/24"),
        gateway: ip("10.0.1.254"),
        ranges: [range("10.0.1.16-10.0.1.31")],
        exclusions: [range("10.0.1.20-10.0.1.21")],
      },
    ]);
  });

  test("and leaves the rest as it is", () => {
    const routes: readonly ExtraRoute[] = [
      { to: prefix("10.9.0.0/16") },
      { to: prefix("10.8.0.0/16"), via: ip("10.0.0.9") },
      { to: prefix("fd08::/16"), via: ip("fd00::9") },
    ];
    const mtu = accepted(parseMtu(1400));
    const spec = accepted(checkNetwork({ ...lan, routes, mtu, reach: "internal" }));
    const { name, parent, driver } = lan;
    expect(spec).toMatchObject({ name, parent, driver, routes, mtu, reach: "internal" });
    expect(Object.keys(accepted(checkNetwork(lan)))).not.toContain("mtu");
  });

  test.each([
    ["10.0.0.0/31", "10.0.0.0"],
    ["10.0.0.0/31", "10.0.0.1"],
    ["10.0.0.7/32", "10.0.0.7"],
    ["10.0.0.0/24", "10.0.0.1"],
    ["10.0.0.0/24", "10.0.0.254"],
    ["fd00::/64", "fd00::"],
    ["fd00::/64", "fd00::ffff:ffff:ffff:ffff"],
  ])("takes in %s the gateway %s", (subnet, gateway) => {
    const spec = accepted(
      checkNetwork(wish({ subnets: [prefix(subnet)], gateways: [ip(gateway)] })),
    );
    expect(spec.subnets[0]?.gateway).toBe(ip(gateway));
  });
});

describe("checkNetwork refuses", () => {
  const subnets = [prefix("10.0.0.0/24"), prefix("fd00::/64")];

  test("a network without a subnet", () => {
    const problem = refused(checkNetwork(wish({ gateways: [ip("10.0.0.1")] })));
    expect(problem.code).toBe("LF-SUBNET-MISSING");
    expect(problem.facts).toEqual({ network: "lan" });
  });

  test.each([
    [["10.0.0.0/24", "10.0.0.0/24"]],
    [["10.0.0.0/24", "10.0.0.128/25"]],
    [["10.0.0.128/25", "10.0.0.0/24"]],
    [["fd00::/64", "fd00::/16"]],
    [["0.0.0.0/0", "10.0.0.7/32"]],
  ])("the overlap of %p", (texts) => {
    const [first, second] = texts.map(prefix);
    // Between two others that overlap nothing, so that every pair has to be looked at.
    const others = [prefix("192.0.2.0/32"), prefix("2001:db8::/32")];
    const wide = texts.includes("0.0.0.0/0") ? [] : others.slice(0, 1);
    const mixed = [...wide, first, others[1], second].flatMap((row) => row ?? []);
    const problem = refused(checkNetwork(wish({ subnets: mixed })));
    expect(problem.code).toBe("LF-SUBNETS-OVERLAP");
    expect(problem.facts as object).toEqual({ first, second });
  });

  const strays: readonly (readonly [string, Partial<NetworkWish>, string, string, string])[] = [
    [
      "of no subnet",
      { gateways: [ip("10.0.1.1")] },
      "gateway",
      "10.0.1.1",
      "is in none of its subnets",
    ],
    [
      "that is the network address",
      { gateways: [ip("10.0.0.0")] },
      "gateway",
      "10.0.0.0",
      "is the network or broadcast address of 10.0.0.0/24",
    ],
    [
      "that is the broadcast address",
      { gateways: [ip("10.0.0.255")] },
      "gateway",
      "10.0.0.255",
      "is the network or broadcast address of 10.0.0.0/24",
    ],
    [
      "beside another one",
      { gateways: [ip("10.0.0.1"), ip("fd00::1"), ip("10.0.0.2")] },
      "gateway",
      "10.0.0.2",
      "is the second gateway of 10.0.0.0/24",
    ],
    [
      "that ends outside",
      { ranges: [range("10.0.0.9"), range("10.0.0.200-10.0.1.3")] },
      "range",
      "10.0.0.200-10.0.1.3",
      "is not wholly inside one of its subnets",
    ],
    [
      "that begins outside",
      { ranges: [range("fcff::-fd00::1")] },
      "range",
      "fcff::-fd00::1",
      "is not wholly inside one of its subnets",
    ],
    [
      "of no subnet",
      { exclusions: [range("10.0.1.1")] },
      "exclusion",
      "10.0.1.1",
      "is not wholly inside one of its subnets",
    ],
    [
      "of no subnet",
      { routes: [{ to: prefix("10.9.0.0/16"), via: ip("10.0.1.1") }] },
      "gateway of a route",
      "10.0.1.1",
      "is in none of its subnets, so no endpoint could reach it",
    ],
    [
      "of another IP version",
      {
        routes: [{ to: prefix("10.9.0.0/16") }, { to: prefix("10.8.0.0/16"), via: ip("fd00::1") }],
      },
      "gateway of a route",
      "fd00::1",
      "cannot lead to 10.8.0.0/16: IPv4 and IPv6 do not mix",
    ],
  ];

  for (const [which, parts, what, value, reason] of strays) {
    test(`a ${what} ${which}: ${value}`, () => {
      const problem = refused(checkNetwork(wish({ subnets, ...parts })));
      expect(problem.code).toBe("LF-OUTSIDE-SUBNETS");
      expect(problem.facts as object).toEqual({ what, value, reason, subnets });
    });
  }

  test("an IPv4 range on an IPv6 subnet whose numbers it would lie in", () => {
    const ranges = [range("10.0.0.1-10.0.0.9")];
    expect(refused(checkNetwork(wish({ subnets: [prefix("::/96")], ranges }))).facts).toMatchObject(
      { what: "range", value: "10.0.0.1-10.0.0.9" },
    );
  });

  test("a range that spans two subnets side by side, since it belongs to neither", () => {
    const neighbours = [prefix("10.0.0.0/25"), prefix("10.0.0.128/25")];
    const ranges = [range("10.0.0.100-10.0.0.200")];
    expect(refused(checkNetwork(wish({ subnets: neighbours, ranges }))).facts).toMatchObject({
      what: "range",
      value: "10.0.0.100-10.0.0.200",
    });
  });
});
