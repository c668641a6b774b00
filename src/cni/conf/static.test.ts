import { describe, expect, test } from "bun:test";
import { parseArgs } from "../spec/args.ts";
import { encodeResult } from "../spec/encode-result.ts";
import { accepted, argsOf, configWith, refused } from "../spec/testing.ts";
import { cniVersions, isAtLeast } from "../spec/versions.ts";
import { parseStatic } from "./static.ts";

const parse = (config: object, args = "") => parseStatic(configWith(config), argsOf(args));
const addressesOf = (config: object, args = ""): unknown => accepted(parse(config, args)).addresses;

const dns = { nameservers: ["8.8.8.8"], domain: "example.com", search: ["example.com"] };
const routes = [
  { dst: "0.0.0.0/0" },
  { dst: "192.168.0.0/16", gw: "10.10.5.1" },
  { dst: "3ffe:ffff:0:01ff::1/64" },
];
const addresses = [
  { address: "10.10.0.1/24", gateway: "10.10.0.254" },
  { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
];
const ips = ["10.10.0.1/24", "3ffe:ffff:0:01ff::1/64"];

// The cases of the reference's static_test.go, in every version of the specification.
describe.each(cniVersions.map((version) => [version] as const))("%s", (cniVersion) => {
  test("addresses, routes and names of the configuration", () => {
    const config = accepted(parse({ cniVersion, ipam: { addresses, routes, dns } }));
    expect(config as object).toEqual({
      kind: "static",
      addresses: [
        { address: "10.10.0.1/24", gateway: "10.10.0.254" },
        { address: "3ffe:ffff:0:1ff::1/64", gateway: "3ffe:ffff::1" },
      ],
      routes: [
        { dst: "0.0.0.0/0" },
        { dst: "192.168.0.0/16", gw: "10.10.5.1" },
        { dst: "3ffe:ffff:0:1ff::1/64" },
      ],
      dns: { ...dns, options: [] },
    });
    const result = {
      interfaces: [],
      ips: config.addresses,
      routes: config.routes,
      dns: config.dns,
    };
    const text = accepted(encodeResult(result, cniVersion));
    const hasVersion = isAtLeast(cniVersion, "0.3.0") && !isAtLeast(cniVersion, "1.0.0");
    expect(text.includes('"version":')).toBe(hasVersion);
  });

  test("routes to one network by several routers are all kept", () => {
    const twice = [
      { dst: "0.0.0.0/0", gw: "10.10.0.3" },
      { dst: "0.0.0.0/0", gw: "10.10.0.4" },
    ];
    const config = accepted(parse({ cniVersion, ipam: { routes: twice } }));
    expect(config.routes as object).toEqual(twice);
  });

  test("an address of CNI_ARGS", () => {
    const args = "IP=10.10.0.1/24;GATEWAY=10.10.0.254";
    expect(addressesOf({ cniVersion, ipam: {} }, args)).toEqual([
      { address: "10.10.0.1/24", gateway: "10.10.0.254" },
    ]);
  });

  test("several of them", () => {
    const args = "IP=10.10.0.1/24, 11.11.0.1/24;GATEWAY=10.10.0.254";
    const config = parse({ cniVersion, ipam: {} }, args);
    if (!isAtLeast(cniVersion, "0.3.0")) {
      const msg = `CNI version ${cniVersion} does not support more than 1 address per family`;
      expect(refused(config)).toEqual({ code: 7, msg });
    } else {
      expect(accepted(config).addresses as unknown).toEqual([
        { address: "10.10.0.1/24", gateway: "10.10.0.254" },
        { address: "11.11.0.1/24" },
      ]);
    }
  });

  test("the runtime's before those of args, and these before all others", () => {
    const expected = [{ address: "10.10.0.1/24" }, { address: "3ffe:ffff:0:1ff::1/64" }];
    const others = { cni: { ips: ["10.10.0.2/24", "3ffe:ffff:0:01ff::2/64"] } };
    const args = "IP=10.10.0.3/24,11.11.0.3/24;GATEWAY=10.10.0.254";
    const ipam = { routes, dns };
    expect(addressesOf({ cniVersion, ipam, RuntimeConfig: { ips } })).toEqual(expected);
    expect(addressesOf({ cniVersion, ipam, args: { cni: { ips } } })).toEqual(expected);
    expect(addressesOf({ cniVersion, ipam, RuntimeConfig: { ips }, args: others }, args)).toEqual(
      expected,
    );
    expect(addressesOf({ cniVersion, ipam: { addresses }, args: others }, args)).toEqual([
      { address: "10.10.0.2/24" },
      { address: "3ffe:ffff:0:1ff::2/64" },
    ]);
  });

  test("addresses that others replace may be wrong", () => {
    const ipam = { addresses: [{ address: "x" }] };
    const args = { cni: { ips: ["10.10.0.2/24"] } };
    expect(addressesOf({ cniVersion, ipam, args })).toEqual([{ address: "10.10.0.2/24" }]);
  });

  test("no ipam at all", () => {
    const error = { code: 7, msg: "IPAM config missing 'ipam' key" };
    expect(refused(parse({ cniVersion }, "IP=10.10.0.1/24"))).toEqual(error);
    expect(refused(parse({ cniVersion, runtimeConfig: { ips } }))).toEqual(error);
  });
});

// The reference's words, seen with its program 1.1.1.
const inConfig = "the 'address' field is expected to be in CIDR notation, got:";
const inArgs = "the 'ip' field is expected to be in CIDR notation, got:";
const inIps = "an entry in the 'ips' field is NOT in CIDR notation, got: '10.0.0.1'";
test.each([
  [
    { ipam: { addresses: [{ address: "10.0.0.1" }] } },
    "",
    `"ipam.addresses[0]": ${inConfig} '10.0.0.1'`,
  ],
  [{ ipam: { addresses: [{}] } }, "", `"ipam.addresses[0]": ${inConfig} ''`],
  [{ ipam: {}, args: { cni: { ips: ["10.0.0.1"] } } }, "", `"args.cni.ips[0]": ${inIps}`],
  [{ ipam: {}, runtimeConfig: { ips: ["10.0.0.1"] } }, "", `"runtimeConfig.ips[0]": ${inIps}`],
  [{ ipam: {} }, "IP=10.0.0.1", `CNI_ARGS: ${inArgs} '10.0.0.1'`],
  [{ ipam: {} }, "IP=10.0.0.1/24,", `CNI_ARGS: ${inArgs} ''`],
  [{ ipam: {} }, "GATEWAY=x", "CNI_ARGS: invalid gateway address: x"],
  [
    { ipam: { addresses: [{ address: "10.0.0.1/24", gateway: "10.0.0.300" }] } },
    "",
    '"ipam.addresses[0].gateway": invalid IP address: 10.0.0.300',
  ],
  [
    { ipam: { addresses: [{ address: "10.0.0.1/24", gateway: "fd00::1" }] } },
    "",
    '"ipam.addresses[0]": gateway fd00::1 is not of the IP version of 10.0.0.1/24',
  ],
])("%j with CNI_ARGS %s is refused: %s", (config, args, msg) => {
  expect(refused(parse(config, args))).toEqual({ code: 7, msg });
});

test.each([
  [{ addresses: {} }, '"ipam.addresses" must be a list, not an object'],
  [{ addresses: [{ address: 5 }] }, '"ipam.addresses[0].address" must be text, not a number'],
  [{ dns: { nameservers: "x" } }, '"ipam.dns.nameservers" must be a list, not text'],
])("%j is of a wrong type: %s", (ipam, msg) => {
  expect(refused(parse({ ipam }))).toEqual({ code: 6, msg });
});

test("a router of CNI_ARGS is that of its own addresses, not of the configured ones", () => {
  const ipam = { addresses: [{ address: "10.1.0.5/24" }] };
  expect(addressesOf({ ipam }, "IP=10.1.0.6/24;GATEWAY=10.1.0.1")).toEqual([
    { address: "10.1.0.5/24" },
    { address: "10.1.0.6/24", gateway: "10.1.0.1" },
  ]);
  expect(parseArgs("GATEWAY=10.1.0.1").ok).toBeTrue();
});
