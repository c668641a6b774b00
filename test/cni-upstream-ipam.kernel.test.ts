/**
 * The cases of the reference plugins' own tests, against our programs by themselves, as plugins of
 * others start them: host_local_test.go, static_test.go and lock_test.go. What the files say is
 * read from the disk.
 *
 * | case of host_local_test.go                    | test here                                  |
 * |-----------------------------------------------|--------------------------------------------|
 * | addresses of two sets by ADD and DEL          | an address of each set, in files, and back |
 * | on a certain link                             | two networks and links of a container      |
 * | ADD again; ADD of another container           | the same link twice, and the next container|
 * | DEL of a file that has only the container     | DEL of a file that says no link            |
 * | DEL of a container that has nothing           | DEL of whoever has nothing                 |
 * | blanks around a container's ID                | a container's ID with blanks is none       |
 * | no error text at the first use of a subnet    | the first use of a folder is no error      |
 * | an address asked for                          | addresses asked for: row 1                 |
 * | of several ranges; of both IP versions        | addresses asked for: rows 2 and 3          |
 * | one that is asked for and not used            | one that no set is left for                |
 *
 * lock_test.go has a lock at a file and one in a folder. Ours is always the file `lock` of the
 * folder: the last test. static_test.go: see there.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  addressesIn,
  done,
  filesIn,
  isBefore,
  openUpstreamSite,
  type Said,
  type UpstreamSite,
  type Version,
  versions,
} from "./support/cni-upstream.ts";

let site: UpstreamSite;
beforeAll(() => {
  site = openUpstreamSite();
});
afterAll(() => site[Symbol.asyncDispose]());

/** Nobody looks at the namespace of an IPAM plugin. */
const dummy = { CNI_CONTAINERID: "dummy", CNI_NETNS: "/some/where", CNI_IFNAME: "eth0" };
const tooMany = (version: Version): string =>
  `CNI version ${version} does not support more than 1 address per family`;

interface Ip {
  readonly address: string;
  readonly gateway?: string;
}

interface Route {
  readonly dst: string;
  readonly gw?: string;
}

/** How a version writes what an IPAM plugin gives: one address of each IP version at most. */
function resultOf(cniVersion: Version, ips: readonly Ip[], routes: readonly Route[], dns?: object) {
  const versionOf = (text: string) => (text.includes(":") ? "6" : "4");
  const part = (version: "4" | "6") => {
    const ip = ips.find(({ address }) => versionOf(address) === version);
    const own = routes.filter(({ dst }) => versionOf(dst) === version);
    const { address, ...rest } = ip ?? { address: undefined };
    return { ip: address, ...rest, ...(own.length > 0 ? { routes: own } : {}) };
  };
  const ways = routes.length > 0 ? { routes } : {};
  if (isBefore(cniVersion, "0.3.0")) {
    const parts = [["ip4", part("4")] as const, ["ip6", part("6")] as const];
    const there = parts.filter(([, { ip }]) => ip !== undefined);
    return { cniVersion, ...Object.fromEntries(there), dns: dns ?? {} };
  }
  if (isBefore(cniVersion, "1.0.0")) {
    const told = ips.map((ip) => ({ version: versionOf(ip.address), ...ip }));
    return { cniVersion, ips: told, ...ways, dns: dns ?? {} };
  }
  return { cniVersion, ips, ...ways, ...(dns === undefined ? {} : { dns }) };
}

const said = (value: object): Said => value as Said;

