import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatRange, type Ip } from "../../addr/index.ts";
import { accepted, argsOf, configWith, refused } from "../spec/testing.ts";
import { describeSet, parseHostLocal, poolOf } from "./host-local.ts";
import type { HostLocalConfig } from "./ipam.ts";
import { requestedOfSets } from "./requested.ts";

const parse = (ipam: object, rest: object = {}, args = "") =>
  parseHostLocal(configWith({ ipam: { type: "host-local", ...ipam }, ...rest }), argsOf(args));

/** The sets as "subnet first-last gateway". */
const setsOf = ({ sets }: HostLocalConfig): readonly (readonly string[])[] =>
  sets.map((pools) =>
    pools.map(({ prefix, range, gateway }) => `${prefix} ${formatRange(range)} ${gateway}`),
  );

const pool = (subnet: string, more: object = {}) =>
  setsOf(accepted(parse({ subnet, ...more })))[0]?.[0];

// The cases of the reference's range_test.go, and what its program answers (1.1.1).
describe("a pool", () => {
  test.each([
    ["192.0.2.0/24", {}, "192.0.2.0/24 192.0.2.1-192.0.2.254 192.0.2.1"],
    ["192.0.2.0/25", {}, "192.0.2.0/25 192.0.2.1-192.0.2.126 192.0.2.1"],
    [
      "2001:DB8:1::/64",
      {},
      "2001:db8:1::/64 2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff 2001:db8:1::1",
    ],
    ["fd00::/126", {}, "fd00::/126 fd00::1-fd00::3 fd00::1"],
    [
      "192.0.2.0/24",
      { rangeStart: "192.0.2.40", rangeEnd: "192.0.2.50", gateway: "192.0.2.254" },
      "192.0.2.0/24 192.0.2.40-192.0.2.50 192.0.2.254",
    ],
    // A router may be elsewhere.
    ["10.1.2.0/24", { gateway: "192.168.0.1" }, "10.1.2.0/24 10.1.2.1-10.1.2.254 192.168.0.1"],
    // Empty text and null are no address.
    [
      "10.1.2.0/24",
      { rangeStart: "", rangeEnd: null, gateway: "" },
      "10.1.2.0/24 10.1.2.1-10.1.2.254 10.1.2.1",
    ],
    ["10.1.2.0/024", {}, "10.1.2.0/24 10.1.2.1-10.1.2.254 10.1.2.1"],
    ["::ffff:10.1.2.0/120", {}, "10.1.2.0/24 10.1.2.1-10.1.2.254 10.1.2.1"],
  ])("%s %p is %s", (subnet, more, expected) => {
    expect(pool(subnet, more)).toBe(expected);
  });

  const hostBits = (length: number, network: string) =>
    `Network has host bits set. For a subnet mask of length ${length} ` +
    `the network address is ${network}`;

  test.each([
    ["192.0.2.12/24", {}, hostBits(24, "192.0.2.0")],
    ["2001:DB8:1::24:19ff:fee1:c44a/64", {}, hostBits(64, "2001:db8:1::")],
    ["2001:DB8:24:19ff::/63", {}, hostBits(63, "2001:db8:24:19fe::")],
    ["192.168.127.0/23", {}, hostBits(23, "192.168.126.0")],
    ["192.0.2.0/31", {}, "Network 192.0.2.0/31 too small to allocate from"],
    ["192.0.2.0/32", {}, "Network 192.0.2.0/32 too small to allocate from"],
    ["fd00::/127", {}, "Network fd00::/127 too small to allocate from"],
    ["10.0.0.0/24", { rangeStart: "10.0.1.0" }, "RangeStart 10.0.1.0 not in network 10.0.0.0/24"],
    ["10.0.0.0/24", { rangeEnd: "10.0.4.0" }, "RangeEnd 10.0.4.0 not in network 10.0.0.0/24"],
    ["10.0.0.0/24", { rangeEnd: "10.0.0.0" }, "RangeEnd 10.0.0.0 not in network 10.0.0.0/24"],
    ["10.0.0.0/24", { rangeStart: "fd00::1" }, "RangeStart fd00::1 not in network 10.0.0.0/24"],
    [
      "10.0.0.0/24",
      { rangeStart: "10.0.0.50", rangeEnd: "10.0.0.40" },
      "RangeStart 10.0.0.50 not in network 10.0.0.0/24",
    ],
    [
      "10.0.0.0/24",
      { gateway: "fd00::1" },
      "gateway fd00::1 is not of the IP version of network 10.0.0.0/24",
    ],
  ])("%s %p is refused: %s", (subnet, more, reason) => {
    const msg = `invalid range set 0: ${reason}`;
    expect(refused(parse({ subnet, ...more }))).toEqual({ code: 7, msg });
  });

  test("v4 and v6 addresses are in it or not", () => {
    const four = accepted(
      parse({ subnet: "192.0.2.0/24", rangeStart: "192.0.2.40", rangeEnd: "192.0.2.50" }),
    ).sets[0];
    const six = accepted(
      parse({
        subnet: "2001:db8:1::/64",
        rangeStart: "2001:db8:1::40",
        rangeEnd: "2001:db8:1::50",
      }),
    ).sets[0];
    const inside = (pools: typeof four, address: string) =>
      poolOf(pools ?? [], address as Ip) !== undefined;
    const fours = ["192.0.3.0", "192.0.2.39", "192.0.2.40", "192.0.2.50", "192.0.2.51"];
    expect(fours.map((address) => inside(four, address))).toEqual([
      ...[false, false, true, true, false],
    ]);
    const sixes = ["2001:db8:2::", "2001:db8:1::39", "2001:db8:1::40", "2001:db8:1::50"];
    expect(sixes.map((address) => inside(six, address))).toEqual([false, false, true, true]);
    expect(inside(six, "2001:db8:1::51")).toBeFalse();
    expect(inside(six, "192.0.2.40")).toBeFalse();
  });
});

