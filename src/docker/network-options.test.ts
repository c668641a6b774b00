import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { formatRange } from "../addr/index.ts";
import { accepted, refused } from "../domain/testing.ts";
import { laterNetworkOptions, networkOptionNames, parseNetworkOptions } from "./network-options.ts";

const names = Object.values(networkOptionNames).flat();

test("nothing said is macvlan in its first mode", () => {
  const none = { ranges: [], exclusions: [], reservations: [], routes: [] };
  for (const nothing of [{}, undefined, null]) {
    expect(accepted(parseNetworkOptions(nothing))).toEqual({
      driver: { kind: "macvlan", mode: "bridge" },
      ...none,
    });
  }
});

test("ipvlan and VLANs have Docker's names and ours", () => {
  const driver = (given: object) => accepted(parseNetworkOptions(given)).driver as object;
  const vepa = { kind: "ipvlan", mode: "l3s", flag: "vepa" };
  expect(driver({ ipvlan_mode: "l3s", ipvlan_flag: "vepa" })).toEqual(vepa);
  expect(driver({ mode: "l3s", flag: "vepa" })).toEqual(vepa);
  expect(driver({ driver: "ipvlan" })).toEqual({ kind: "ipvlan", mode: "l2" });
  const { vlan } = accepted(parseNetworkOptions({ parent: "eth0", vlan: "802.1ad:10, 20" }));
  expect(vlan as object | undefined).toEqual([
    { protocol: "802.1ad", id: 10 },
    { protocol: "802.1Q", id: 20 },
  ]);
});

test("every option is read", () => {
  const options = accepted(
    parseNetworkOptions({
      name: "lan",
      parent: "eth0",
      mode: "source",
      flag: "nodst",
      source: "02:00:00:00:00:01, 02:00:00:00:00:02",
      bcqueuelen: "2000",
      mtu: "1400",
      range: "10.0.0.4-10.0.0.30, 10.0.0.64/30",
      exclude: "10.0.0.5,10.0.0.8-10.0.0.9,fd00::/120",
      reserve: "web=10.0.0.20,db=fd00::20",
      route: "10.1.0.0/16 via 10.0.0.2, 10.2.0.0/16,via 10.0.0.3,10.3.0.0/16",
    }),
  );
  const ranges = options.ranges.map(formatRange);
  expect({ ...options, ranges, exclusions: options.exclusions.map(formatRange) } as object).toEqual(
    {
      name: "lan",
      parent: "eth0",
      driver: {
        kind: "macvlan",
        mode: "source",
        flag: "nodst",
        bcQueueLen: 2000,
        allowedMacs: ["02:00:00:00:00:01", "02:00:00:00:00:02"],
      },
      mtu: 1400,
      ranges: ["10.0.0.4-10.0.0.30", "10.0.0.64-10.0.0.67"],
      exclusions: ["10.0.0.5", "10.0.0.8-10.0.0.9", "fd00::-fd00::ff"],
      reservations: [
        { workload: "web", address: "10.0.0.20" },
        { workload: "db", address: "fd00::20" },
      ],
      routes: [
        { to: "10.1.0.0/16", via: "10.0.0.2" },
        { to: "10.2.0.0/16", via: "10.0.0.3" },
        { to: "10.3.0.0/16" },
      ],
    },
  );
});

test("Docker's names mean what ours do, and both may be said if they agree", () => {
  const dockers = { macvlan_mode: "vepa", "com.docker.network.driver.mtu": "1400" };
  const ours = { mode: "vepa", mtu: "1400" };
  const read = accepted(parseNetworkOptions(ours));
  expect(accepted(parseNetworkOptions(dockers))).toEqual(read);
  expect(accepted(parseNetworkOptions({ ...ours, ...dockers }))).toEqual(read);
});

test("what Docker does itself is left to it", () => {
  const options = { "com.docker.network.advertise_addr_nmsgs": "2", parent: "eth0" };
  expect(accepted(parseNetworkOptions(options)).parent as string).toBe("eth0");
});

const refusals: readonly (readonly [object, string, RegExp])[] = [
  [{ parnet: "eth0" }, "LF-DOCKER-OPTION", /"parnet".*Did you mean parent/],
  [{ macvlan_mod: "vepa" }, "LF-DOCKER-OPTION", /Did you mean macvlan_mode/],
  [{ colour: "red" }, "LF-DOCKER-OPTION", /there are: name, parent.*one of these/],
  [{ "com.docker.network.bridge.name": "b" }, "LF-DOCKER-OPTION", /bridge.name/],
  [{ constructor: "x" }, "LF-DOCKER-OPTION", /constructor/],
  [{ host_access: "shim" }, "LF-DOCKER-OPTION-LATER", /not in this version/],
  [{ vlan: "20" }, "LF-DOCKER-OPTION-VALUE", /a VLAN is one of a parent/],
  [{ parent: "eth0", vlan: "4095" }, "LF-VLAN-INVALID", /from 1 to 4094/],
  [{ driver: "macvlan", mode: "l2" }, "LF-MODE-UNKNOWN", /l2/],
  [{ mode: "vepa", macvlan_mode: "private" }, "LF-DOCKER-OPTION-VALUE", /mean the same.*"vepa"/],
  [{ mtu: "1400", "com.docker.network.driver.mtu": "1300" }, "LF-DOCKER-OPTION-VALUE", /1400/],
  [{ parent: 7 }, "LF-DOCKER-OPTION-VALUE", /no text/],
  [{ parent: "" }, "LF-NAME-INVALID", /link name/],
  [{ name: "-lan" }, "LF-NAME-INVALID", /network name/],
  [{ flag: "nodst" }, "LF-FLAG-UNKNOWN", /nodst/],
  [{ mode: "source", source: "0g" }, "LF-MAC-INVALID", /0g/],
  [{ bcqueuelen: "many" }, "LF-DOCKER-OPTION-VALUE", /whole number/],
  [{ mtu: "12" }, "LF-MTU-INVALID", /12/],
  [{ exclude: "10.0.0.5,,10.0.0.6" }, "LF-RANGE-INVALID", /./],
  [{ reserve: "10.0.0.20" }, "LF-DOCKER-OPTION-VALUE", /WORKLOAD=ADDRESS/],
  [{ reserve: "web=db=10.0.0.20" }, "LF-DOCKER-OPTION-VALUE", /WORKLOAD=ADDRESS/],
  [{ route: "10.1.0.0/16 over 10.0.0.2" }, "LF-DOCKER-OPTION-VALUE", /via ADDRESS/],
];

test.each(refusals)("%p is refused with %s", (options, code, words) => {
  const problem = refused(parseNetworkOptions(options));
  expect(problem.code as string).toBe(code);
  expect(`${problem.detail} ${problem.remedy}`).toMatch(words);
});

test("no option and no value makes it throw", () => {
  const option = fc.oneof(fc.constantFrom(...names), fc.string());
  const value = fc.oneof(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.dictionary(option, value), (options) => {
      expect(typeof parseNetworkOptions(options).ok).toBe("boolean");
    }),
  );
});

describe("docs/docker.md", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/docker.md"), "utf8");
  test.each([...names, ...laterNetworkOptions, "workload"])("tells of %s", (option) => {
    expect(text).toContain(`\`${option}\``);
  });
});