describe.each(versions)("host-local, %s", (cniVersion) => {
  const isOld = isBefore(cniVersion, "0.3.0");

  /** A configuration with files of its own, and calls of it. */
  function network(ipam: object, more: object = {}) {
    const dataDir = site.dataDir();
    const config = {
      ...{ cniVersion, name: "mynet", type: "ipvlan", master: "foo0", ...more },
      ipam: { type: "host-local", dataDir, ...ipam },
    };
    const call = (command: string, env: object = {}) =>
      site.start("host-local", command, config, { ...dummy, ...env });
    const files = () => filesIn(join(dataDir, "mynet"));
    return { dataDir, config, call, files };
  }
  const single = { subnet: "10.1.2.0/24" };

  test("an address of each set, in files, and back", async () => {
    const routes = [
      { dst: "0.0.0.0/0" },
      { dst: "::/0" },
      { dst: "192.168.0.0/16", gw: "1.1.1.1" },
      { dst: "2001:db8:2::/64", gw: "2001:db8:3::1" },
    ];
    const ranges = [
      [{ subnet: "10.1.2.0/24" }, { subnet: "10.2.2.0/24" }],
      [{ subnet: "2001:db8:1::0/64" }],
    ];
    const { config, call, files } = network({ ranges, routes });
    const ips = [
      { address: "10.1.2.2/24", gateway: "10.1.2.1" },
      { address: "2001:db8:1::2/64", gateway: "2001:db8:1::1" },
    ];
    const added = await call("ADD");
    expect(added.said).toEqual(said(resultOf(cniVersion, ips, routes)));
    const last = { "last_reserved_ip.0": "10.1.2.2", "last_reserved_ip.1": "2001:db8:1::2" };
    const own = { "10.1.2.2": "dummy\r\neth0", "2001:db8:1::2": "dummy\r\neth0" };
    expect(files()).toEqual({ ...own, ...last });
    const later = { ...config, prevResult: added.said };
    const check = await site.start("host-local", "CHECK", later, dummy);
    if (isBefore(cniVersion, "0.4.0")) expect(check.said).toMatchObject({ code: 1 });
    else expect(check).toEqual(done);
    expect(await site.start("host-local", "DEL", later, dummy)).toEqual(done);
    expect(files()).toEqual(last);
  });

  test("two networks and links of a container have their own addresses", async () => {
    const one = network(single);
    const other = network({ subnet: "10.2.2.0/24" });
    const second = { CNI_IFNAME: "eth1" };
    expect(addressesIn((await one.call("ADD")).said)).toEqual(["10.1.2.2/24"]);
    expect(addressesIn((await other.call("ADD", second)).said)).toEqual(["10.2.2.2/24"]);
    expect(one.files()).toMatchObject({ "10.1.2.2": "dummy\r\neth0" });
    expect(other.files()).toMatchObject({ "10.2.2.2": "dummy\r\neth1" });
    expect(await one.call("DEL")).toEqual(done);
    expect(one.files()).toEqual({ "last_reserved_ip.0": "10.1.2.2" });
    // Not the container's file, but this link's.
    expect(await other.call("DEL")).toEqual(done);
    expect(other.files()).toMatchObject({ "10.2.2.2": "dummy\r\neth1" });
    expect(await other.call("DEL", second)).toEqual(done);
    expect(other.files()).toEqual({ "last_reserved_ip.0": "10.2.2.2" });
  });

  test("the same link twice, and the next container", async () => {
    const { call, files } = network(single);
    expect((await call("ADD")).exitCode).toBe(0);
    const msg = "10.1.2.2 has been allocated to dummy, duplicate allocation is not allowed";
    expect(await call("ADD")).toMatchObject({ exitCode: 1, said: { msg } });
    const other = await call("ADD", { CNI_CONTAINERID: "dummy1" });
    expect(addressesIn(other.said)).toEqual(["10.1.2.3/24"]);
    expect(files()).toEqual({
      "10.1.2.2": "dummy\r\neth0",
      "10.1.2.3": "dummy1\r\neth0",
      "last_reserved_ip.0": "10.1.2.3",
    });
  });

  test("DEL of a file that says no link", async () => {
    const { dataDir, call, files } = network(single);
    mkdirSync(join(dataDir, "mynet"));
    writeFileSync(join(dataDir, "mynet", "10.1.2.7"), "dummy");
    writeFileSync(join(dataDir, "mynet", "10.1.2.8"), "other");
    expect(await call("DEL")).toEqual(done);
    expect(files()).toEqual({ "10.1.2.8": "other" });
  });

  test("DEL of whoever has nothing", async () => {
    const { call, files } = network(single);
    expect(await call("DEL")).toEqual(done);
    expect(files()).toEqual({});
  });

  // Theirs cuts the blanks off, in a function that a call with such an ID does not reach.
  test("a container's ID with blanks around it is none", async () => {
    const { call, files } = network(single);
    const msg = "invalid characters in containerID";
    for (const command of ["ADD", "DEL"]) {
      const answer = await call(command, { CNI_CONTAINERID: "   dummy\n " });
      expect(answer).toMatchObject({ exitCode: 1, said: { code: 4, msg } });
    }
    expect(files()).toEqual({});
  });

  test("the first use of a folder is no error", async () => {
    const { call, files } = network(single);
    const { exitCode, stderr } = await call("ADD");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(files()).toMatchObject({ "10.1.2.2": "dummy\r\neth0" });
  });

  const twoNets = [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.1.3.0/24" }]];
  const bothVersions = [[{ subnet: "172.16.1.0/24" }], [{ subnet: "2001:db8:1::/48" }]];
  const asked = (ips: readonly string[]) => ({ args: { cni: { ips } } });
  test.each<[string, object, object, object, string[]]>([
    ["by CNI_ARGS", single, {}, { CNI_ARGS: "IP=10.1.2.88" }, ["10.1.2.88/24"]],
    [
      "of two sets",
      { ranges: twoNets },
      asked(["10.1.2.88", "10.1.3.77"]),
      {},
      ["10.1.2.88/24", "10.1.3.77/24"],
    ],
    [
      "of both IP versions",
      { ranges: bothVersions },
      asked(["172.16.1.88", "2001:db8:1::999"]),
      {},
      ["172.16.1.88/24", "2001:db8:1::999/48"],
    ],
  ])("addresses asked for: %s", async (name, ipam, more, env, expected) => {
    const { call, files } = network(ipam, more);
    const answer = await call("ADD", env);
    if (isOld && name === "of two sets") {
      expect(answer.said).toMatchObject({ code: 7, msg: tooMany(cniVersion) });
      expect(files()).toEqual({});
      return;
    }
    expect(addressesIn(answer.said)).toEqual(expected);
    const names = expected.map((address) => address.replace(/\/.*/, ""));
    expect(files()).toMatchObject(
      Object.fromEntries(names.map((address) => [address, "dummy\r\neth0"])),
    );
  });

  test("one that no set is left for is told, and nothing is given", async () => {
    const { call, files } = network({ ranges: twoNets }, asked(["10.1.2.88", "10.1.2.77"]));
    const answer = await call("ADD");
    const msg = "failed to allocate all requested IPs: 10.1.2.77";
    const expected = { code: 7, msg: isOld ? tooMany(cniVersion) : msg };
    expect(answer).toMatchObject({ exitCode: 1, said: expected });
    expect(files()).toEqual({});
  });
});

/**
 * | case of static_test.go                        | test here                                  |
 * |-----------------------------------------------|--------------------------------------------|
 * | ADD and DEL                                   | what the configuration says, CHECK and DEL |
 * | several routers of one network                | routes to one network by two routers       |
 * | DEL of a container that has nothing           | DEL of whoever has nothing                 |
 * | CNI_ARGS; several addresses in them           | addresses by each way: rows 1 and 2        |
 * | runtimeConfig; args; which of the three wins  | addresses by each way: rows 3 to 5         |
 * | no key ipam, with args, with runtimeConfig    | no key ipam                                |
 * | no CIDR: ipam, args, CNI_ARGS, runtimeConfig  | an address without a length                |
 */
describe.each(versions)("static, %s", (cniVersion) => {
  const start = (command: string, config: object, env: object = {}) =>
    site.start("static", command, configOf(config), { ...dummy, ...env });
  const configOf = (config: object) => ({
    ...{ cniVersion, name: "mynet", type: "ipvlan", master: "foo0" },
    ...config,
  });
  const routes = [
    { dst: "0.0.0.0/0" },
    { dst: "192.168.0.0/16", gw: "10.10.5.1" },
    { dst: "3ffe:ffff:0:01ff::1/64" },
  ];
  const told = [routes[0], routes[1], { dst: "3ffe:ffff:0:1ff::1/64" }].flatMap((r) => r ?? []);
  const dns = { nameservers: ["8.8.8.8"], domain: "example.com", search: ["example.com"] };
  const ips = ["10.10.0.1/24", "3ffe:ffff:0:01ff::1/64"];
  const plain = [{ address: "10.10.0.1/24" }, { address: "3ffe:ffff:0:1ff::1/64" }];

  test("what the configuration says, CHECK and DEL", async () => {
    const addresses = [
      { address: "10.10.0.1/24", gateway: "10.10.0.254" },
      { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
    ];
    const config = { ipam: { type: "static", addresses, routes, dns } };
    const added = await start("ADD", config);
    const given = [
      { address: "10.10.0.1/24", gateway: "10.10.0.254" },
      { address: "3ffe:ffff:0:1ff::1/64", gateway: "3ffe:ffff::1" },
    ];
    expect(added.said).toEqual(said(resultOf(cniVersion, given, told, dns)));
    const later = { ...config, prevResult: added.said };
    const check = await start("CHECK", later);
    if (isBefore(cniVersion, "0.4.0")) expect(check.said).toMatchObject({ code: 1 });
    else expect(check).toEqual(done);
    expect(await start("DEL", later)).toEqual(done);
  });

  test("routes to one network by two routers", async () => {
    const both = ["10.10.0.3", "10.10.0.4"].map((gw) => ({ dst: "0.0.0.0/0", gw }));
    const addresses = [{ address: "10.10.0.1/24", gateway: "10.10.0.254" }];
    const added = await start("ADD", { ipam: { type: "static", addresses, routes: both } });
    expect(added.said).toEqual(said(resultOf(cniVersion, addresses, both)));
  });

  test("DEL of whoever has nothing", async () => {
    expect(await start("DEL", { ipam: { type: "static" } })).toEqual(done);
  });

  const two = { CNI_ARGS: "IP=10.10.0.1/24,11.11.0.1/24;GATEWAY=10.10.0.254" };
  const args = (list: readonly string[]) => ({ args: { cni: { ips: list } } });
  const lesser = args(["10.10.0.2/24", "3ffe:ffff:0:01ff::2/64"]);
  const least = { CNI_ARGS: "IP=10.10.0.3/24,11.11.0.3/24;GATEWAY=10.10.0.254" };
  const routed = [{ address: "10.10.0.1/24", gateway: "10.10.0.254" }];
  test.each<[string, object, object, Ip[]]>([
    ["CNI_ARGS", {}, { CNI_ARGS: "IP=10.10.0.1/24;GATEWAY=10.10.0.254" }, routed],
    ["CNI_ARGS, two", {}, two, [...routed, { address: "11.11.0.1/24" }]],
    ["runtimeConfig", { RuntimeConfig: { ips } }, {}, plain],
    ["args", args(ips), {}, plain],
    ["all three", { RuntimeConfig: { ips }, ...lesser }, least, plain],
  ])("addresses by %s", async (name, config, env, expected) => {
    const added = await start("ADD", { ipam: { type: "static", routes, dns }, ...config }, env);
    if (name === "CNI_ARGS, two" && isBefore(cniVersion, "0.3.0")) {
      expect(added.said).toMatchObject({ code: 7, msg: tooMany(cniVersion) });
      return;
    }
    expect(added.said).toEqual(said(resultOf(cniVersion, expected, told, dns)));
  });

  const noIpam = "IPAM config missing 'ipam' key";
  test.each([
    ["args", args(ips)],
    ["runtimeConfig", { RuntimeConfig: { ips } }],
  ])("no key ipam, with %s", async (_, config) => {
    const answer = await start("ADD", config);
    expect(answer).toMatchObject({ exitCode: 1, said: { code: 7, msg: noIpam } });
  });

  // Theirs say which of the three by the words alone; ours say where.
  const bad = "10.10.0.1";
  const entry = `an entry in the 'ips' field is NOT in CIDR notation, got: '${bad}'`;
  const field = "field is expected to be in CIDR notation, got:";
  test.each<[string, object, object, string]>([
    [
      "ipam",
      { ipam: { type: "static", addresses: [{ address: bad }] } },
      {},
      `"ipam.addresses[0]": the 'address' ${field} '${bad}'`,
    ],
    ["args", args([bad]), {}, `"args.cni.ips[0]": ${entry}`],
    ["CNI_ARGS", {}, { CNI_ARGS: `IP=${bad}` }, `CNI_ARGS: the 'ip' ${field} '${bad}'`],
    ["runtimeConfig", { RuntimeConfig: { ips: [bad] } }, {}, `"runtimeConfig.ips[0]": ${entry}`],
  ])("an address without a length: %s", async (_, config, env, msg) => {
    const answer = await start("ADD", { ipam: { type: "static" }, ...config }, env);
    expect(answer).toMatchObject({ exitCode: 1, said: { code: 7, msg } });
  });
});

test("while flock(1) holds the folder's lock ADD waits, and DEL leaves the lock free", async () => {
  const dataDir = site.dataDir();
  const folder = join(dataDir, "mynet");
  const ipam = { type: "host-local", dataDir, subnet: "10.1.2.0/24" };
  const config = { cniVersion: "1.0.0", name: "mynet", ipam };
  mkdirSync(folder);
  const lock = join(folder, "lock");
  const holder = Bun.spawn(["flock", lock, "sh", "-c", "echo held; read -r go"], {
    stdin: "pipe",
    stdout: "pipe",
  });
  await holder.stdout.getReader().read();
  const adding = site.start("host-local", "ADD", config, dummy);
  const early = await Promise.race([adding, Bun.sleep(150)]);
  expect([early, filesIn(folder)]).toEqual([undefined, {}]);
  holder.stdin.write("go\n");
  await holder.stdin.end();
  expect(addressesIn((await adding).said)).toEqual(["10.1.2.2/24"]);
  expect(Bun.spawnSync(["flock", "--nonblock", lock, "true"]).exitCode).toBe(0);
  expect(await site.start("host-local", "DEL", config, dummy)).toEqual(done);
  expect(Bun.spawnSync(["flock", "--nonblock", lock, "true"]).exitCode).toBe(0);
});
