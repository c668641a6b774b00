import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type InterfaceAddress,
  type Ip,
  interfaceAddress,
  ipFromBytes,
  parseIp,
} from "../../addr/index.ts";
import { anyIpBytes, accepted as ipOf } from "../../addr/testing.ts";
import { decodeResult } from "./decode-result.ts";
import { encodeResult } from "./encode-result.ts";
import type { Json } from "./json.ts";
import { type CniResult, noDns, type ResultRoute } from "./result.ts";
import { accepted, anyJson, mutated, refused } from "./testing.ts";
import { type CniVersion, cniVersions } from "./versions.ts";

const cidr = (text: string): InterfaceAddress => text as InterfaceAddress;
const ip = (text: string): Ip => ipOf(parseIp(text));

/** Everything that 1.1.0 has words for. */
const full: CniResult = {
  interfaces: [
    { name: "eth0", mac: "02:00:00:00:00:01", mtu: 1500, sandbox: "/run/netns/c1" },
    { name: "vhost", socketPath: "/run/x.sock", pciID: "0000:00:1f.6" },
  ],
  ips: [
    { interface: 0, address: cidr("10.1.2.3/24"), gateway: ip("10.1.2.1") },
    { address: cidr("10.1.3.3/24") },
    { interface: 0, address: cidr("fd00::3/64"), gateway: ip("fd00::1") },
  ],
  routes: [
    { dst: cidr("0.0.0.0/0"), gw: ip("10.1.2.1"), mtu: 1400, advmss: 1360, priority: 5 },
    { dst: cidr("192.168.7.9/16"), table: 100, scope: 253 },
    { dst: cidr("::/0"), gw: ip("fd00::1") },
  ],
  dns: { nameservers: ["10.1.2.1"], domain: "lan", search: ["lan", "corp"], options: ["ndots:1"] },
};

const written = (result: CniResult, version: CniVersion): Json =>
  JSON.parse(accepted(encodeResult(result, version))) as Json;