// Those of range_set_test.go (an address in a set; pools of a set that overlap; sets that do), and
// the table of overlapping ranges of range_test.go.
describe("sets", () => {
  const a = { subnet: "10.0.0.0/24" };
  const overlapping: readonly (readonly [string, object, object, boolean])[] = [
    ["non-overlapping", a, { subnet: "10.0.1.0/24" }, false],
    ["of two versions", { subnet: "0.0.0.0/24" }, { subnet: "::/24" }, false],
    ["identical", a, a, true],
    ["containing", { subnet: "10.0.0.0/20" }, { subnet: "10.0.1.0/24" }, true],
    [
      "halves of a subnet",
      { ...a, rangeEnd: "10.0.0.127" },
      { ...a, rangeStart: "10.0.0.128" },
      false,
    ],
    [
      "parts with a common end",
      { ...a, rangeEnd: "10.0.0.127" },
      { ...a, rangeStart: "10.0.0.127" },
      true,
    ],
  ];
  test.each(overlapping)("%s", (_, one, other, expected) => {
    for (const ranges of [
      [[one], [other]],
      [[other], [one]],
    ]) {
      const parsed = parse({ ranges });
      expect(parsed.ok).toBe(!expected);
      if (!parsed.ok) expect(parsed.error.msg).toBe("range set 0 overlaps with 1");
    }
  });

  const twoPools = [[{ subnet: "192.168.0.0/20" }, { subnet: "192.168.2.0/24" }]];
  const four = { subnet: "10.1.3.0/24" };

  test.each([
    [{}, "no IP ranges specified"],
    [{ ranges: [] }, "no IP ranges specified"],
    [{ ranges: [[]] }, "invalid range set 0: empty range set"],
    [{ ranges: [null] }, "invalid range set 0: empty range set"],
    [{ ranges: [[{}]] }, "invalid range set 0: subnet is missing"],
    [{ ranges: [[a, { subnet: "fd00::/64" }]] }, "invalid range set 0: mixed address families"],
    [
      { ranges: twoPools },
      "invalid range set 0: subnets 192.168.0.1-192.168.15.254 and " +
        "192.168.2.1-192.168.2.254 overlap",
    ],
    [{ ranges: [[a], [four], [{ subnet: "10.1.3.0/25" }]] }, "range set 1 overlaps with 2"],
    [{ ...a, ranges: [[a]] }, "range set 0 overlaps with 1"],
  ])("%j is refused: %s", (ipam, msg) => {
    expect(refused(parse(ipam))).toEqual({ code: 7, msg });
  });

  test("one address of each version is all that 0.2.0 has room for", () => {
    const version = { cniVersion: "0.2.0" };
    const two = parse({ ranges: [[a], [four]] }, version);
    const msg = "CNI version 0.2.0 does not support more than 1 address per family";
    expect(refused(two)).toEqual({ code: 7, msg });
    const mixed = parse({ ranges: [[a], [{ subnet: "2001:db8:1::/48" }]] }, version);
    expect(accepted(mixed).sets).toHaveLength(2);
    expect(accepted(parse({ ranges: [[a], [four]] }, { cniVersion: "0.3.0" })).sets).toHaveLength(
      2,
    );
  });

  test("their words, and the words for what is in none", () => {
    const { sets } = accepted(
      parse({ ranges: [[{ subnet: "192.168.0.0/24" }, { subnet: "172.16.1.0/24" }]] }),
    );
    const [set = []] = sets;
    expect(describeSet(set)).toBe("192.168.0.1-192.168.0.254,172.16.1.1-172.16.1.254");
    expect(poolOf(set, "192.168.0.55" as Ip)).toBe(set[0]);
    expect(poolOf(set, "192.168.99.99" as Ip)).toBeUndefined();
    const single = accepted(
      parse({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.5", rangeEnd: "10.1.2.5" }),
    );
    expect(describeSet(single.sets[0] ?? [])).toBe("10.1.2.5-10.1.2.5");
  });
});

// The cases of the reference's config_test.go.
describe("a configuration", () => {
  const tenTwo = {
    subnet: "10.1.2.0/24",
    rangeStart: "10.1.2.9",
    rangeEnd: "10.1.2.20",
    gateway: "10.1.2.30",
  };
  const ten = "10.1.2.0/24 10.1.2.9-10.1.2.20 10.1.2.30";
  const eleven = {
    subnet: "11.1.2.0/24",
    rangeStart: "11.1.2.9",
    rangeEnd: "11.1.2.20",
    gateway: "11.1.2.30",
  };
  const sets = [[tenTwo, { subnet: "10.1.4.0/24" }], [eleven], [{ subnet: "2001:db8:1::/64" }]];

  test("in the old form", () => {
    expect(accepted(parse(tenTwo))).toMatchObject({
      kind: "host-local",
      requested: [],
      routes: [],
      directory: "/var/lib/cni/networks/lan",
    });
    expect(setsOf(accepted(parse(tenTwo)))).toEqual([[ten]]);
  });

  test("in the new form", () => {
    expect(setsOf(accepted(parse({ ranges: sets })))).toEqual([
      [ten, "10.1.4.0/24 10.1.4.1-10.1.4.254 10.1.4.1"],
      ["11.1.2.0/24 11.1.2.9-11.1.2.20 11.1.2.30"],
      ["2001:db8:1::/64 2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff 2001:db8:1::1"],
    ]);
  });

  test("in both, with ranges of the runtime: those first, then the old form", () => {
    const runtime = { runtimeConfig: { ipRanges: [[{ subnet: "12.1.3.0/24" }]] } };
    expect(setsOf(accepted(parse({ ...tenTwo, ranges: [[eleven]] }, runtime)))).toEqual([
      ["12.1.3.0/24 12.1.3.1-12.1.3.254 12.1.3.1"],
      [ten],
      ["11.1.2.0/24 11.1.2.9-11.1.2.20 11.1.2.30"],
    ]);
  });

  test.each([
    ["IP=10.1.2.10", {}, ["10.1.2.10"]],
    ["IP=10.1.2.10/24", {}, ["10.1.2.10"]],
    [
      "IP=10.1.2.10",
      { args: { cni: { ips: ["10.1.2.11", "11.11.11.11", "2001:db8:1::11"] } } },
      ["10.1.2.10", "10.1.2.11", "11.11.11.11", "2001:db8:1::11"],
    ],
    [
      "IP=10.1.2.10/24",
      { args: { cni: { ips: ["10.1.2.11/24", "2001:db8:1::11/64"] } } },
      ["10.1.2.10", "10.1.2.11", "2001:db8:1::11"],
    ],
    ["", { RuntimeConfig: { ips: ["10.1.2.12/24", "11.1.2.12"] } }, ["10.1.2.12", "11.1.2.12"]],
    [
      "IP=10.1.2.10",
      { args: { cni: { ips: ["10.1.2.10"] } }, runtimeConfig: { ips: ["10.1.2.10/24"] } },
      ["10.1.2.10"],
    ],
  ])("CNI_ARGS %s and %j ask for %p", (args, rest, expected) => {
    expect(accepted(parse({ ranges: sets }, rest, args)).requested as readonly unknown[]).toEqual(
      expected,
    );
  });

  test.each([
    [{}, "IP=x", '"CNI_ARGS IP[0]": invalid IP address: x'],
    [{}, "IP=10.0.0.1/x", '"CNI_ARGS IP[0]": invalid CIDR address: 10.0.0.1/x'],
    [{ args: { cni: { ips: [""] } } }, "", '"args.cni.ips[0]": invalid IP address: '],
    [{ runtimeConfig: { ips: ["x"] } }, "", '"runtimeConfig.ips[0]": invalid IP address: x'],
  ])("%j with CNI_ARGS %s is refused: %s", (rest, args, msg) => {
    expect(refused(parse(tenTwo, rest, args))).toEqual({ code: 7, msg });
  });

  test.each([
    [{ subnet: 5 }, 6, '"ipam.subnet" must be text, not a number'],
    [{ subnet: "" }, 7, '"ipam.subnet": invalid CIDR address: '],
    [{ subnet: "foo" }, 7, '"ipam.subnet": invalid CIDR address: foo'],
    [{ ...tenTwo, rangeStart: "foo" }, 7, '"ipam.rangeStart": invalid IP address: foo'],
    [{ ...tenTwo, gateway: 1 }, 6, '"ipam.gateway" must be text, not a number'],
    [{ ranges: {} }, 6, '"ipam.ranges" must be a list, not an object'],
    [{ ranges: [{}] }, 6, '"ipam.ranges[0]" must be a list, not an object'],
    [{ ranges: [["x"]] }, 6, '"ipam.ranges[0][0]" must be an object, not text'],
    [{ ...tenTwo, routes: {} }, 6, '"ipam.routes" must be a list, not an object'],
    [{ ...tenTwo, routes: [{ dst: "x" }] }, 7, '"ipam.routes[0].dst": invalid CIDR address: x'],
    [{ ...tenTwo, routes: [{}] }, 7, '"ipam.routes[0].dst" is missing'],
    [{ ...tenTwo, dataDir: 5 }, 6, '"ipam.dataDir" must be text, not a number'],
    [{ ...tenTwo, dataDir: "x" }, 7, '"ipam.dataDir": x is not an absolute path'],
    [{ ...tenTwo, resolvConf: {} }, 6, '"ipam.resolvConf" must be text, not an object'],
  ])("%j is refused with code %d: %s", (ipam, code, msg) => {
    expect(refused(parse(ipam))).toEqual({ code, msg });
  });

  test("no ipam at all", () => {
    const msg = "IPAM config missing 'ipam' key";
    expect(refused(parseHostLocal(configWith({}), argsOf("")))).toEqual({ code: 7, msg });
  });

  test("where its files are, and what else it says", () => {
    const routes = [{ dst: "0.0.0.0/0" }, { dst: "192.168.0.0/16", gw: "10.1.2.99" }];
    const more = { dataDir: "/tmp/x/", resolvConf: "/etc/resolv.conf", routes };
    expect(accepted(parse({ ...tenTwo, ...more }))).toMatchObject({
      directory: "/tmp/x/lan",
      resolvConf: "/etc/resolv.conf",
      routes,
    });
  });
});

describe("the addresses that are asked for", () => {
  const sets = [
    [{ subnet: "10.1.2.0/24" }],
    [{ subnet: "10.2.2.0/24" }],
    [{ subnet: "fd00::/64" }],
  ];
  const ask = (...ips: readonly string[]) =>
    requestedOfSets(accepted(parse({ ranges: sets }, { runtimeConfig: { ips } })));

  test("each goes to the set that it is in", () => {
    expect(accepted(ask())).toEqual([undefined, undefined, undefined]);
    expect(accepted(ask("fd00::5", "10.2.2.5")) as unknown[]).toEqual([
      undefined,
      "10.2.2.5",
      "fd00::5",
    ]);
  });

  // The reference's words; which of two addresses it takes is left to chance there.
  test.each([
    [["10.1.2.1"], "failed to allocate for range 0: requested ip 10.1.2.1 is subnet's gateway"],
    [["10.1.2.0"], "failed to allocate all requested IPs: 10.1.2.0"],
    [["10.1.2.68", "10.1.2.69"], "failed to allocate all requested IPs: 10.1.2.69"],
    [["10.9.0.1", "10.8.0.1"], "failed to allocate all requested IPs: 10.9.0.1 10.8.0.1"],
  ])("%p is refused: %s", (ips, msg) => {
    expect(refused(ask(...ips))).toEqual({ code: 7, msg });
  });
});

test("pools are never empty, and lie in their subnet", () => {
  const octet = fc.nat(255).map((n) => `10.0.0.${n}`);
  const wish = fc.record(
    {
      subnet: fc.tuple(octet, fc.nat(32)).map(([address, length]) => `${address}/${length}`),
      rangeStart: octet,
      rangeEnd: octet,
      gateway: octet,
    },
    { requiredKeys: [] },
  );
  const last = (address: string) => Number(address.split(".")[3]);
  fc.assert(
    fc.property(wish, (ipam) => {
      const parsed = parse(ipam);
      if (!parsed.ok) return expect([6, 7]).toContain(parsed.error.code);
      const [[pool] = []] = parsed.value.sets;
      const { first, last: end } = pool?.range ?? { first: 1n, last: 0n };
      expect(first <= end).toBeTrue();
      const base = 10n << 24n;
      if (ipam.rangeStart !== undefined) expect(first - base).toBe(BigInt(last(ipam.rangeStart)));
      if (ipam.rangeEnd !== undefined) expect(end - base).toBe(BigInt(last(ipam.rangeEnd)));
      if (ipam.gateway !== undefined) expect(pool?.gateway as string).toBe(ipam.gateway);
      const length = Number(String(ipam.subnet).split("/")[1]);
      expect(length).toBeLessThanOrEqual(30);
      expect(end - first).toBeLessThan(1n << BigInt(32 - length));
    }),
  );
});