// Written by hand after the specification's section "Result types" of each version.
const dns = {
  nameservers: ["10.1.2.1"],
  domain: "lan",
  search: ["lan", "corp"],
  options: ["ndots:1"],
};
const modern = {
  interfaces: [
    { name: "eth0", mac: "02:00:00:00:00:01", mtu: 1500, sandbox: "/run/netns/c1" },
    { name: "vhost", socketPath: "/run/x.sock", pciID: "0000:00:1f.6" },
  ],
  ips: [
    { interface: 0, address: "10.1.2.3/24", gateway: "10.1.2.1" },
    { address: "10.1.3.3/24" },
    { interface: 0, address: "fd00::3/64", gateway: "fd00::1" },
  ],
  routes: [
    { dst: "0.0.0.0/0", gw: "10.1.2.1", mtu: 1400, advmss: 1360, priority: 5 },
    { dst: "192.168.7.9/16", table: 100, scope: 253 },
    { dst: "::/0", gw: "fd00::1" },
  ],
  dns,
};
const rich = {
  interfaces: [
    { name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/run/netns/c1" },
    { name: "vhost" },
  ],
  ips: [
    { version: "4", interface: 0, address: "10.1.2.3/24", gateway: "10.1.2.1" },
    { version: "4", address: "10.1.3.3/24" },
    { version: "6", interface: 0, address: "fd00::3/64", gateway: "fd00::1" },
  ],
  routes: modern.routes,
  dns,
};
const old = {
  ip4: {
    ip: "10.1.2.3/24",
    gateway: "10.1.2.1",
    routes: [{ dst: "0.0.0.0/0", gw: "10.1.2.1" }, { dst: "192.168.7.9/16" }],
  },
  ip6: { ip: "fd00::3/64", gateway: "fd00::1", routes: [{ dst: "::/0", gw: "fd00::1" }] },
  dns,
};

describe("a result in the words of each version", () => {
  test.each<[CniVersion, object]>([
    ["0.1.0", old],
    ["0.2.0", old],
    ["0.3.0", rich],
    ["0.3.1", rich],
    ["0.4.0", rich],
    ["1.0.0", modern],
    ["1.1.0", modern],
  ])("%s", (version, document) => {
    expect(written(full, version)).toEqual({ cniVersion: version, ...document } as Json);
  });

  test("the text is indented as the reference's is", () => {
    const result = { ...full, interfaces: [], routes: [], dns: noDns, ips: full.ips.slice(1, 2) };
    // What `static` of containernetworking-plugins 1.1.1 writes, byte by byte.
    expect(accepted(encodeResult(result, "0.3.1"))).toBe(`{
    "cniVersion": "0.3.1",
    "ips": [
        {
            "version": "4",
            "address": "10.1.3.3/24"
        }
    ],
    "dns": {}
}`);
    expect(accepted(encodeResult(result, "0.2.0"))).toBe(`{
    "cniVersion": "0.2.0",
    "ip4": {
        "ip": "10.1.3.3/24"
    },
    "dns": {}
}`);
  });

  const empty: CniResult = { interfaces: [], ips: [], routes: [], dns: noDns };

  test("what is empty is left out, and below 1.0.0 all but dns", () => {
    expect(written(empty, "0.4.0")).toEqual({ cniVersion: "0.4.0", dns: {} });
    expect(written(empty, "1.0.0")).toEqual({ cniVersion: "1.0.0" });
    expect(written(empty, "1.1.0")).toEqual({ cniVersion: "1.1.0" });
  });

  test.each<[CniVersion]>([["0.1.0"], ["0.2.0"]])("%s cannot say: no address", (version) => {
    const error = { code: 999, msg: "cannot convert: no valid IP addresses" };
    expect(refused(encodeResult(empty, version))).toEqual(error);
    const linkOnly = { ...empty, interfaces: full.interfaces, routes: full.routes };
    expect(refused(encodeResult(linkOnly, version))).toEqual(error);
  });

  test("below 0.3.0 a route of a version without address has no place", () => {
    const result = { ...full, ips: full.ips.slice(2) };
    expect(written(result, "0.2.0")).toEqual({
      cniVersion: "0.2.0",
      ip6: old.ip6,
      dns,
    });
  });
});

describe("results of other plugins", () => {
  test.each<[CniVersion, object]>([
    ["1.1.0", modern],
    ["1.0.0", modern],
  ])("%s has everything", (version, document) => {
    const json = { cniVersion: version, ...document } as Json;
    expect(accepted(decodeResult(json, "0.1.0", "prevResult"))).toEqual(full);
  });

  test("0.4.0 has links without MTU", () => {
    const json = { cniVersion: "0.4.0", ...rich } as Json;
    const interfaces = [
      { name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/run/netns/c1" },
      { name: "vhost" },
    ];
    expect(accepted(decodeResult(json, "1.1.0", "prevResult"))).toEqual({ ...full, interfaces });
  });

  test("0.2.0 has one address of each version, and no links", () => {
    const json = { cniVersion: "0.2.0", ...old } as Json;
    expect(accepted(decodeResult(json, "1.1.0", "prevResult"))).toEqual({
      interfaces: [],
      ips: [
        { address: cidr("10.1.2.3/24"), gateway: ip("10.1.2.1") },
        { address: cidr("fd00::3/64"), gateway: ip("fd00::1") },
      ],
      routes: [
        { dst: cidr("0.0.0.0/0"), gw: ip("10.1.2.1") },
        { dst: cidr("192.168.7.9/16") },
        { dst: cidr("::/0"), gw: ip("fd00::1") },
      ],
      dns: full.dns,
    });
  });

  test("without a version it is of the configuration's", () => {
    expect(accepted(decodeResult(old as Json, "0.1.0", "prevResult")).ips).toHaveLength(2);
    expect(accepted(decodeResult(old as Json, "0.3.0", "prevResult")).ips).toHaveLength(0);
    const unnamed = { cniVersion: "", ...modern } as Json;
    expect(accepted(decodeResult(unnamed, "1.0.0", "prevResult"))).toEqual(full);
  });

  test("an address that is mapped into IPv6 is an IPv4 address, as Go has it", () => {
    const ips = [{ address: "::ffff:10.0.0.5/120", gateway: "::ffff:10.0.0.1" }];
    expect(accepted(decodeResult({ ips }, "1.0.0", "")).ips).toEqual([
      { address: cidr("10.0.0.5/24"), gateway: ip("10.0.0.1") },
    ]);
  });

  test("zeros that Go does not write are no values", () => {
    const routes = [{ dst: "10.0.0.0/8", gw: "", mtu: 0, advmss: 0, priority: 0, table: 0 }];
    const interfaces = [{ name: "eth0", mac: "", mtu: 0, sandbox: "" }];
    expect(accepted(decodeResult({ interfaces, routes }, "1.1.0", ""))).toMatchObject({
      interfaces: [{ name: "eth0" }],
      routes: [{ dst: "10.0.0.0/8", table: 0 }],
    });
  });

  test.each<[Json, number, string]>([
    [5, 6, '"prevResult" must be an object, not a number'],
    [{ cniVersion: 5 }, 6, '"prevResult.cniVersion" must be text, not a number'],
    [{ cniVersion: "9" }, 1, 'unsupported CNI result version "9"'],
    [{ ips: {} }, 6, '"prevResult.ips" must be a list, not an object'],
    [{ ips: [{}] }, 7, '"prevResult.ips[0].address" is missing'],
    [{ ips: [{ address: "x" }] }, 7, '"prevResult.ips[0].address": invalid CIDR address: x'],
    [
      { ips: [{ address: "10.0.0.1/24", gateway: "x" }] },
      7,
      '"prevResult.ips[0].gateway": invalid IP address: x',
    ],
    [{ routes: [{}] }, 7, '"prevResult.routes[0].dst" is missing'],
    [
      { routes: [{ dst: "0.0.0.0/0", gw: "fd00::1" }] },
      7,
      '"prevResult.routes[0].gw": fd00::1 is not of the IP version of 0.0.0.0/0',
    ],
    [
      { routes: [{ dst: "0.0.0.0/0", scope: 256 }] },
      7,
      '"prevResult.routes[0].scope": 256 is not between 0 and 255',
    ],
    [{ dns: { search: "lan" } }, 6, '"prevResult.dns.search" must be a list, not text'],
    [{ cniVersion: "0.2.0", ip4: {} }, 7, '"prevResult.ip4.ip" is missing'],
  ])("%j is refused with code %d: %s", (json, code, msg) => {
    expect(refused(decodeResult(json, "1.0.0", "prevResult"))).toEqual({ code, msg });
  });
});

const anyIp = anyIpBytes.map(ipFromBytes).filter((address) => !address.startsWith("::ffff:"));
const anyCidr = fc
  .tuple(anyIp, fc.nat(32))
  .map(([address, length]) => interfaceAddress(address, length));
const anyName = fc.stringMatching(/^[a-z0-9]{1,9}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const some = (max: number) => optional(fc.integer({ min: 1, max }));

/** Without the members that are undefined: the types know none. */
function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

const anyRoute = fc
  .record({
    dst: anyCidr,
    mtu: some(65535),
    advmss: some(65535),
    priority: some(2 ** 32 - 1),
    table: optional(fc.nat(2 ** 31)),
    scope: optional(fc.nat(255)),
  })
  .chain((route) =>
    optional(anyIp).map((gw) => {
      const isFit = gw?.includes(":") === route.dst.includes(":");
      return compact({ ...route, gw: isFit ? gw : undefined }) as ResultRoute;
    }),
  );

const anyResult: fc.Arbitrary<CniResult> = fc.record({
  interfaces: fc.array(
    fc
      .record({
        name: anyName,
        mac: optional(anyName),
        mtu: some(65535),
        sandbox: optional(anyName),
        socketPath: optional(anyName),
        pciID: optional(anyName),
      })
      .map((link) => compact(link) as CniResult["interfaces"][number]),
  ),
  ips: fc.array(
    fc
      .record({ address: anyCidr, gateway: optional(anyIp), interface: optional(fc.nat(9)) })
      .map((address) => compact(address) as CniResult["ips"][number]),
  ),
  routes: fc.array(anyRoute),
  dns: fc
    .record({
      nameservers: fc.array(anyName),
      domain: optional(anyName),
      search: fc.array(anyName),
      options: fc.array(anyName),
    })
    .map((names) => compact(names) as CniResult["dns"]),
});

/** What is left of a result that went through the words of a version, said independently. */
function leftOf(result: CniResult, version: CniVersion): CniResult {
  if (version >= "1.0.0") return result;
  const interfaces = result.interfaces.map(({ name, mac, sandbox }) =>
    compact({ name, mac, sandbox }),
  ) as CniResult["interfaces"];
  if (version >= "0.3.0") return { ...result, interfaces };
  const is6 = (text: string): boolean => text.includes(":");
  const families = [false, true];
  const firsts = families.map((six) => result.ips.find(({ address }) => is6(address) === six));
  return {
    interfaces: [],
    ips: firsts
      .filter((first) => first !== undefined)
      .map(({ address, gateway }) => compact({ address, gateway }) as CniResult["ips"][number]),
    routes: families
      .filter((_, index) => firsts[index] !== undefined)
      .flatMap((six) => result.routes.filter(({ dst }) => is6(dst) === six))
      .map(({ dst, gw }) => compact({ dst, gw }) as ResultRoute),
    dns: result.dns,
  };
}

describe("any result", () => {
  test("comes back from every version with all that the version has words for", () => {
    fc.assert(
      fc.property(anyResult, fc.constantFrom(...cniVersions), (result, version) => {
        const text = encodeResult(result, version);
        const left = leftOf(result, version);
        expect(text.ok).toBe(version >= "0.3.0" || left.ips.length > 0);
        if (!text.ok) return;
        const again = decodeResult(JSON.parse(text.value) as Json, "1.1.0", "prevResult");
        expect(accepted(again)).toEqual(left);
      }),
    );
  });

  test("any JSON is a result or a refusal with a code of the specification", () => {
    const documents = fc.oneof(
      anyJson,
      mutated({ cniVersion: "1.1.0", ...modern } as Json, anyJson),
      mutated({ cniVersion: "0.4.0", ...rich } as Json, anyJson),
      mutated({ cniVersion: "0.2.0", ...old } as Json, anyJson),
    );
    fc.assert(
      fc.property(documents, (json) => {
        const result = decodeResult(json, "1.0.0", "prevResult");
        if (!result.ok) expect([1, 6, 7]).toContain(result.error.code);
        else expect(encodeResult(result.value, "1.1.0").ok).toBeTrue();
      }),
    );
  });
});
